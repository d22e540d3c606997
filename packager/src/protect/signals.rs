// SPDX-License-Identifier: MPL-2.0
//! Signals that stop the command, after which it removes its temporary file.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// True once a signal to stop has been received.
#[derive(Debug, Clone, Default)]
pub struct StopSignals(Arc<AtomicBool>);

/// A signal to stop was received.
#[derive(Debug, thiserror::Error)]
#[error("stopped by a signal")]
pub struct Stopped;

impl StopSignals {
    /// Registers for SIGHUP, SIGINT and SIGTERM; the second signal ends the program at once.
    ///
    /// # Errors
    /// The system's error if a handler cannot be installed.
    pub fn register() -> io::Result<Self> {
        let received = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&received))?;
            flag::register(signal, Arc::clone(&received))?;
        }
        Ok(Self(received))
    }

    /// Returns an error once a signal has been received.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn check(&self) -> Result<(), Stopped> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(Stopped),
            false => Ok(()),
        }
    }
}
