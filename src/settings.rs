// SPDX-License-Identifier: MPL-2.0
//! The properties that the encryptors share, and the [`Config`] read from them.
//!
//! Texts are kept as they were set and checked when the element starts, so that errors reach the application as messages. They
//! never contain a secret.

mod enums;
mod keys;
mod specs;
mod values;

use std::time::Duration;

use gst::glib;

use content_keys::ContentRequest;
use drm_signaling::{Drm, System};
use host_access::Host;
use protection_policy::properties::{KEY_TIMEOUT, SYSTEMS};
use protection_policy::{Config, Error, PropertyValues};

use super::protected_caps::CapsProtection;
pub(super) use enums::TrackTypeProperty;
pub(super) use keys::{DecryptionKeys, GivenSource, KeySettings};
pub(super) use specs::{key_specs, specs, specs_with_default};

/// The values of all shared properties.
#[derive(Default)]
pub(super) struct Settings {
    values: PropertyValues,
}

impl Settings {
    /// Sets a property; its type was checked by GObject.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        values::set(&mut self.values, name, value);
    }

    /// Sets a property with named values.
    pub(super) fn set_choice(&mut self, name: &str, nick: &'static str) {
        values::set_choice(&mut self.values, name, nick);
    }

    /// Returns the value of a readable property; None for any other property.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        values::get(&self.values, name)
    }

    /// Returns the source of keys, which is not opened yet.
    ///
    /// # Errors
    /// The property that is missing or malformed.
    pub(super) fn source(&self) -> Result<GivenSource, SettingsError> {
        keys::source(&self.values)
    }

    /// Returns the request that is sent to the source of keys.
    pub(super) fn content_request(&self) -> ContentRequest {
        self.values.content_request()
    }

    /// Returns the longest time from the announcement of a key to the key.
    pub(super) fn key_timeout(&self) -> Duration {
        self.values.time(&KEY_TIMEOUT)
    }

    /// Reads and checks the settings.
    ///
    /// # Errors
    /// The property that is missing or malformed.
    pub(super) fn config(&self, host: Host) -> Result<Config, SettingsError> {
        Ok(Config::from_values(&self.values, host)?)
    }

    /// Returns the protection to name in caps: the scheme, and the first system that has a `pssh`. Caps are negotiated before the
    /// settings are checked.
    pub(super) fn caps_protection(&self) -> CapsProtection {
        CapsProtection {
            scheme: self.values.scheme(),
            system: self
                .values
                .systems(&SYSTEMS)
                .into_iter()
                .find(|system| system.facts().has_pssh)
                .map(System::id)
                .or_else(|| {
                    Config::read_extra_pssh(&self.values)
                        .ok()?
                        .first()
                        .map(Drm::system_id)
                }),
        }
    }

    /// True if the key seed is the one that Microsoft published for its test server.
    pub(super) fn has_public_seed(&self) -> bool {
        keys::has_public_seed(&self.values)
    }
}

/// The reason why the properties are not a valid configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    /// No key is given.
    #[error(
        "no key: set key-uri=file:///path/x.keys (the file is created with a new key if it does not exist), or \
         key-id with key or key-seed"
    )]
    NoKey,
    /// A key without a KID.
    #[error("key and key-seed need a KID: set key-id")]
    NoKeyId,
    /// A KID without a key.
    #[error("key-id alone gives no key: set key or key-seed too, or key-uri instead")]
    OnlyKeyId,
    /// More than one source of keys.
    #[error(
        "several sources of keys: set either key-uri, or key-id with key, or key-id with key-seed"
    )]
    SeveralKeys,
    /// An error in the keys or in the value of a property.
    #[error(transparent)]
    Setup(#[from] Error),
}

#[cfg(test)]
mod tests;
