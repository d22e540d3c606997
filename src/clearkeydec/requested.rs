// SPDX-License-Identifier: MPL-2.0
//! Keys from the application, by the signal `request-key`: one request for each KID, when the first sample under it comes.
//!
//! The argument of the signal is a structure `playready-key-request` with the field `key-id` (a UUID). The answer is a structure as in
//! [`crate::key_answer`] with the key of that KID, and may have others.

use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use cenc_types::{ContentKey, KeyId};
use content_keys::PeriodKeys;
use protection_policy::StopCheck;
use zeroize::Zeroizing;

use crate::key_answer::{self, AnswerError};
use crate::lock;
use crate::request_key::{KeyHandlers, REQUEST};

/// The time between two looks whether the stream still waits.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The application as the source of a decryptor's keys.
pub(super) struct KeyIdRequests {
    handlers: KeyHandlers,
    is_stopped: StopCheck,
    end: Mutex<Option<RequestEnd>>,
}

/// The reason why a key did not come.
#[derive(Debug)]
pub(super) enum RequestEnd {
    /// The stream flushes or ends.
    Stopped,
    /// The answer is unusable.
    Answer(RequestError),
}

/// The reason why an answer is unusable. No variant holds a key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("no handler answered request-key for KID {0}: return a structure with key-id and key")]
    None(KeyId),
    #[error(
        "the answer to request-key has other keys than that of KID {0}: return the key whose key-id was requested"
    )]
    OtherKey(KeyId),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error("no thread for request-key: {0}; end other programs")]
    Thread(#[from] std::io::Error),
}

impl KeyIdRequests {
    /// Requests keys from `handlers`. A wait ends once `is_stopped` returns true.
    pub(super) fn new(handlers: KeyHandlers, is_stopped: StopCheck) -> Self {
        Self {
            handlers,
            is_stopped,
            end: Mutex::default(),
        }
    }

    /// Requests the key of a KID on a thread of its own, and waits for it.
    pub(super) fn request(&self, kid: KeyId) -> Option<ContentKey> {
        match self.wait(kid) {
            Ok(key) => Some(key),
            Err(end) => {
                *lock(&self.end) = Some(end);
                None
            }
        }
    }

    /// Returns why the last key did not come.
    pub(super) fn take_end(&self) -> Option<RequestEnd> {
        lock(&self.end).take()
    }

    /// Nobody waits for the thread: the handler may return long after the stream has ended.
    fn wait(&self, kid: KeyId) -> Result<ContentKey, RequestEnd> {
        let (sender, receiver) = mpsc::channel();
        let handlers = self.handlers.clone();
        thread::Builder::new()
            .name("playready-keys".to_owned())
            .spawn(move || drop(sender.send(ask(&handlers, kid))))
            .map_err(|error| RequestEnd::Answer(error.into()))?;
        loop {
            match receiver.recv_timeout(CHECK_INTERVAL) {
                Ok(answer) => return answer.map_err(RequestEnd::Answer),
                Err(RecvTimeoutError::Timeout) if !(self.is_stopped)() => (),
                Err(RecvTimeoutError::Timeout) => return Err(RequestEnd::Stopped),
                // The handler has panicked.
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(RequestEnd::Answer(RequestError::None(kid)));
                }
            }
        }
    }
}

fn ask(handlers: &KeyHandlers, kid: KeyId) -> Result<ContentKey, RequestError> {
    let request = gst::Structure::builder(REQUEST)
        .field("key-id", kid.to_string())
        .build();
    let answer = handlers.ask(&request).ok_or(RequestError::None(kid))?;
    let mut given = PeriodKeys::default();
    key_answer::add(&answer, &mut given)?;
    let entry = given.keys.entries().iter().find(|entry| entry.kid == kid);
    let key = entry.ok_or(RequestError::OtherKey(kid))?.key.as_bytes();
    Ok(ContentKey::from_bytes(Zeroizing::new(*key)))
}
