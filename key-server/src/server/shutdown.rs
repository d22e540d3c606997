// SPDX-License-Identifier: MPL-2.0
//! When the server is told to stop: SIGTERM, as service managers send it, or SIGINT from a terminal.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use super::error::Error;

/// Ends with the first of the signals. They count from now on.
pub fn requested() -> Result<impl Future<Output = ()>, Error> {
    let mut terminated = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => (),
            _ = interrupted.recv() => (),
        }
    })
}
