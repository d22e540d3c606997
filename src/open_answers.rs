// SPDX-License-Identifier: MPL-2.0
//! The place in which `set-key` puts the application's keys, while a stream may await them.

use std::sync::{Arc, Mutex};

use super::key_answers::KeyAnswers;
use super::logging::Logged;
use super::{error, lock};

/// The requests of the stream that runs, if one does.
#[derive(Default)]
pub(super) struct OpenAnswers(Mutex<Option<Arc<KeyAnswers>>>);

impl OpenAnswers {
    /// Takes keys for the requests in `answers` from now on.
    pub(super) fn begin(&self, answers: Arc<KeyAnswers>) {
        *lock(&self.0) = Some(answers);
    }

    /// Notes that no stream wants keys any longer.
    pub(super) fn end(&self) {
        *lock(&self.0) = None;
    }

    /// Takes a key that the application gives after its request. Returns false if it is not awaited, which a warning says while a
    /// stream runs.
    pub(super) fn give(&self, element: &impl Logged, answer: &gst::StructureRef) -> bool {
        let Some(answers) = lock(&self.0).clone() else {
            return false;
        };
        let given = answers.give(answer);
        if let Err(unwanted) = &given {
            let text = unwanted.to_string();
            error::post_warning(element, gst::ResourceError::Settings, &text);
        }
        given.is_ok()
    }
}
