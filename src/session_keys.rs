// SPDX-License-Identifier: MPL-2.0
//! The keys of an encryptor: those that it has, and those that the application has yet to give.

use std::sync::Arc;

use gst::prelude::*;
use gst::subclass::prelude::*;

use content_keys::KeyWaker;
use host_access::Host;

use super::element_keys::ElementKeys;
use super::key_answers::KeyAnswers;
use super::key_subject::KeySubject;
use super::logging::Logged;
use super::open_answers::OpenAnswers;
use super::request_key::KeyHandlers;
use super::settings::{Settings, SettingsError};
use super::stream_keys::{KeyOrigin, StreamKeys};

/// The keys of an encryptor and the ways by which it gets them.
#[derive(Default)]
pub(super) struct SessionKeys {
    kept: ElementKeys,
    handlers: KeyHandlers,
    /// The place in which the application puts the keys of the stream after their request.
    answers: OpenAnswers,
}

impl SessionKeys {
    /// Returns the source of keys for a stream of `element`.
    ///
    /// # Errors
    /// As [`StreamKeys::of`].
    pub(super) fn of_stream<E: Logged>(
        &self,
        element: &E,
        settings: &Settings,
        host: &Host,
    ) -> Result<StreamKeys, SettingsError> {
        let handlers = self.handlers.clone();
        handlers.element.set(Some(element.obj().upcast_ref()));
        let origin = KeyOrigin {
            settings,
            handlers,
            kept: &self.kept,
        };
        StreamKeys::of(element, origin, host)
    }

    /// Emits `request-key` also on the bin of which the element is a part.
    pub(super) fn request_on(&self, bin: &gst::Element) {
        self.handlers.bin.set(Some(bin));
    }

    /// Takes the application's keys in `answers` from now on; `waker` makes the thread of requests look for them.
    pub(super) fn take_answers(&self, answers: Arc<KeyAnswers>, waker: KeyWaker) {
        answers.wake_by(Box::new(move |subject| {
            if let KeySubject::Period(period) = subject {
                waker.wake(period);
            }
        }));
        self.answers.begin(answers);
    }

    /// Returns the place for keys that the application gives after their request.
    pub(super) const fn answers(&self) -> &OpenAnswers {
        &self.answers
    }

    /// Notes that no stream wants keys any longer.
    pub(super) fn end(&self) {
        self.answers.end();
    }

    /// Forgets the keys, so that the next stream requests them again.
    pub(super) fn forget(&self) {
        self.kept.forget();
    }
}
