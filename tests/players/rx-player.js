// SPDX-License-Identifier: MPL-2.0
// The entry of the bundle of rx-player, whose package has only modules for bundlers.

import RxPlayer from "rx-player";

window.RxPlayer = RxPlayer;
