// SPDX-License-Identifier: MPL-2.0
//! The keys of crypto periods that the application was requested to give, until they are complete.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use content_keys::{Error, KeyWaker, PeriodKeys};
use host_access::Clock;

use super::key_answer::{self, AnswerError};
use super::lock;

/// The requests of one stream that the application has yet to answer. Answers come from any thread and wait for nothing.
pub(super) struct KeyAnswers {
    clock: Arc<dyn Clock>,
    /// The longest time from the return of a handler to the last answer.
    timeout: Duration,
    requests: Mutex<BTreeMap<u64, AnswerState>>,
    waker: Mutex<KeyWaker>,
}

/// The answer to one request.
enum AnswerState {
    /// The handler has not returned yet, or has announced keys for a time until `deadline`.
    Incomplete {
        keys: PeriodKeys,
        deadline: Option<Duration>,
    },
    Ended(Result<PeriodKeys, AnswerError>),
}

/// The reason why the application's key is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnwantedKey {
    /// It is not known which period the key is for.
    #[error(
        "set-key does not say which crypto period its key is for: add the field period of request-key's structure"
    )]
    NoPeriod,
    /// No request for the period is open.
    #[error(
        "set-key gave a key for crypto period {0}, which is not awaited: answer each request-key once, within key-timeout"
    )]
    NotRequested(u64),
}

impl KeyAnswers {
    pub(super) fn new(clock: Arc<dyn Clock>, timeout: Duration) -> Self {
        Self {
            clock,
            timeout,
            requests: Mutex::default(),
            waker: Mutex::default(),
        }
    }

    /// Sets the waker, which makes the thread of requests look for an answer.
    pub(super) fn wake_by(&self, waker: KeyWaker) {
        *lock(&self.waker) = waker;
    }

    /// Opens the request for a period. Returns false if it is open.
    pub(super) fn open(&self, period: u64) -> bool {
        match lock(&self.requests).entry(period) {
            Entry::Occupied(_) => false,
            Entry::Vacant(request) => {
                request.insert(AnswerState::Incomplete {
                    keys: PeriodKeys::default(),
                    deadline: None,
                });
                true
            }
        }
    }

    /// Takes the structure that a handler has returned, and starts the time limit if it announces keys.
    pub(super) fn take_returned(&self, period: u64, answer: Option<&gst::StructureRef>) {
        let mut requests = lock(&self.requests);
        let Some(state) = requests.get_mut(&period) else {
            return;
        };
        match answer {
            None => *state = AnswerState::Ended(Err(AnswerError::None(period))),
            Some(answer) if key_answer::is_pending(answer) => (),
            Some(answer) => state.add(answer),
        }
        if let AnswerState::Incomplete { deadline, .. } = state {
            *deadline = Some(self.clock.monotonic() + self.timeout);
        }
    }

    /// Takes a key that the application gives later.
    ///
    /// # Errors
    /// [`UnwantedKey`].
    pub(super) fn give(&self, answer: &gst::StructureRef) -> Result<(), UnwantedKey> {
        let period = key_answer::named_period(answer).ok_or(UnwantedKey::NoPeriod)?;
        match lock(&self.requests).get_mut(&period) {
            Some(state @ AnswerState::Incomplete { .. }) => state.add(answer),
            _ => return Err(UnwantedKey::NotRequested(period)),
        }
        lock(&self.waker).wake(period);
        Ok(())
    }

    /// Returns the keys of a period once they are complete.
    ///
    /// # Errors
    /// [`Error::Pending`] until then, [`Error::Source`] if they will not come.
    pub(super) fn keys(&self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let mut requests = lock(&self.requests);
        let now = self.clock.monotonic();
        if let Some(AnswerState::Incomplete {
            deadline: Some(deadline),
            ..
        }) = requests.get(&period)
            && *deadline > now
        {
            let limit = *deadline - now;
            return Err(Error::Pending { limit });
        }
        let ended = match requests.remove(&period) {
            Some(AnswerState::Ended(ended)) => ended,
            Some(AnswerState::Incomplete { .. }) | None => Err(AnswerError::Late {
                period,
                limit: self.timeout,
            }),
        };
        ended
            .map(Arc::new)
            .map_err(|error| Error::Source(Box::new(error)))
    }
}

impl AnswerState {
    /// Adds a structure to an answer that is not complete.
    fn add(&mut self, answer: &gst::StructureRef) {
        let Self::Incomplete { keys, .. } = self else {
            return;
        };
        match key_answer::add(answer, keys) {
            Ok(()) if key_answer::has_more(answer) => (),
            Ok(()) => *self = Self::Ended(Ok(std::mem::take(keys))),
            Err(error) => *self = Self::Ended(Err(error)),
        }
    }
}
