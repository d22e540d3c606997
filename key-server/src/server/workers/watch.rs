// SPDX-License-Identifier: MPL-2.0
//! Checks whether the server can do its work, and records it for `/readyz`, the metrics and the page.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::wait;
use crate::server::app::App;

/// The interval of the checks.
const POLL: Duration = Duration::from_secs(1);

/// Checks until `stop` receives.
pub fn run(app: &App, stop: &Receiver<()>) {
    loop {
        app.check();
        if !wait(stop, POLL) {
            return;
        }
    }
}
