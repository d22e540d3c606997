// SPDX-License-Identifier: MPL-2.0
//! The source of a stream's keys, as the properties and the handlers of an element say.

use std::sync::Arc;

use gst::prelude::*;
use gst::subclass::prelude::*;

use content_keys::{KeyCache, KeySource};
use host_access::Host;

use super::element_keys::{ElementKeys, KeyIdentity};
use super::key_answers::KeyAnswers;
use super::key_subject::SubjectKind;
use super::logging::{KeyLog, Logged};
use super::request_key::{KeyHandlers, RequestedKeys};
use super::settings::{GivenSource, Settings, SettingsError};

/// The source of a stream's keys, and those that it gave before.
pub(super) struct StreamKeys {
    pub(super) source: KeySource,
    pub(super) cache: Arc<KeyCache>,
    /// The place in which the application puts keys after their request.
    pub(super) answers: Arc<KeyAnswers>,
}

/// The settings and handlers that determine the source of an element's keys.
pub(super) struct KeyOrigin<'a> {
    pub(super) settings: &'a Settings,
    pub(super) handlers: KeyHandlers,
    /// The keys that the element has.
    pub(super) kept: &'a ElementKeys,
}

impl StreamKeys {
    /// Reads the source of the keys of `element`. Nothing is opened yet.
    ///
    /// # Errors
    /// Properties that name no source, or none that can be opened.
    pub(super) fn of<E: Logged>(
        element: &E,
        origin: KeyOrigin<'_>,
        host: &Host,
    ) -> Result<Self, SettingsError> {
        let KeyOrigin {
            settings,
            handlers,
            kept,
        } = origin;
        let clock = Arc::clone(&host.clock);
        let log = KeyLog::new(E::category(), element.obj().upcast_ref(), clock);
        let request = settings.content_request();
        let clock = Arc::clone(&host.clock);
        let answers = Arc::new(KeyAnswers::new(
            SubjectKind::Period,
            clock,
            settings.key_timeout(),
        ));
        Ok(match settings.source() {
            Err(SettingsError::NoKey) if handlers.are_connected() => Self {
                source: log.opened(Box::new(RequestedKeys::new(handlers, Arc::clone(&answers)))),
                cache: kept.cache(KeyIdentity { uri: None, request }),
                answers,
            },
            Err(error) => return Err(error),
            Ok(GivenSource::Keys(provider)) => Self {
                source: log.opened(provider),
                cache: Arc::default(),
                answers,
            },
            Ok(GivenSource::Location(uri)) => {
                protection_policy::check_location(&uri, &request)
                    .map_err(protection_policy::Error::Keys)?;
                Self {
                    cache: kept.cache(KeyIdentity {
                        uri: Some(uri.clone()),
                        request: request.clone(),
                    }),
                    source: log.unopened({
                        let host = host.clone();
                        move || protection_policy::open(&uri, &request, &host)
                    }),
                    answers,
                }
            }
        })
    }
}
