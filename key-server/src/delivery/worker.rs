// SPDX-License-Identifier: MPL-2.0
//! The worker of a target: a thread that posts its keys as they become due. No target waits for another one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use content_key_store::KeyStore;

use super::circuit::Circuit;
use super::post_limit::PostLimit;
use super::push::{self, Delivered};
use super::target::Line;
use super::{Error, Outcome, Report, Target};
use crate::deliveries::{self, Delivery, Lease};

/// The interval of looks whether a thread has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The time for which a delivery is claimed. It is renewed while the post takes longer, so that the keys of a server that was killed wait
/// this long for the next server, and not until the time limit of their posts.
const LEASE: Duration = Duration::from_secs(10);

/// What the workers of all targets share.
#[derive(Clone)]
pub struct Shift {
    /// The posts that may run at the same time.
    pub posts: PostLimit,
    /// Gets each report that is not empty.
    pub on_report: fn(Report),
}

/// The worker of a target. It sleeps until [`Self::wake`], and posts what is due then.
pub struct TargetWorker {
    state: Arc<WorkerState>,
    thread: JoinHandle<()>,
}

struct WorkerState {
    shift: Shift,
    circuit: Arc<Circuit>,
    line: Mutex<Arc<Line>>,
    calls: Mutex<Calls>,
    called: Condvar,
    /// The deliveries that are on their way now.
    claimed: Mutex<Vec<Lease>>,
}

/// What the worker should do next.
#[derive(Debug, Default)]
struct Calls {
    is_due: bool,
    is_stopped: bool,
}

impl TargetWorker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The errors of the target, and [`Error::Thread`].
    pub fn start(
        store: &KeyStore,
        target: &Target,
        circuit: Arc<Circuit>,
        shift: Shift,
    ) -> Result<Self, Error> {
        let state = Arc::new(WorkerState {
            shift,
            circuit,
            line: Mutex::new(Arc::new(Line::open(store, target)?)),
            calls: Mutex::default(),
            called: Condvar::new(),
            claimed: Mutex::default(),
        });
        let of_thread = Arc::clone(&state);
        Ok(Self {
            state,
            thread: Builder::new()
                .name("hand-off".to_owned())
                .spawn(move || of_thread.serve())
                .map_err(Error::Thread)?,
        })
    }

    /// Replaces the settings of the target, for the next key.
    ///
    /// # Errors
    /// The errors of the target; the settings before stay.
    pub fn replace(&self, store: &KeyStore, target: &Target) -> Result<(), Error> {
        let line = Line::open(store, target)?;
        *lock(&self.state.line) = Arc::new(line);
        Ok(())
    }

    /// Returns warnings for the operator, as [`Handoff::warnings`](super::Handoff::warnings).
    pub fn warnings(&self) -> Vec<String> {
        self.state.line().warnings()
    }

    /// Posts what is due.
    pub fn wake(&self) {
        self.state.call(|calls| calls.is_due = true);
    }

    /// Renews the claims of what is on its way, if they end soon.
    ///
    /// # Errors
    /// If the database fails.
    pub fn renew(&self) -> Result<(), content_key_store::Error> {
        let line = self.state.line();
        let soon = line.store.host().clock.system_time() + LEASE / 2;
        let mut leases = lock(&self.state.claimed).clone();
        if !leases.iter().any(|lease| lease.until < soon) {
            return Ok(());
        }
        deliveries::renew(&line.store, &line.name, &mut leases, LEASE)?;
        // Meanwhile the posts may have ended.
        for claimed in lock(&self.state.claimed).iter_mut() {
            if let Some(renewed) = leases.iter().find(|lease| lease.kid == claimed.kid) {
                *claimed = *renewed;
            }
        }
        Ok(())
    }

    /// Ends the post that is under way, and the thread after it.
    pub fn stop(&self) {
        self.state.call(|calls| calls.is_stopped = true);
        self.state.line().transport.canceller().cancel();
    }

    /// Waits for the thread until `deadline`, after [`Self::stop`]. What it could not end, such as a connect, is left to itself, and its
    /// key is due again at once.
    pub fn join(self, deadline: Instant) {
        while !self.thread.is_finished() && Instant::now() < deadline {
            sleep(LOOK);
        }
        if self.thread.is_finished() {
            // The panic of a turn is caught within it.
            let _ = self.thread.join();
            return;
        }
        let line = self.state.line();
        for Lease { kid, .. } in lock(&self.state.claimed).iter() {
            if let Err(error) = deliveries::release(&line.store, kid, &line.name) {
                tracing::warn!(%error, target = line.name, "an interrupted delivery is repeated only when its claim ends");
            }
        }
    }
}

impl WorkerState {
    fn serve(&self) {
        while self.wait() {
            let turn = catch_unwind(AssertUnwindSafe(|| self.turn()));
            match turn {
                Ok(report) if report.is_empty() => (),
                Ok(report) => (self.shift.on_report)(report),
                Err(_) => {
                    tracing::error!(
                        "the worker of a target has panicked and goes on; standard error has the place"
                    );
                }
            }
        }
    }

    /// Sleeps until something is due; false when it is time to stop.
    fn wait(&self) -> bool {
        let mut calls = lock(&self.calls);
        while !calls.is_due && !calls.is_stopped {
            calls = self
                .called
                .wait(calls)
                .unwrap_or_else(PoisonError::into_inner);
        }
        calls.is_due = false;
        !calls.is_stopped
    }

    /// Posts what is due, until nothing is or the target fails.
    fn turn(&self) -> Report {
        let mut report = Report::default();
        while self.goes_on() {
            let line = self.line();
            let width = self.circuit.width(line.store.host().clock.monotonic());
            if width == 0 {
                break;
            }
            let Some(permits) = self.shift.posts.take(width, || self.goes_on()) else {
                break;
            };
            let claimed = match push::claim(&line, permits.count(), LEASE) {
                Ok(claimed) => claimed,
                Err(fault) => {
                    report.faults.push(fault);
                    break;
                }
            };
            if claimed.is_empty() {
                break;
            }
            *lock(&self.claimed) = claimed.iter().map(Lease::of).collect();
            let delivered = post_all(&line, &claimed);
            lock(&self.claimed).clear();
            if !self.record(&line, delivered, &mut report) {
                break;
            }
        }
        report
    }

    /// Adds results to a report, and to the circuit. Returns false if the turn ends.
    fn record(
        &self,
        line: &Line,
        results: Vec<Result<Option<Delivered>, content_key_store::Error>>,
        report: &mut Report,
    ) -> bool {
        let mut goes_on = true;
        for result in results {
            match result {
                Ok(None) => goes_on = false,
                Ok(Some(delivered)) => {
                    goes_on &= self.count(line, &delivered);
                    report.pushes.push(delivered.push);
                }
                Err(fault) => {
                    report.faults.push(fault);
                    goes_on = false;
                }
            }
        }
        goes_on
    }

    /// Records a result in the circuit; false if the target failed.
    fn count(&self, line: &Line, delivered: &Delivered) -> bool {
        let Outcome::Postponed { error, .. } = &delivered.push.outcome else {
            let was_down = self.circuit.status(Duration::MAX).failures > 0;
            self.circuit.succeeded();
            if was_down {
                tracing::info!(target = line.name, "the target answers again");
            }
            return true;
        };
        let host = line.store.host();
        let (now, demanded) = (host.clock.monotonic(), delivered.demanded);
        match self
            .circuit
            .failed(now, error.clone(), demanded, &*host.random)
        {
            Ok(true) => {
                tracing::warn!(
                    target = line.name,
                    error,
                    "the target fails repeatedly: its keys wait, and one tries it from time to time"
                );
            }
            Ok(false) => (),
            Err(error) => tracing::error!(%error, "the wait for a target cannot be chosen"),
        }
        false
    }

    fn call(&self, change: impl FnOnce(&mut Calls)) {
        change(&mut lock(&self.calls));
        self.called.notify_all();
    }

    fn goes_on(&self) -> bool {
        !lock(&self.calls).is_stopped
    }

    fn line(&self) -> Arc<Line> {
        Arc::clone(&lock(&self.line))
    }
}

/// Posts deliveries at the same time.
fn post_all(
    line: &Line,
    claimed: &[Delivery],
) -> Vec<Result<Option<Delivered>, content_key_store::Error>> {
    if let [only] = claimed {
        return vec![push::deliver(line, only)];
    }
    thread::scope(|scope| {
        let posts: Vec<_> = claimed
            .iter()
            .map(|delivery| scope.spawn(|| push::deliver(line, delivery)))
            .collect();
        posts
            .into_iter()
            .map(|post| {
                post.join()
                    .unwrap_or_else(|cause| std::panic::resume_unwind(cause))
            })
            .collect()
    })
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
