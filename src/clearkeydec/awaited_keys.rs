// SPDX-License-Identifier: MPL-2.0
//! Keys that a thread of its own gets, while the streaming thread waits: those of a file, and those that the application gives.
//!
//! The application gets one request for each KID, when the first sample under it comes. The argument of the signal is a structure
//! `playready-key-request` with the field `key-id` (a UUID). The answer is a structure as in [`crate::key_answer`] with the key of that
//! KID, and may have others; or it is one named `pending`, after which `set-key` gives the key.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cenc_types::{ContentKey, KeyId};
use content_keys::{KeyPrefetcher, PeriodKeys};
use protection_policy::StopCheck;
use zeroize::Zeroizing;

use crate::key_answer::AnswerError;
use crate::key_answers::{AnswerEnd, KeyAnswers};
use crate::key_subject::KeySubject;
use crate::lock;
use crate::request_key::KeyHandlers;

/// The longest time between two looks whether the stream still waits.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Keys for which a stream waits.
pub(super) struct AwaitedKeys {
    source: AwaitedSource,
    is_stopped: StopCheck,
    end: Mutex<Option<WaitEnd>>,
}

/// The origin of awaited keys.
pub(super) enum AwaitedSource {
    /// A file, which is read once.
    File(KeyPrefetcher),
    /// The application, which answers a request for each KID.
    Application {
        handlers: KeyHandlers,
        answers: Arc<KeyAnswers>,
    },
}

/// The reason why a key did not come.
#[derive(Debug)]
pub(super) enum WaitEnd {
    /// The stream flushes or ends.
    Stopped,
    /// The file is unusable, as the thread that read it has reported.
    Reported,
    /// The answer is unusable.
    Answer(RequestError),
}

/// The reason why an answer is unusable. No variant holds a key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error(
        "the answer to request-key has other keys than that of KID {0}: return the key whose key-id was requested"
    )]
    OtherKey(KeyId),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error("no thread for request-key: {0}; end other programs")]
    Thread(#[from] std::io::Error),
}

impl AwaitedKeys {
    /// A wait for keys of `source` ends once `is_stopped` returns true.
    pub(super) fn new(source: AwaitedSource, is_stopped: StopCheck) -> Self {
        Self {
            source,
            is_stopped,
            end: Mutex::default(),
        }
    }

    /// Waits for the key of a KID. None if there is none, with the reason in [`Self::take_end`] unless the source has other keys.
    pub(super) fn key(&self, kid: KeyId) -> Option<ContentKey> {
        let found = match &self.source {
            AwaitedSource::File(keys) => self.find(keys, kid),
            AwaitedSource::Application { handlers, answers } => {
                self.request(handlers, answers, kid).map(Some)
            }
        };
        found.unwrap_or_else(|end| {
            *lock(&self.end) = Some(end);
            None
        })
    }

    /// Returns why the last key did not come.
    pub(super) fn take_end(&self) -> Option<WaitEnd> {
        lock(&self.end).take()
    }

    fn find(&self, keys: &KeyPrefetcher, kid: KeyId) -> Result<Option<ContentKey>, WaitEnd> {
        let first = keys
            .wait_first(|| (self.is_stopped)())
            .map_err(|error| match error {
                content_keys::Error::Stopped => WaitEnd::Stopped,
                _ => WaitEnd::Reported,
            })?;
        Ok(key_of(&first.keys, kid))
    }

    /// Nobody waits for the thread: the handler may return long after the stream has ended.
    fn request(
        &self,
        handlers: &KeyHandlers,
        answers: &Arc<KeyAnswers>,
        kid: KeyId,
    ) -> Result<ContentKey, WaitEnd> {
        let subject = KeySubject::KeyId(kid);
        let (has_answer, answered) = mpsc::channel();
        answers.wake_by(Box::new(move |_| {
            let _ = has_answer.send(());
        }));
        if answers.open(subject) {
            let (handlers, answers) = (handlers.clone(), Arc::clone(answers));
            thread::Builder::new()
                .name("playready-keys".to_owned())
                .spawn(move || {
                    handlers.request(subject, &answers);
                    answers.wake(subject);
                })
                .map_err(|error| WaitEnd::Answer(error.into()))?;
        }
        loop {
            let limit = match answers.keys(subject) {
                Ok(keys) => {
                    let key = key_of(&keys, kid).ok_or(RequestError::OtherKey(kid));
                    return key.map_err(WaitEnd::Answer);
                }
                Err(AnswerEnd::Failed(error)) => return Err(WaitEnd::Answer(error.into())),
                Err(AnswerEnd::Pending(limit)) => limit,
            };
            if (self.is_stopped)() {
                return Err(WaitEnd::Stopped);
            }
            // Whether there is an answer is looked for in any case.
            let _ = answered.recv_timeout(limit.min(CHECK_INTERVAL));
        }
    }
}

fn key_of(keys: &PeriodKeys, kid: KeyId) -> Option<ContentKey> {
    let entry = keys.keys.entries().iter().find(|entry| entry.kid == kid)?;
    Some(ContentKey::from_bytes(Zeroizing::new(
        *entry.key.as_bytes(),
    )))
}
