// SPDX-License-Identifier: MPL-2.0
//! What the server does without being asked: it makes the keys of coming crypto periods, and hands keys to licence servers.
//!
//! Each worker is a thread, since the store blocks. Told to stop, it finishes what it has begun.

mod delivery;
mod rotation;

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::app::App;

/// Works until it is told to stop.
type Work = fn(&App, &Receiver<()>);

/// The threads at work.
pub struct Workers(Vec<(Sender<()>, JoinHandle<()>)>);

impl Workers {
    /// Begins all work.
    ///
    /// # Errors
    /// When the operating system has no more threads.
    pub fn start(app: &App) -> io::Result<Self> {
        let works: [(&str, Work); 2] = [("rotation", rotation::run), ("hand-off", delivery::run)];
        let start = |(name, work): (&str, Work)| {
            let (stop, stopped) = mpsc::channel();
            let app = app.clone();
            let thread = Builder::new().name(name.to_owned());
            let thread = thread.spawn(move || work(&app, &stopped))?;
            Ok((stop, thread))
        };
        works
            .into_iter()
            .map(start)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Waits until all of it has ended.
    pub fn stop(self) {
        for (stop, _) in &self.0 {
            // Who is gone already needs no telling.
            let _ = stop.send(());
        }
        for (_, thread) in self.0 {
            if thread.join().is_err() {
                tracing::error!("a worker had failed; the lines before say where");
            }
        }
    }
}

/// Sleeps; false: it is time to stop.
fn wait(stop: &Receiver<()>, time: Duration) -> bool {
    matches!(stop.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
