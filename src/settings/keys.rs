// SPDX-License-Identifier: MPL-2.0
//! The properties that say where keys come from, of the encryptors and of the decryptor.

use std::str::FromStr;

use gst::glib;
use gst::prelude::*;
use zeroize::Zeroizing;

use cenc_types::{ContentKey, KeyId};
use content_keys::{ContentRequest, FixedKeys, KeyProvider, KeyRing, SeedKeys};
use playready_header::KeySeed;
use protection_policy::Error;

use super::{SettingsError, named};
use host_access::Host;

/// The values of these properties.
#[derive(Default)]
pub(crate) struct KeySettings {
    key_id: Option<String>,
    key: Option<Zeroizing<String>>,
    key_seed: Option<Zeroizing<String>>,
    key_uri: Option<String>,
}

impl KeySettings {
    /// Sets a property; its type was checked by GObject.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) {
        let text: Option<String> = value.get().expect("GObject has checked the value's type");
        match name {
            "key-uri" => self.key_uri = text,
            "key-id" => self.key_id = text,
            "key" => self.key = text.map(Zeroizing::new),
            "key-seed" => self.key_seed = text.map(Zeroizing::new),
            _ => unreachable!("GObject knows only the properties of specs()"),
        }
    }

    /// The value of a readable property; None for one that is not of these.
    pub(crate) fn get(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "key-uri" => self.key_uri.as_deref().map(without_credentials).to_value(),
            "key-id" => self.key_id.to_value(),
            _ => return None,
        })
    }

    /// The source of keys for an encryptor. It may read and write the key file.
    ///
    /// # Errors
    /// Whatever is missing, malformed or given twice, by the property's name.
    pub(crate) fn provider(
        &self,
        request: &ContentRequest,
    ) -> Result<Box<dyn KeyProvider>, SettingsError> {
        Ok(match self.given()? {
            Given::Uri(uri) => {
                protection_policy::open(uri, request, &Host::system()).map_err(Error::Keys)?
            }
            Given::Key(kid, key) => Box::new(FixedKeys::new(KeyRing::single(kid, key))),
            Given::Seed(kid, seed) => Box::new(SeedKeys::new(kid, seed)),
        })
    }

    /// All keys, for a decryptor.
    ///
    /// # Errors
    /// As [`KeySettings::provider`].
    pub(crate) fn ring(&self) -> Result<KeyRing, SettingsError> {
        Ok(match self.given()? {
            Given::Uri(uri) => {
                content_keys::load(uri, &*Host::system().files).map_err(Error::Keys)?
            }
            Given::Key(kid, key) => KeyRing::single(kid, key),
            Given::Seed(kid, seed) => KeyRing::single(kid, seed.content_key(&kid)),
        })
    }

    fn given(&self) -> Result<Given<'_>, SettingsError> {
        let uri = self.key_uri.as_deref();
        let secrets = (self.key.as_deref(), self.key_seed.as_deref());
        match (uri, self.key_id.as_deref(), secrets) {
            (Some(uri), None, (None, None)) => Ok(Given::Uri(uri)),
            (None, Some(kid), (Some(key), None)) => {
                let kid = KeyId::from_str(kid).map_err(named("key-id"))?;
                let key = ContentKey::parse(key).map_err(named("key"))?;
                Ok(Given::Key(kid, key))
            }
            (None, Some(kid), (None, Some(seed))) => {
                let kid = KeyId::from_str(kid).map_err(named("key-id"))?;
                let seed = KeySeed::parse(seed).map_err(named("key-seed"))?;
                Ok(Given::Seed(kid, seed))
            }
            (None, None, (None, None)) => Err(SettingsError::NoKey),
            (None, None, _) => Err(SettingsError::NoKeyId),
            (None, Some(_), (None, None)) => Err(SettingsError::OnlyKeyId),
            (_, _, _) => Err(SettingsError::SeveralKeys),
        }
    }

    /// Whether the key seed is the one that Microsoft published for its test server.
    pub(super) fn has_public_seed(&self) -> bool {
        let seed = self.key_seed.as_deref().map(|seed| KeySeed::parse(seed));
        seed.is_some_and(|seed| seed.is_ok_and(|seed| seed.is_public_test_seed()))
    }
}

/// What is given of the three ways to give keys.
enum Given<'a> {
    Uri(&'a str),
    Key(KeyId, ContentKey),
    Seed(KeyId, KeySeed),
}

/// The key location as it may be shown: user, password and query may be secrets.
fn without_credentials(uri: &str) -> String {
    let Ok(mut url) = url::Url::parse(uri) else {
        return "(not a URI)".to_owned();
    };
    // These fail only for URLs without a host, which have no user and password either.
    let hidden = url.set_username("").and_then(|()| url.set_password(None));
    if hidden.is_ok() || url.query().is_some() {
        url.set_query(None);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_location_has_no_credentials() {
        for (uri, shown) in [
            ("file:///etc/x.keys", "file:///etc/x.keys"),
            (
                "speke+https://user:pass@host/v2?token=1",
                "speke+https://host/v2",
            ),
            ("postgresql://u:p@host/db", "postgresql://host/db"),
            ("secret", "(not a URI)"),
        ] {
            assert_eq!(without_credentials(uri), shown);
        }
    }
}
