// SPDX-License-Identifier: MPL-2.0
//! The deadline of a connection, which its requests renew.
//!
//! A timeout of reads or writes would not suffice: a client may send a byte or a ping now and then without end. So only the
//! work of the server renews the deadline: the head of a request, and the end of its response.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::server::settings::ConnectionLimits;

/// The requests of a connection and its deadline; clones share them.
#[derive(Clone)]
pub struct Activity {
    state: Arc<Mutex<ActivityState>>,
    idle: Duration,
}

struct ActivityState {
    /// The number of requests that are being answered; the middleware limits their time.
    running: usize,
    /// The time at which the connection ends if no request is being answered.
    deadline: Instant,
}

/// A request that is being answered, until it is dropped.
pub struct RunningRequest(Activity);

impl Activity {
    /// Starts with the deadline of the first request's head.
    pub fn begin(limits: &ConnectionLimits) -> Self {
        Self {
            state: Arc::new(Mutex::new(ActivityState {
                running: 0,
                deadline: Instant::now() + limits.head,
            })),
            idle: limits.idle,
        }
    }

    /// Notes that a request has arrived.
    pub fn enter(&self) -> RunningRequest {
        self.lock().running += 1;
        RunningRequest(self.clone())
    }

    /// Waits until the deadline has passed while no request is being answered.
    pub async fn overdue(&self) {
        while let Some(wait) = self.wait() {
            match wait {
                Wait::Until(deadline) => sleep_until(deadline).await,
                Wait::Running => sleep(self.idle).await,
            }
        }
    }

    fn wait(&self) -> Option<Wait> {
        let state = self.lock();
        if state.running > 0 {
            return Some(Wait::Running);
        }
        (state.deadline > Instant::now()).then_some(Wait::Until(state.deadline))
    }

    fn lock(&self) -> MutexGuard<'_, ActivityState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reason to wait on.
enum Wait {
    /// The deadline has not come.
    Until(Instant),
    /// A request is being answered; the deadline begins after it.
    Running,
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running = state.running.saturating_sub(1);
        state.deadline = Instant::now() + self.0.idle;
    }
}
