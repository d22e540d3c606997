// SPDX-License-Identifier: MPL-2.0
//! Keys from the application, by the signal `request-key`.
//!
//! The argument of the signal is a structure `playready-key-request` with the field `period` (guint64, from 0), or `key-id` from a
//! decryptor. The answer is a structure as in [`super::key_answer`], or one named `pending`, after which the application gives the keys by
//! the signal `set-key`.

use std::sync::Arc;

use gst::glib;
use gst::glib::subclass::SignalId;
use gst::prelude::*;

use content_keys::{Error, KeyProvider, PeriodKeys};

use super::key_answers::KeyAnswers;
use super::key_subject::KeySubject;

/// The signal's name.
pub(super) const REQUEST_KEY: &str = "request-key";
/// The name of its argument.
pub(super) const REQUEST: &str = "playready-key-request";

/// The elements to which the application may have connected a handler. No reference to them is held while a handler is awaited.
#[derive(Clone, Default)]
pub(super) struct KeyHandlers {
    /// The encryptor or decryptor.
    pub(super) element: glib::WeakRef<gst::Element>,
    /// The bin of which it is a part.
    pub(super) bin: glib::WeakRef<gst::Element>,
}

impl KeyHandlers {
    fn elements(&self) -> impl Iterator<Item = gst::Element> {
        [&self.element, &self.bin]
            .into_iter()
            .filter_map(glib::WeakRef::upgrade)
    }

    /// True if a handler is connected.
    pub(super) fn are_connected(&self) -> bool {
        self.elements().any(|element| {
            SignalId::lookup(REQUEST_KEY, element.type_()).is_some_and(|id| {
                glib::signal::signal_has_handler_pending(&element, id, None, false)
            })
        })
    }

    /// Requests keys from the application, and gives `answers` what it returns.
    pub(super) fn request(&self, subject: KeySubject, answers: &KeyAnswers) {
        let request = subject.request();
        // The first structure that a handler returns counts.
        let returned = self.elements().find_map(|element| {
            element.emit_by_name::<Option<gst::Structure>>(REQUEST_KEY, &[&request])
        });
        answers.take_returned(subject, returned.as_deref());
    }
}

/// The application as a source of keys.
pub(super) struct RequestedKeys {
    handlers: KeyHandlers,
    answers: Arc<KeyAnswers>,
}

impl RequestedKeys {
    pub(super) const fn new(handlers: KeyHandlers, answers: Arc<KeyAnswers>) -> Self {
        Self { handlers, answers }
    }
}

impl KeyProvider for RequestedKeys {
    fn takes_first_iv(&self) -> bool {
        true
    }

    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let subject = KeySubject::Period(period);
        if self.answers.open(subject) {
            self.handlers.request(subject, &self.answers);
        }
        Ok(self.answers.keys(subject).map(Arc::new)?)
    }
}
