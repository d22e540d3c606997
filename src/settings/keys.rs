// SPDX-License-Identifier: MPL-2.0
//! The key properties of the encryptors and the decryptor.

use std::time::Duration;

use gst::glib;

use cenc_types::{ContentKey, KeyId};
use content_keys::{FixedKeys, KeyProvider, KeyRing, SeedKeys};
use playready_header::KeySeed;
use protection_policy::properties::{KEY, KEY_ID, KEY_SEED, KEY_TIMEOUT, KEY_URI};
use protection_policy::{Error, PropertyValues};

use super::{SettingsError, values};

/// The values of the key properties, for an element that has no other properties of the table.
#[derive(Default)]
pub(crate) struct KeySettings {
    values: PropertyValues,
}

impl KeySettings {
    /// Sets a property; its type was checked by GObject.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) {
        values::set(&mut self.values, name, value);
    }

    /// Returns the value of a readable property; None for any other property.
    pub(crate) fn get(&self, name: &str) -> Option<glib::Value> {
        values::get(&self.values, name)
    }

    /// Reads the keys of a decryptor.
    ///
    /// # Errors
    /// The property that is missing, malformed or given twice.
    pub(crate) fn decryption_keys(&self) -> Result<DecryptionKeys, SettingsError> {
        Ok(match KeyProperties::from_values(&self.values)? {
            KeyProperties::Uri(uri) => {
                content_keys::check_key_file_uri(uri).map_err(Error::Keys)?;
                DecryptionKeys::File(uri.to_owned())
            }
            KeyProperties::Key(kid, key) => DecryptionKeys::Given(kid, key),
            KeyProperties::Seed(_, seed) => DecryptionKeys::Seed(seed),
        })
    }

    /// Returns the longest time from the announcement of a key to the key.
    pub(crate) fn key_timeout(&self) -> Duration {
        self.values.time(&KEY_TIMEOUT)
    }
}

/// The keys of a decryptor.
pub(crate) enum DecryptionKeys {
    /// This key only.
    Given(KeyId, ContentKey),
    /// The URI of a file, which is read on the thread of requests.
    File(String),
    /// The seed from which the key of every KID follows.
    Seed(KeySeed),
}

/// The keys that an encryptor's properties give, before anything is opened.
pub(crate) enum GivenSource {
    /// The keys themselves.
    Keys(Box<dyn KeyProvider>),
    /// The place of a source, which is opened on the thread of requests.
    Location(String),
}

/// Reads the source of keys of an encryptor from its properties.
///
/// # Errors
/// The property that is missing, malformed or given twice.
pub(super) fn source(values: &PropertyValues) -> Result<GivenSource, SettingsError> {
    Ok(match KeyProperties::from_values(values)? {
        KeyProperties::Uri(uri) => GivenSource::Location(uri.to_owned()),
        KeyProperties::Key(kid, key) => {
            GivenSource::Keys(Box::new(FixedKeys::new(KeyRing::single(kid, key))))
        }
        KeyProperties::Seed(kid, seed) => GivenSource::Keys(Box::new(SeedKeys::new(
            kid.ok_or(SettingsError::NoKeyId)?,
            seed,
        ))),
    })
}

/// True if the key seed is the one that Microsoft published for its test server.
pub(super) fn has_public_seed(values: &PropertyValues) -> bool {
    values
        .secret(&KEY_SEED)
        .is_some_and(|seed| KeySeed::parse(seed).is_ok_and(|seed| seed.is_public_test_seed()))
}

/// The three ways to give keys by properties.
enum KeyProperties<'a> {
    Uri(&'a str),
    Key(KeyId, ContentKey),
    /// A decryptor needs no KID.
    Seed(Option<KeyId>, KeySeed),
}

impl<'a> KeyProperties<'a> {
    fn from_values(values: &'a PropertyValues) -> Result<Self, SettingsError> {
        let secrets = (values.secret(&KEY), values.secret(&KEY_SEED));
        match (values.text(&KEY_URI), values.text(&KEY_ID), secrets) {
            (Some(uri), None, (None, None)) => Ok(KeyProperties::Uri(uri)),
            (None, Some(kid), (Some(key), None)) => Ok(KeyProperties::Key(
                parse_key_id(kid)?,
                ContentKey::parse(key).map_err(|error| KEY.error(error))?,
            )),
            (None, kid, (None, Some(seed))) => Ok(KeyProperties::Seed(
                kid.map(parse_key_id).transpose()?,
                KeySeed::parse(seed).map_err(|error| KEY_SEED.error(error))?,
            )),
            (None, None, (None, None)) => Err(SettingsError::NoKey),
            (None, None, _) => Err(SettingsError::NoKeyId),
            (None, Some(_), (None, None)) => Err(SettingsError::OnlyKeyId),
            (_, _, _) => Err(SettingsError::SeveralKeys),
        }
    }
}

fn parse_key_id(text: &str) -> Result<KeyId, Error> {
    text.parse()
        .map_err(|error: cenc_types::Error| KEY_ID.error(error))
}
