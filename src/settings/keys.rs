// SPDX-License-Identifier: MPL-2.0
//! The properties that say where keys come from, of the encryptors and of the decryptor.

use gst::glib;

use cenc_types::{ContentKey, KeyId};
use content_keys::{ContentRequest, FixedKeys, KeyProvider, KeyRing, SeedKeys};
use playready_header::KeySeed;
use protection_policy::properties::{KEY, KEY_ID, KEY_SEED, KEY_URI};
use protection_policy::{Error, PropertyValues};

use host_access::Host;

use super::{SettingsError, values};

/// The values of these properties, of an element that has no others of the table.
#[derive(Default)]
pub(crate) struct KeySettings {
    values: PropertyValues,
}

impl KeySettings {
    /// Sets a property; its type was checked by GObject.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) {
        values::set(&mut self.values, name, value);
    }

    /// The value of a readable property; None for one that is not of these.
    pub(crate) fn get(&self, name: &str) -> Option<glib::Value> {
        values::get(&self.values, name)
    }

    /// All keys, for a decryptor.
    ///
    /// # Errors
    /// Whatever is missing, malformed or given twice, by the property's name.
    pub(crate) fn ring(&self) -> Result<KeyRing, SettingsError> {
        Ok(match Given::of(&self.values)? {
            Given::Uri(uri) => {
                content_keys::load_keys(uri, &*Host::system().files).map_err(Error::Keys)?
            }
            Given::Key(kid, key) => KeyRing::single(kid, key),
            Given::Seed(kid, seed) => KeyRing::single(kid, seed.content_key(&kid)),
        })
    }
}

/// The source of keys for an encryptor. It may read and write the key file.
///
/// # Errors
/// As [`KeySettings::ring`].
pub(super) fn provider(
    values: &PropertyValues,
    request: &ContentRequest,
) -> Result<Box<dyn KeyProvider>, SettingsError> {
    Ok(match Given::of(values)? {
        Given::Uri(uri) => {
            protection_policy::open(uri, request, &Host::system()).map_err(Error::Keys)?
        }
        Given::Key(kid, key) => Box::new(FixedKeys::new(KeyRing::single(kid, key))),
        Given::Seed(kid, seed) => Box::new(SeedKeys::new(kid, seed)),
    })
}

/// Whether the key seed is the one that Microsoft published for its test server.
pub(super) fn has_public_seed(values: &PropertyValues) -> bool {
    let seed = values.secret(&KEY_SEED).map(KeySeed::parse);
    seed.is_some_and(|seed| seed.is_ok_and(|seed| seed.is_public_test_seed()))
}

/// What is given of the three ways to give keys.
enum Given<'a> {
    Uri(&'a str),
    Key(KeyId, ContentKey),
    Seed(KeyId, KeySeed),
}

impl<'a> Given<'a> {
    fn of(values: &'a PropertyValues) -> Result<Self, SettingsError> {
        let kid = values.text(&KEY_ID);
        let secrets = (values.secret(&KEY), values.secret(&KEY_SEED));
        match (values.text(&KEY_URI), kid, secrets) {
            (Some(uri), None, (None, None)) => Ok(Given::Uri(uri)),
            (None, Some(kid), (Some(key), None)) => {
                let kid = kid
                    .parse()
                    .map_err(|e: cenc_types::Error| KEY_ID.error(e))?;
                let key = ContentKey::parse(key).map_err(|error| KEY.error(error))?;
                Ok(Given::Key(kid, key))
            }
            (None, Some(kid), (None, Some(seed))) => {
                let kid = kid
                    .parse()
                    .map_err(|e: cenc_types::Error| KEY_ID.error(e))?;
                let seed = KeySeed::parse(seed).map_err(|error| KEY_SEED.error(error))?;
                Ok(Given::Seed(kid, seed))
            }
            (None, None, (None, None)) => Err(SettingsError::NoKey),
            (None, None, _) => Err(SettingsError::NoKeyId),
            (None, Some(_), (None, None)) => Err(SettingsError::OnlyKeyId),
            (_, _, _) => Err(SettingsError::SeveralKeys),
        }
    }
}
