// SPDX-License-Identifier: MPL-2.0
//! The properties that the encryptors share, and the [`Config`] that they amount to.
//!
//! Texts are kept as they were set and checked when the element starts: an error from there is a message that the application
//! sees, and it never repeats a secret.

mod enums;
mod keys;
mod specs;
mod values;

use gst::glib;

use content_keys::KeyProvider;
use drm_signaling::{Drm, System};
use host_access::Host;
use protection_policy::properties::SYSTEMS;
use protection_policy::{Config, Error, PropertyValues};

use super::protected_caps::CapsProtection;
pub(super) use enums::TrackTypeProperty;
pub(super) use keys::KeySettings;
pub(super) use specs::{key_specs, specs};

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

    /// The value of a readable property; None for one that is not of these.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        values::get(&self.values, name)
    }

    /// The source of keys. It may read and write the key file: not for a streaming thread.
    ///
    /// # Errors
    /// Whatever is missing or malformed, by the property's name.
    pub(super) fn provider(&self) -> Result<Box<dyn KeyProvider>, SettingsError> {
        keys::provider(&self.values, &self.values.content_request())
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// Whatever is missing or malformed, by the property's name.
    pub(super) fn config(&self) -> Result<Config, SettingsError> {
        Ok(Config::of(&self.values, Host::system())?)
    }

    /// What caps name, which are asked for before a configuration is there: the scheme, and of the systems that have a `pssh`
    /// the first.
    pub(super) fn caps_protection(&self) -> CapsProtection {
        let systems = self.values.systems(&SYSTEMS).into_iter();
        let mut with_box = systems.filter(|system| system.facts().has_pssh);
        let given = || {
            let boxes = Config::extra_boxes(&self.values).ok()?;
            boxes.first().map(Drm::system_id)
        };
        CapsProtection {
            scheme: self.values.scheme(),
            system: with_box.next().map(System::id).or_else(given),
        }
    }

    /// Whether the key seed is the one that Microsoft published for its test server.
    pub(super) fn has_public_seed(&self) -> bool {
        keys::has_public_seed(&self.values)
    }
}

/// Why the properties do not amount to a configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    /// No key at all.
    #[error(
        "no key: set key-uri=file:///path/x.keys (the file is made with a new key when it does not exist), or \
         key-id with key or key-seed"
    )]
    NoKey,
    /// A key without a KID.
    #[error("key and key-seed need the KID that they are for: set key-id")]
    NoKeyId,
    /// A KID without a key.
    #[error("key-id alone gives no key: set key or key-seed too, or key-uri instead")]
    OnlyKeyId,
    /// More than one source of keys.
    #[error(
        "several sources of keys: set either key-uri, or key-id with key, or key-id with key-seed"
    )]
    SeveralKeys,
    /// The keys, or the value of a property.
    #[error(transparent)]
    Setup(#[from] Error),
}

#[cfg(test)]
mod tests;
