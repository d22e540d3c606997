// SPDX-License-Identifier: MPL-2.0
//! The end of requests whose answers are no longer needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use host_access::Clock;
use ureq::Agent;

use super::Error;

/// The longest time between two looks whether a delay is cancelled.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Ends the requests of a [`super::Transport`] from another thread.
#[derive(Clone)]
pub struct Canceller {
    agent: Agent,
    is_cancelled: Arc<AtomicBool>,
}

impl Canceller {
    pub(super) fn of(agent: Agent) -> Self {
        Self {
            agent,
            is_cancelled: Arc::default(),
        }
    }

    /// Closes the connections and ends delays between attempts, so that a request that runs fails with [`Error::Cancelled`], and so
    /// does every later one. Only the look-up of a name and the opening of a connection go on, within the time limit of an attempt.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        self.agent.clone().shutdown();
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match self.is_cancelled.load(Ordering::Relaxed) {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }

    /// Waits between two attempts.
    pub(super) fn sleep(&self, delay: Duration, clock: &dyn Clock) -> Result<(), Error> {
        let mut rest = delay;
        while !rest.is_zero() {
            let part = rest.min(CHECK_INTERVAL);
            clock.sleep(part);
            self.check()?;
            rest -= part;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use host_access::Host;

    use crate::{Request, RetrySchedule, Server, Transport};

    use super::*;

    fn post(port: u16, cancel: impl FnOnce(Canceller) + Send + 'static) -> Error {
        let server = Server::at(&format!("http://127.0.0.1:{port}/")).unwrap();
        let transport = Transport::new(&server, &Host::system()).unwrap();
        let canceller = transport.canceller();
        let cancelling = std::thread::spawn(move || cancel(canceller));
        let request = Request {
            headers: Vec::new(),
            body: b"",
        };
        let posted = transport.post(&server, &request, RetrySchedule::of(100));
        cancelling.join().unwrap();
        let Err(error) = posted else {
            panic!("a server that gives no answer");
        };
        error
    }

    #[test]
    fn request_to_a_silent_server_ends() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let start = Instant::now();
        let error = post(silent.local_addr().unwrap().port(), move |canceller| {
            let connection = silent.accept().unwrap();
            canceller.cancel();
            drop(connection);
        });
        assert!(matches!(error, Error::Cancelled), "{error}");
        // The time limit of one attempt is ten seconds.
        assert!(start.elapsed() < Duration::from_secs(9));
    }

    #[test]
    fn delays_between_attempts_end() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let error = post(port, |canceller| {
            std::thread::sleep(Duration::from_millis(200));
            canceller.cancel();
        });
        assert!(matches!(error, Error::Cancelled), "{error}");
    }
}
