// SPDX-License-Identifier: MPL-2.0
//! The keys of crypto periods, requested ahead so that they are there when the stream needs them. A failed request is repeated after
//! growing delays for as long as the keys are wanted.

use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

use super::cancel::SourceCancel;
use super::key_requests::KeyRequests;
use super::prefetch_state::{PeriodState, SharedState};
use super::{Error, KeyCache, KeySource, PeriodKeys, SourceFacts};
use host_access::Clock;

/// The keys of a stream's crypto periods as they come.
///
/// ```
/// use std::sync::Arc;
///
/// use content_keys::{KeyChannel, KeySource, SeedKeys, period_kid};
/// use host_access::Host;
/// use playready_header::KeySeed;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let kid = "10000000-1000-1000-1000-100000000001".parse()?;
/// let seed = KeySeed::parse("XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I")?;
/// let source = KeySource::Opened(Box::new(SeedKeys::new(kid, seed)));
/// let KeyChannel { keys, mut requests } =
///     KeyChannel::new(source, Arc::default(), Host::system().clock);
/// std::thread::spawn(move || {
///     if requests.request_first(0).is_ok() {
///         requests.run();
///     }
/// });
/// assert_eq!(keys.wait_first(|| false)?.keys.keys.entries()[0].kid, kid);
/// keys.prefetch(1);
/// let period_keys = keys.wait(1, || false)?;
/// assert_eq!(period_keys.keys.entries()[0].kid, period_kid(kid, 1));
/// # Ok(())
/// # }
/// ```
pub struct KeyPrefetcher(Arc<SharedState>);

/// The two ends between which keys move.
pub struct KeyChannel {
    /// The end of the stream, which never calls the source.
    pub keys: KeyPrefetcher,
    /// The end of the source, for a thread of its own.
    pub requests: KeyRequests,
}

/// The keys with which a stream starts.
#[derive(Clone)]
pub struct FirstKeys {
    /// The crypto period.
    pub period: u64,
    /// Its keys.
    pub keys: Arc<PeriodKeys>,
    /// The facts about their source.
    pub facts: SourceFacts,
}

/// Tells the thread of requests that a source has an answer for which it waits.
#[derive(Clone, Default)]
pub struct KeyWaker(Weak<SharedState>);

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodFailure {
    /// The period.
    pub period: u64,
    /// The cause, without secrets.
    pub reason: String,
}

impl KeyPrefetcher {
    /// The time after which a waiting caller checks its `stop` condition again.
    const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(50);
    /// The time for which the end of a stream waits for the source to record the periods that have started.
    const RECORD_LIMIT: Duration = Duration::from_secs(2);

    /// Waits for the keys with which the stream starts, until `stop` returns true.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::NoFirstKeys`] if they will not come.
    pub fn wait_first(&self, stop: impl Fn() -> bool) -> Result<FirstKeys, Error> {
        let mut state = self.0.lock();
        loop {
            if let Some(first) = &state.first {
                return Ok(first.clone());
            }
            if stop() {
                return Err(Error::Stopped);
            }
            if state.closed {
                return Err(Error::NoFirstKeys);
            }
            state = self.0.sleep(state, Self::STOP_CHECK_INTERVAL);
        }
    }

    /// Returns what wakes the thread of requests.
    pub fn waker(&self) -> KeyWaker {
        KeyWaker(Arc::downgrade(&self.0))
    }

    /// Requests the keys of a period, unless they are already wanted. Returns at once.
    pub fn prefetch(&self, period: u64) {
        self.0.change(|state| state.prefetch(period));
    }

    /// Returns the keys of a period if they are there, and requests them otherwise.
    pub fn get(&self, period: u64) -> Option<Arc<PeriodKeys>> {
        match self.0.lock().want(period) {
            PeriodState::Ready(keys) => Some(Arc::clone(keys)),
            PeriodState::Wanted { .. } => {
                // The clock may have moved on, so that a repeated request is due.
                self.0.changed.notify_all();
                None
            }
        }
    }

    /// Waits for the keys of a period until `stop` returns true. A request that failed before is repeated at once.
    ///
    /// # Errors
    /// Those of the source, [`Error::Stopped`], [`Error::RequestsEnded`].
    pub fn wait(&self, period: u64, stop: impl Fn() -> bool) -> Result<Arc<PeriodKeys>, Error> {
        let mut state = self.0.lock();
        if let PeriodState::Wanted { due, error, .. } = state.want(period) {
            (*due, *error) = (Duration::ZERO, None);
        }
        self.0.changed.notify_all();
        loop {
            match state.want(period) {
                PeriodState::Ready(keys) => return Ok(Arc::clone(keys)),
                PeriodState::Wanted { error, .. } => {
                    if let Some(error) = error.take() {
                        return Err(error);
                    }
                }
            }
            if stop() {
                return Err(Error::Stopped);
            }
            if state.closed {
                return Err(Error::RequestsEnded);
            }
            state = self.0.sleep(state, Self::STOP_CHECK_INTERVAL);
        }
    }

    /// Lets the source record that a period has started, and forgets the keys of periods before the previous one.
    pub fn start_period(&self, period: u64) {
        let mut state = self.0.lock();
        state.periods = state.periods.split_off(&period.saturating_sub(1));
        if !state.closed {
            state.started.push(period);
        }
        self.0.cache.forget_before(period);
        self.0.changed.notify_all();
    }

    /// Returns true while a request is due and unanswered, and wakes the thread for it. A simulation that moves the clock waits
    /// until this is false.
    pub fn has_due_request(&self) -> bool {
        let state = self.0.lock();
        let now = self.0.clock.since_1970();
        self.0.changed.notify_all();
        state.has_to_record() || state.wanted().any(|(_, due)| due <= now)
    }

    /// Removes and returns the oldest failure.
    pub fn next_failure(&self) -> Option<PeriodFailure> {
        let failures = &mut self.0.lock().failures;
        (!failures.is_empty()).then(|| failures.remove(0))
    }
}

impl Drop for KeyPrefetcher {
    /// The periods that have started are still recorded, since keys of the last one have protected something. A program may end after this.
    fn drop(&mut self) {
        self.0.change(|state| state.closed = true);
        self.0.cancel.cancel();
        let _ = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), Self::RECORD_LIMIT, |state| {
                state.has_to_record()
            });
    }
}

impl KeyChannel {
    /// Connects a stream and a source. Keys that `cache` has are not requested, and it keeps those that come.
    pub fn new(source: KeySource, cache: Arc<KeyCache>, clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(SharedState {
            state: Mutex::default(),
            changed: Condvar::new(),
            clock,
            cache,
            cancel: SourceCancel::default(),
        });
        Self {
            keys: KeyPrefetcher(Arc::clone(&shared)),
            requests: KeyRequests::new(source, shared),
        }
    }
}

impl KeyWaker {
    /// Repeats the request for the keys of a period at once, if they are awaited.
    pub fn wake(&self, period: u64) {
        let Some(shared) = self.0.upgrade() else {
            return;
        };
        if let Some(PeriodState::Wanted {
            due, is_answered, ..
        }) = shared.lock().periods.get_mut(&period)
        {
            (*due, *is_answered) = (Duration::ZERO, true);
        }
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
