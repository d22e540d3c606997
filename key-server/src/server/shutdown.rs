// SPDX-License-Identifier: MPL-2.0
//! The signals that stop the server: SIGTERM, as service managers send it, or SIGINT from a terminal.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use super::error::Error;

/// Returns a future that ends with the first signal from now on.
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
