// SPDX-License-Identifier: MPL-2.0
//! The background workers: one rotates keys, one hands keys to licence servers, one checks the server itself.
//!
//! Each worker is a thread, since the store blocks. When it stops, it finishes its current step first.

mod delivery;
mod retention;
mod rotation;
mod watch;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use super::app::App;

/// The time after which a worker starts again that has panicked.
const RESTART: Duration = Duration::from_secs(1);

/// The interval of looks whether a worker has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The function of a worker, which runs until the receiver gets a message.
type WorkerFn = fn(&App, &Receiver<()>);

/// The background workers.
pub struct Workers(Vec<Worker>);

/// The thread of a worker, and the sender that stops it.
struct Worker {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Workers {
    /// Starts the workers.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(app: &App) -> io::Result<Self> {
        let workers: [(&str, WorkerFn); 4] = [
            ("rotation", rotation::run),
            ("hand-off", delivery::run),
            ("watch", watch::run),
            ("retention", retention::run),
        ];
        workers
            .into_iter()
            .map(|(name, run)| {
                let (stop, stopped) = mpsc::channel();
                let app = app.clone();
                Ok(Worker {
                    stop,
                    thread: Builder::new()
                        .name(name.to_owned())
                        .spawn(move || supervise(&stopped, || run(&app, &stopped)))?,
                })
            })
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Makes the workers stop after their current step.
    pub fn stop(&self) {
        for worker in &self.0 {
            // A worker that has ended needs no message.
            let _ = worker.stop.send(());
        }
    }

    /// Waits for the workers until `deadline`, after [`Self::stop`]. One that waits longer for the store ends with the process.
    pub fn join(self, deadline: Instant) {
        for Worker { thread, .. } in self.0 {
            while !thread.is_finished() && Instant::now() < deadline {
                sleep(LOOK);
            }
            if !thread.is_finished() {
                tracing::warn!("a worker still waits for the key store, and is cut off");
            } else if thread.join().is_err() {
                tracing::error!("a worker has failed; the lines before say where");
            }
        }
    }
}

/// Runs a worker, and starts it again after a panic: without it, keys would be neither rotated nor delivered.
fn supervise(stop: &Receiver<()>, run: impl Fn()) {
    while catch_unwind(AssertUnwindSafe(&run)).is_err() {
        tracing::error!("a worker has panicked and starts again; standard error has the place");
        if !wait(stop, RESTART) {
            return;
        }
    }
}

/// Sleeps; returns false when it is time to stop.
fn wait(stop: &Receiver<()>, time: Duration) -> bool {
    matches!(stop.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn worker_that_panics_starts_again() {
        let (_stop, stopped) = mpsc::channel();
        let runs = AtomicUsize::new(0);
        supervise(&stopped, || {
            assert!(
                runs.fetch_add(1, Ordering::Relaxed) > 0,
                "the first run fails"
            );
        });
        assert_eq!(runs.into_inner(), 2);
    }
}
