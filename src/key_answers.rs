// SPDX-License-Identifier: MPL-2.0
//! The keys that the application was requested to give, until they are complete.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use content_keys::{Error, PeriodKeys};
use host_access::Clock;

use super::key_answer::{self, AnswerError};
use super::key_subject::{KeySubject, SubjectKind};
use super::lock;

/// Makes the thread that waits for an answer look for it.
pub(super) type AnswerWaker = Box<dyn Fn(KeySubject) + Send + Sync>;

/// The requests of one stream that the application has yet to answer. Answers come from any thread and wait for nothing.
pub(super) struct KeyAnswers {
    clock: Arc<dyn Clock>,
    /// The longest time from the return of a handler to the last answer.
    timeout: Duration,
    kind: SubjectKind,
    requests: Mutex<BTreeMap<KeySubject, AnswerState>>,
    waker: Mutex<Option<AnswerWaker>>,
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

/// The reason why the keys of a request are not there.
pub(super) enum AnswerEnd {
    /// They may come within this time.
    Pending(Duration),
    /// They will not come.
    Failed(AnswerError),
}

impl From<AnswerEnd> for Error {
    fn from(end: AnswerEnd) -> Self {
        match end {
            AnswerEnd::Pending(limit) => Self::Pending { limit },
            AnswerEnd::Failed(error) => Self::Source(Box::new(error)),
        }
    }
}

/// The reason why the application's key is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnwantedKey {
    /// It is not known which request the key answers.
    #[error(
        "set-key does not say which {0} its key is for: add the field {field} of request-key's structure",
        field = .0.field()
    )]
    NoSubject(SubjectKind),
    /// No such request is open.
    #[error(
        "set-key gave a key for {0}, which is not awaited: answer each request-key once, within key-timeout"
    )]
    NotRequested(KeySubject),
}

impl KeyAnswers {
    pub(super) fn new(kind: SubjectKind, clock: Arc<dyn Clock>, timeout: Duration) -> Self {
        Self {
            clock,
            timeout,
            kind,
            requests: Mutex::default(),
            waker: Mutex::default(),
        }
    }

    /// Sets what is called when an answer has come.
    pub(super) fn wake_by(&self, waker: AnswerWaker) {
        *lock(&self.waker) = Some(waker);
    }

    /// Opens a request. Returns false if it is open.
    pub(super) fn open(&self, subject: KeySubject) -> bool {
        match lock(&self.requests).entry(subject) {
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
    pub(super) fn take_returned(&self, subject: KeySubject, answer: Option<&gst::StructureRef>) {
        let mut requests = lock(&self.requests);
        let Some(state) = requests.get_mut(&subject) else {
            return;
        };
        match answer {
            None => *state = AnswerState::Ended(Err(AnswerError::None(subject))),
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
        let subject = self
            .kind
            .named_in(answer)
            .ok_or(UnwantedKey::NoSubject(self.kind))?;
        match lock(&self.requests).get_mut(&subject) {
            Some(state @ AnswerState::Incomplete { .. }) => state.add(answer),
            _ => return Err(UnwantedKey::NotRequested(subject)),
        }
        self.wake(subject);
        Ok(())
    }

    /// Lets the thread that waits for an answer look for it.
    pub(super) fn wake(&self, subject: KeySubject) {
        if let Some(waker) = &*lock(&self.waker) {
            waker(subject);
        }
    }

    /// Returns the keys of a request once they are complete.
    ///
    /// # Errors
    /// [`AnswerEnd::Pending`] until then, [`AnswerEnd::Failed`] if they will not come.
    pub(super) fn keys(&self, subject: KeySubject) -> Result<PeriodKeys, AnswerEnd> {
        let mut requests = lock(&self.requests);
        if let Some(AnswerState::Incomplete { deadline, .. }) = requests.get(&subject) {
            let limit = match deadline {
                Some(deadline) => deadline.saturating_sub(self.clock.monotonic()),
                None => self.timeout.max(Duration::from_millis(1)),
            };
            if !limit.is_zero() {
                return Err(AnswerEnd::Pending(limit));
            }
        }
        let ended = match requests.remove(&subject) {
            Some(AnswerState::Ended(ended)) => ended,
            Some(AnswerState::Incomplete { .. }) | None => Err(AnswerError::Late {
                subject,
                limit: self.timeout,
            }),
        };
        ended.map_err(AnswerEnd::Failed)
    }

    /// Closes all requests.
    pub(super) fn close(&self) {
        lock(&self.requests).clear();
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
