// SPDX-License-Identifier: MPL-2.0
//! The keys of the element: where each stream gets them, and those that stay from one stream to the next.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gst::subclass::prelude::*;

use common_encryption::KnownKeys;
use content_keys::{FixedKeys, KeyChannel, KeyProvider, KeySource};
use host_access::Host;
use protection_policy::KeyTask;

use super::CATEGORY;
use super::awaited_keys::{AwaitedKeys, AwaitedSource, WaitEnd};
use super::imp::ClearKeyDec;
use crate::key_answers::KeyAnswers;
use crate::key_subject::SubjectKind;
use crate::open_answers::OpenAnswers;
use crate::request_key::KeyHandlers;
use crate::settings::{DecryptionKeys, KeySettings, SettingsError};
use crate::{error, key_thread, lock};

/// The keys of a decryptor.
#[derive(Default)]
pub(super) struct DecryptorKeys {
    /// The keys that the stream waits for, if it does not have them all.
    awaited: Mutex<Option<Arc<AwaitedKeys>>>,
    /// The keys that the application gave, and its open requests.
    given: Mutex<Option<GivenKeys>>,
    /// The place in which the application puts keys after their request.
    pub(super) answers: OpenAnswers,
}

/// The keys of the application, which stay while the settings do.
#[derive(Clone)]
struct GivenKeys {
    known: Arc<KnownKeys>,
    awaited: Arc<AwaitedKeys>,
    answers: Arc<KeyAnswers>,
}

impl DecryptorKeys {
    /// Returns the keys of a stream of `element`. A file is read on a thread of its own. Having no key is an error only when a sample
    /// needs one.
    ///
    /// # Errors
    /// Settings that cannot be used.
    pub(super) fn of_stream(
        &self,
        element: &ClearKeyDec,
        settings: &KeySettings,
    ) -> Result<Arc<KnownKeys>, gst::ErrorMessage> {
        match settings.decryption_keys() {
            Err(SettingsError::NoKey) => Ok(self.of_application(element, settings)),
            Err(error) => Err(error::settings_message(element, &error)),
            Ok(DecryptionKeys::Seed(seed)) => {
                Ok(Arc::new(KnownKeys::looked_up(Box::new(move |kid| {
                    Some(seed.content_key(&kid))
                }))))
            }
            Ok(DecryptionKeys::Given(kid, key)) => {
                gst::info!(CATEGORY, imp = element, "has the key of KID {kid}");
                Ok(Arc::new([(kid, &key)].into_iter().collect()))
            }
            Ok(DecryptionKeys::File(uri)) => self.of_file(element, uri),
        }
    }

    /// Forgets the keys of the application, so that the next stream requests them again.
    pub(super) fn forget(&self) {
        *lock(&self.given) = None;
    }

    /// Notes that no stream wants keys any longer.
    pub(super) fn end(&self) {
        *lock(&self.awaited) = None;
        self.answers.end();
        if let Some(given) = &*lock(&self.given) {
            given.answers.close();
        }
    }

    /// Returns why the last key did not come, if the stream waited for it.
    pub(super) fn take_wait_end(&self) -> Option<WaitEnd> {
        let awaited = lock(&self.awaited).clone();
        awaited.and_then(|awaited| awaited.take_end())
    }

    fn of_file(
        &self,
        element: &ClearKeyDec,
        uri: String,
    ) -> Result<Arc<KnownKeys>, gst::ErrorMessage> {
        let host = Host::system();
        let clock = Arc::clone(&host.clock);
        let logger = element.obj().downgrade();
        let source = KeySource::Unopened(Box::new(move || -> Result<Box<dyn KeyProvider>, _> {
            let keys = content_keys::load_keys(&uri, &*host.files)?;
            if let Some(logger) = logger.upgrade() {
                for entry in keys.entries() {
                    gst::info!(CATEGORY, obj = logger, "has the key of KID {}", entry.kid);
                }
            }
            Ok(Box::new(FixedKeys::new(keys)))
        }));
        let KeyChannel { keys, requests } = KeyChannel::new(source, Arc::default(), clock);
        let (_, known) = self.awaited(element, AwaitedSource::File(keys));
        key_thread::spawn(element, KeyTask::of_decryptor(requests)).map_err(|error| {
            let error = protection_policy::Error::Keys(content_keys::Error::Thread(error));
            error::settings_message(element, &error)
        })?;
        Ok(known)
    }

    /// Returns keys that the application gives by `request-key`, or none if it answers no requests.
    fn of_application(&self, element: &ClearKeyDec, settings: &KeySettings) -> Arc<KnownKeys> {
        let handlers = KeyHandlers::default();
        handlers.element.set(Some(element.obj().upcast_ref()));
        if !handlers.are_connected() {
            gst::warning!(
                CATEGORY,
                imp = element,
                "no keys: only clear streams can pass"
            );
            return Arc::default();
        }
        let given = lock(&self.given).clone().unwrap_or_else(|| {
            let answers = Arc::new(KeyAnswers::new(
                SubjectKind::KeyId,
                Host::system().clock,
                settings.key_timeout(),
            ));
            let source = AwaitedSource::Application {
                handlers,
                answers: Arc::clone(&answers),
            };
            let (awaited, known) = self.awaited(element, source);
            GivenKeys {
                known,
                awaited,
                answers,
            }
        });
        *lock(&self.awaited) = Some(Arc::clone(&given.awaited));
        self.answers.begin(Arc::clone(&given.answers));
        let known = Arc::clone(&given.known);
        *lock(&self.given) = Some(given);
        known
    }

    /// Makes `source` the one that the stream waits for.
    fn awaited(
        &self,
        element: &ClearKeyDec,
        source: AwaitedSource,
    ) -> (Arc<AwaitedKeys>, Arc<KnownKeys>) {
        let is_stopped = element.waits.check(&element.sinkpad);
        let awaited = Arc::new(AwaitedKeys::new(source, is_stopped));
        *lock(&self.awaited) = Some(Arc::clone(&awaited));
        let looked_up = Arc::clone(&awaited);
        let known = KnownKeys::looked_up(Box::new(move |kid| looked_up.key(kid)));
        (awaited, Arc::new(known))
    }
}
