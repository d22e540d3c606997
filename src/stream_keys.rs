// SPDX-License-Identifier: MPL-2.0
//! The source of a stream's keys, as the properties and the handlers of an element say.

use std::sync::Arc;

use gst::prelude::*;
use gst::subclass::prelude::*;

use content_keys::{KeyCache, KeySource};
use host_access::Host;

use super::action_signals::is_answered;
use super::element_keys::{ElementKeys, KeyIdentity};
use super::logging::{KeyLog, Logged};
use super::request_key::RequestedKeys;
use super::settings::{GivenSource, Settings, SettingsError};

/// The source of a stream's keys, and those that it gave before.
pub(super) struct StreamKeys {
    pub(super) source: KeySource,
    pub(super) cache: Arc<KeyCache>,
}

impl StreamKeys {
    /// Reads the source from the settings of `element`, which keeps its keys in `kept`. Nothing is opened yet.
    ///
    /// # Errors
    /// Properties that name no source, or none that can be opened.
    pub(super) fn of<E: Logged>(
        element: &E,
        settings: &Settings,
        kept: &ElementKeys,
        host: &Host,
    ) -> Result<Self, SettingsError> {
        let object = element.obj().upcast_ref::<gst::Element>().clone();
        let log = KeyLog::new(E::category(), &object, Arc::clone(&host.clock));
        let request = settings.content_request();
        Ok(match settings.source() {
            Err(SettingsError::NoKey) if is_answered(&object) => Self {
                source: log.opened(Box::new(RequestedKeys::of(&object))),
                cache: kept.cache(KeyIdentity { uri: None, request }),
            },
            Err(error) => return Err(error),
            Ok(GivenSource::Keys(provider)) => Self {
                source: log.opened(provider),
                cache: Arc::default(),
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
                }
            }
        })
    }
}
