// SPDX-License-Identifier: MPL-2.0
//! Signals that end the work, so that no temporary file is left behind.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a signal came.
#[derive(Debug, Clone, Default)]
pub struct Signals(Arc<AtomicBool>);

/// A signal came.
#[derive(Debug, thiserror::Error)]
#[error("stopped by a signal")]
pub struct Stopped;

impl Signals {
    /// Takes the signals that ask a program to end; the second one ends it at once.
    ///
    /// # Errors
    /// Whatever keeps them from being taken.
    pub fn take() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&came))?;
            flag::register(signal, Arc::clone(&came))?;
        }
        Ok(Self(came))
    }

    /// Goes on unless one came.
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
