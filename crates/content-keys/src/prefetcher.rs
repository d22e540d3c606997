// SPDX-License-Identifier: MPL-2.0
//! Asks for the keys of crypto periods ahead, on a thread of its own, so that they are there when the stream gets to them. What
//! fails is tried again, at growing distances, for as long as somebody wants it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Error, KeyProvider, PeriodKeys};
use host_access::Clock;

/// A source of keys with the thread on which it is asked.
pub struct KeyPrefetcher(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    periods: BTreeMap<u64, Slot>,
    /// Periods of which the source is to take note.
    begun: Vec<u64>,
    failures: Vec<PeriodFailure>,
    closed: bool,
}

enum Slot {
    Wanted {
        /// When to try, on the clock.
        due: Duration,
        tries: u32,
        /// Why the last try failed, for one who waits.
        error: Option<Error>,
    },
    Ready(Arc<PeriodKeys>),
}

/// A question that the source could not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodFailure {
    /// The period.
    pub period: u64,
    /// Why; nothing in it is secret.
    pub reason: String,
}

impl KeyPrefetcher {
    /// How long whoever waits sleeps at most before it looks around.
    const PATIENCE: Duration = Duration::from_millis(50);
    /// How long after its first failure a question is asked again; each time twice as long, up to [`Self::LONGEST`].
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(30);
    /// The most failures that are kept for [`KeyPrefetcher::next_failure`].
    const MAX_FAILURES: usize = 64;

    /// Starts the thread; it ends when the schedule is dropped and the source has answered.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(provider: Box<dyn KeyProvider>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            clock,
        });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("playready-keys".to_owned());
        let spawned = thread.spawn(move || of_thread.run(provider));
        spawned.map_err(Error::Thread)?;
        Ok(Self(shared))
    }

    /// Asks for the keys of a period, if that was not done; returns at once.
    pub fn prefetch(&self, period: u64) {
        self.0.lock().want(period);
        self.0.changed.notify_all();
    }

    /// The keys of a period, if they are there; otherwise it is asked for.
    pub fn get(&self, period: u64) -> Option<Arc<PeriodKeys>> {
        let mut state = self.0.lock();
        match state.want(period) {
            Slot::Ready(keys) => Some(Arc::clone(keys)),
            Slot::Wanted { .. } => {
                // The clock may have moved on.
                self.0.changed.notify_all();
                None
            }
        }
    }

    /// The keys of a period, waiting for them until `stop` says that nobody needs them any more. What failed when it was asked
    /// ahead is asked again.
    ///
    /// # Errors
    /// Those of the source, [`Error::Stopped`].
    pub fn wait(&self, period: u64, stop: impl Fn() -> bool) -> Result<Arc<PeriodKeys>, Error> {
        let mut state = self.0.lock();
        if let Slot::Wanted { due, error, .. } = state.want(period) {
            (*due, *error) = (Duration::ZERO, None);
        }
        self.0.changed.notify_all();
        loop {
            match state.want(period) {
                Slot::Ready(keys) => return Ok(Arc::clone(keys)),
                Slot::Wanted { error, .. } => {
                    if let Some(error) = error.take() {
                        return Err(error);
                    }
                }
            }
            if stop() || state.closed {
                return Err(Error::Stopped);
            }
            state = self.0.sleep(state, Self::PATIENCE);
        }
    }

    /// A period has begun: the source takes note of it, and those far before it are forgotten.
    pub fn start_period(&self, period: u64) {
        let mut state = self.0.lock();
        state.periods = state.periods.split_off(&period.saturating_sub(1));
        state.begun.push(period);
        self.0.changed.notify_all();
    }

    /// Returns true while a request is due and unanswered, and wakes the thread for it. A simulation that moves the clock waits
    /// until this is false.
    pub fn has_due_request(&self) -> bool {
        let state = self.0.lock();
        let now = self.0.clock.since_1970();
        self.0.changed.notify_all();
        !state.begun.is_empty()
            || state
                .periods
                .values()
                .any(|slot| matches!(slot, Slot::Wanted { due, .. } if *due <= now))
    }

    /// The oldest failure that was not told yet.
    pub fn next_failure(&self) -> Option<PeriodFailure> {
        let failures = &mut self.0.lock().failures;
        (!failures.is_empty()).then(|| failures.remove(0))
    }
}

impl Drop for KeyPrefetcher {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

/// What the thread does next.
enum Work {
    Ask(u64),
    Note(u64),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        let slept = self.changed.wait_timeout(state, limit);
        slept.unwrap_or_else(PoisonError::into_inner).0
    }

    fn run(&self, mut provider: Box<dyn KeyProvider>) {
        let closing = Closing(self);
        while let Some(work) = self.next_work() {
            let (period, done) = match work {
                Work::Ask(period) => (period, provider.period_keys(period).map(Some)),
                Work::Note(period) => (period, provider.record_period_start(period).map(|()| None)),
            };
            self.lock().answer(period, done, self.clock.since_1970());
            self.changed.notify_all();
        }
        drop(closing);
    }

    /// Waits for something to do; None when nobody asks any more.
    fn next_work(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if !state.begun.is_empty() {
                return Some(Work::Note(state.begun.remove(0)));
            }
            let now = self.clock.since_1970();
            let wanted = state
                .periods
                .iter()
                .filter_map(|(period, slot)| match slot {
                    Slot::Wanted { due, .. } => Some((*period, *due)),
                    Slot::Ready(_) => None,
                });
            if let Some((period, _)) = wanted.clone().find(|(_, due)| *due <= now) {
                return Some(Work::Ask(period));
            }
            let soonest = wanted.map(|(_, due)| due.saturating_sub(now)).min();
            let limit = soonest.unwrap_or(KeyPrefetcher::LONGEST);
            state = self.sleep(state, limit);
        }
    }
}

/// Lets nobody wait for a thread that is gone.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl State {
    fn want(&mut self, period: u64) -> &mut Slot {
        self.periods.entry(period).or_insert(Slot::Wanted {
            due: Duration::ZERO,
            tries: 0,
            error: None,
        })
    }

    /// Takes the answer to a question, or why the source could not take note of a period.
    fn answer(&mut self, period: u64, done: Result<Option<Arc<PeriodKeys>>, Error>, now: Duration) {
        let failed = match done {
            Ok(None) => return,
            Ok(Some(keys)) => {
                self.periods.insert(period, Slot::Ready(keys));
                return;
            }
            Err(failed) => failed,
        };
        if self.failures.len() < KeyPrefetcher::MAX_FAILURES {
            let reason = failed.to_string();
            self.failures.push(PeriodFailure { period, reason });
        }
        if let Some(Slot::Wanted { due, tries, error }) = self.periods.get_mut(&period) {
            let distance = KeyPrefetcher::SHORTEST.saturating_mul(1 << (*tries).min(5));
            *due = now + distance.min(KeyPrefetcher::LONGEST);
            *tries += 1;
            *error = Some(failed);
        }
    }
}

#[cfg(test)]
mod tests;
