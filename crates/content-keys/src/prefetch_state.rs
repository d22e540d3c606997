// SPDX-License-Identifier: MPL-2.0
//! The state that the stream and the thread of requests share: the keys that are wanted, those that are there, and what is to be recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cancel::SourceCancel;
use super::prefetcher::{FirstKeys, PeriodFailure};
use super::{Error, KeyCache, PeriodKeys};
use host_access::Clock;

/// The delay after the first failure. It doubles with each further one, up to [`MAX_DELAY`].
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// The most failures that are kept for [`super::KeyPrefetcher::next_failure`].
const MAX_FAILURES: usize = 64;

pub(super) struct SharedState {
    pub(super) state: Mutex<PrefetchState>,
    pub(super) changed: Condvar,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cache: Arc<KeyCache>,
    pub(super) cancel: SourceCancel,
}

#[derive(Default)]
pub(super) struct PrefetchState {
    pub(super) first: Option<FirstKeys>,
    pub(super) periods: BTreeMap<u64, PeriodState>,
    /// Periods whose start the source has yet to record.
    pub(super) started: Vec<u64>,
    /// True while the source records a start.
    pub(super) is_recording: bool,
    pub(super) failures: Vec<PeriodFailure>,
    /// True once one of the two ends is gone.
    pub(super) closed: bool,
}

pub(super) enum PeriodState {
    Wanted {
        /// The time of the next request, since 1970.
        due: Duration,
        failed_requests: u32,
        /// True if the source was given an answer that it may not have seen at its last request.
        is_answered: bool,
        /// The last error, for a caller that waits.
        error: Option<Error>,
    },
    Ready(Arc<PeriodKeys>),
}

/// A call that the thread makes to the source.
pub(super) enum ProviderCall {
    PeriodKeys(u64),
    RecordStart(u64),
}

impl SharedState {
    pub(super) fn lock(&self) -> MutexGuard<'_, PrefetchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sleep<'a>(
        &self,
        state: MutexGuard<'a, PrefetchState>,
        limit: Duration,
    ) -> MutexGuard<'a, PrefetchState> {
        self.changed
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Ends the requests: nothing will be recorded any more.
    pub(super) fn end_requests(&self) {
        self.change(|state| {
            state.closed = true;
            state.started.clear();
            state.is_recording = false;
        });
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Runs `work` on the state and wakes those that wait for a change of it.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut PrefetchState) -> T) -> T {
        let changed = work(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    /// Waits for the next call. Returns None when the prefetcher is closed.
    pub(super) fn next_call(&self) -> Option<ProviderCall> {
        let mut state = self.lock();
        state.is_recording = false;
        loop {
            if !state.started.is_empty() {
                state.is_recording = true;
                return Some(ProviderCall::RecordStart(state.started.remove(0)));
            }
            if state.closed {
                return None;
            }
            let now = self.clock.since_1970();
            if let Some((period, _)) = state.wanted().find(|(_, due)| *due <= now) {
                return Some(ProviderCall::PeriodKeys(period));
            }
            let delay = state
                .wanted()
                .map(|(_, due)| due.saturating_sub(now))
                .min()
                .unwrap_or(MAX_DELAY);
            state = self.sleep(state, delay);
        }
    }
}

impl PrefetchState {
    pub(super) fn has_to_record(&self) -> bool {
        self.is_recording || !self.started.is_empty()
    }

    pub(super) fn prefetch(&mut self, period: u64) {
        self.want(period);
    }

    pub(super) fn want(&mut self, period: u64) -> &mut PeriodState {
        self.periods.entry(period).or_insert(PeriodState::Wanted {
            due: Duration::ZERO,
            failed_requests: 0,
            is_answered: false,
            error: None,
        })
    }

    /// Returns each period without keys, with the time of its next request.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (u64, Duration)> {
        self.periods
            .iter()
            .filter_map(|(period, state)| match state {
                PeriodState::Wanted { due, .. } => Some((*period, *due)),
                PeriodState::Ready(_) => None,
            })
    }

    pub(super) fn store_first(&mut self, first: FirstKeys) {
        self.periods
            .insert(first.period, PeriodState::Ready(Arc::clone(&first.keys)));
        self.first = Some(first);
    }

    pub(super) fn store_keys(
        &mut self,
        period: u64,
        keys: Result<Arc<PeriodKeys>, Error>,
        now: Duration,
    ) {
        match keys {
            Ok(keys) => {
                self.periods.insert(period, PeriodState::Ready(keys));
            }
            Err(Error::Pending { limit }) => {
                if let PeriodState::Wanted {
                    due, is_answered, ..
                } = self.want(period)
                {
                    // An answer that came during the request is looked for at once.
                    *due = match std::mem::take(is_answered) {
                        true => Duration::ZERO,
                        false => now + limit,
                    };
                }
            }
            Err(error) => self.store_failure(period, error, now),
        }
    }

    pub(super) fn store_failure(&mut self, period: u64, failure: Error, now: Duration) {
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(PeriodFailure {
                period,
                reason: failure.to_string(),
            });
        }
        if let Some(PeriodState::Wanted {
            due,
            failed_requests,
            error,
            ..
        }) = self.periods.get_mut(&period)
        {
            *due = now
                + FIRST_DELAY
                    .saturating_mul(1 << (*failed_requests).min(5))
                    .min(MAX_DELAY);
            *failed_requests += 1;
            *error = Some(failure);
        }
    }
}
