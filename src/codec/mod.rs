// SPDX-License-Identifier: MPL-2.0
//! To come.
