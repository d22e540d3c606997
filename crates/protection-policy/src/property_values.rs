// SPDX-License-Identifier: MPL-2.0
//! The values of properties and command options.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use cenc_types::Scheme;
use content_keys::ContentRequest;
use drm_signaling::System;

use super::properties::{CONTENT_ID, CRYPTO_PERIOD, PERIOD_CLOCK, SCHEME, SYSTEMS};
use super::property_spec::{PropertyKind, PropertySpec, PropertyValue};
use super::{Error, PeriodClock};

/// The values of properties by name. A property that is not set has its default.
///
/// Texts are kept as they were set; [`crate::Config::from_values`] reads and checks them.
///
/// # Examples
/// ```
/// use cenc_types::Scheme;
/// use protection_policy::PropertyValues;
/// use protection_policy::properties::SCHEME;
///
/// let mut values = PropertyValues::default();
/// assert_eq!(values.scheme(), Scheme::Cenc);
/// values.set(&SCHEME, SCHEME.parse("cbcs").unwrap());
/// assert_eq!(values.scheme(), Scheme::Cbcs);
/// ```
#[derive(Clone, Default)]
pub struct PropertyValues(BTreeMap<&'static str, PropertyValue>);

/// Shows the names of the properties that are set, but no values, since some are secrets.
impl fmt::Debug for PropertyValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl PropertyValues {
    /// Sets a property.
    pub fn set(&mut self, property: &PropertySpec, value: PropertyValue) {
        self.0.insert(property.name, value);
    }

    /// Returns the value of a property, or its default if it is not set.
    pub fn get(&self, property: &PropertySpec) -> PropertyValue {
        self.0
            .get(property.name)
            .cloned()
            .unwrap_or_else(|| property.kind.default_value())
    }

    /// Returns the text of a property, if it is set.
    pub fn text(&self, property: &PropertySpec) -> Option<&str> {
        match self.0.get(property.name)? {
            PropertyValue::Text(text) => text.as_deref(),
            _ => None,
        }
    }

    /// Returns the secret text of a property, if it is set.
    pub fn secret(&self, property: &PropertySpec) -> Option<&str> {
        match self.0.get(property.name)? {
            PropertyValue::Secret(text) => text.as_ref().map(|text| text.as_str()),
            _ => None,
        }
    }

    /// Reads the text of a property as a `T`, if it is set.
    ///
    /// # Errors
    /// [`Error::Property`].
    pub fn parsed<T>(&self, property: &PropertySpec) -> Result<Option<T>, Error>
    where
        T: FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.text(property)
            .map(str::parse)
            .transpose()
            .map_err(|error| property.error(error))
    }

    /// Returns the name that a property is set to.
    pub fn choice(&self, property: &PropertySpec) -> &'static str {
        match self.get(property) {
            PropertyValue::Choice(nick) => nick,
            _ => "",
        }
    }

    /// Returns the number that a property is set to.
    pub fn number(&self, property: &PropertySpec) -> u32 {
        match self.get(property) {
            PropertyValue::Number(number) => number,
            _ => 0,
        }
    }

    /// Returns the time that a property is set to.
    pub fn time(&self, property: &PropertySpec) -> Duration {
        match self.get(property) {
            PropertyValue::Time(nanoseconds) => Duration::from_nanos(nanoseconds),
            _ => Duration::ZERO,
        }
    }

    /// True if the property is set to true.
    pub fn flag(&self, property: &PropertySpec) -> bool {
        self.get(property) == PropertyValue::Flag(true)
    }

    /// Returns the DRM systems that a property is set to.
    pub fn systems(&self, property: &PropertySpec) -> BTreeSet<System> {
        match self.get(property) {
            PropertyValue::Systems(systems) => systems,
            _ => BTreeSet::new(),
        }
    }

    /// Returns the request that is sent to the source of keys.
    pub fn content_request(&self) -> ContentRequest {
        ContentRequest {
            content_id: self.text(&CONTENT_ID).map(str::to_owned),
            scheme: self.scheme(),
            systems: self
                .systems(&SYSTEMS)
                .into_iter()
                .filter(|system| system.facts().requested.has_any())
                .map(System::id)
                .collect(),
            crypto_period: Some(self.time(&CRYPTO_PERIOD)).filter(|period| !period.is_zero()),
            by_clock: self.period_clock() == PeriodClock::Utc,
        }
    }

    /// Returns the protection scheme.
    pub fn scheme(&self) -> Scheme {
        match self.choice(&SCHEME) {
            "cens" => Scheme::Cens,
            "cbc1" => Scheme::Cbc1,
            "cbcs" => Scheme::Cbcs,
            _ => Scheme::Cenc,
        }
    }

    /// Returns the clock by which crypto periods are numbered.
    pub(super) fn period_clock(&self) -> PeriodClock {
        match self.choice(&PERIOD_CLOCK) {
            "utc" => PeriodClock::Utc,
            _ => PeriodClock::Stream,
        }
    }

    /// Returns the value of a property for display: None for a secret, and locations without credentials.
    pub fn shown(&self, property: &PropertySpec) -> Option<PropertyValue> {
        match (&property.kind, self.get(property)) {
            (PropertyKind::Secret, _) => None,
            (PropertyKind::Location, PropertyValue::Text(uri)) => {
                Some(PropertyValue::Text(uri.as_deref().map(without_credentials)))
            }
            (_, value) => Some(value),
        }
    }
}

/// Removes user, password and query from a location, since they may be secrets.
fn without_credentials(uri: &str) -> String {
    let Ok(mut url) = url::Url::parse(uri) else {
        return "(not a URI)".to_owned();
    };
    // These fail only for URLs without a host, which have no user and password either.
    let has_host = url
        .set_username("")
        .and_then(|()| url.set_password(None))
        .is_ok();
    if has_host || url.query().is_some() {
        url.set_query(None);
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use common_encryption::BoxFlavor;

    use host_access::Host;

    use super::*;
    use crate::choices::{HEADER_VERSIONS, SCHEMES};
    use crate::properties::{
        CRYPT_BYTE_BLOCK, FLAVOR, HEADER_VERSION, KEY, KEY_URI, ON_KEY_MISSING, PROPERTIES,
    };
    use crate::{Config, OnKeyMissing};

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
            let mut values = PropertyValues::default();
            values.set(&KEY_URI, PropertyValue::Text(Some(uri.to_owned())));
            let expected = PropertyValue::Text(Some(shown.to_owned()));
            assert!(values.shown(&KEY_URI) == Some(expected));
        }
    }

    #[test]
    fn key_servers_are_asked_for_signaling_that_they_give() {
        let mut values = PropertyValues::default();
        values.set(&SYSTEMS, SYSTEMS.parse("playready+clearkey").unwrap());
        assert_eq!(values.content_request().systems, [System::PlayReady.id()]);
    }

    #[test]
    fn each_name_of_a_type_has_its_own_meaning() {
        for nick in SCHEMES.nicks {
            let mut values = PropertyValues::default();
            values.set(&SCHEME, SCHEME.parse(nick).unwrap());
            assert_eq!(values.scheme().name(), *nick);
        }
        for nick in HEADER_VERSIONS.nicks {
            let mut values = PropertyValues::default();
            values.set(&HEADER_VERSION, HEADER_VERSION.parse(nick).unwrap());
            let version = Config::from_values(&values, Host::system())
                .unwrap()
                .header
                .version;
            assert_eq!(nick.parse(), Ok(version));
        }
        let mut values = PropertyValues::default();
        for (property, nick) in [
            (&PERIOD_CLOCK, "utc"),
            (&ON_KEY_MISSING, "hold"),
            (&FLAVOR, "piff"),
        ] {
            values.set(property, property.parse(nick).unwrap());
            assert!(property.parse("other").is_err());
        }
        let config = Config::from_values(&values, Host::system()).unwrap();
        assert_eq!(config.clock, PeriodClock::Utc);
        assert_eq!(config.on_key_missing, OnKeyMissing::Hold);
        assert_eq!(config.flavor, BoxFlavor::Piff);
        let config = Config::from_values(&PropertyValues::default(), Host::system()).unwrap();
        assert_eq!(config.clock, PeriodClock::Stream);
        assert_eq!(config.on_key_missing, OnKeyMissing::Stop);
        assert_eq!(config.flavor, BoxFlavor::Cenc);
    }

    #[test]
    fn names_of_properties_differ() {
        let names: BTreeSet<_> = PROPERTIES.iter().map(|property| property.name).collect();
        assert_eq!(names.len(), PROPERTIES.len());
    }

    #[test]
    fn numbers_keep_their_limits() {
        assert!(CRYPT_BYTE_BLOCK.parse("15").is_ok());
        for text in ["0", "16", "-1", "one"] {
            assert!(CRYPT_BYTE_BLOCK.parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut values = PropertyValues::default();
        values.set(&KEY, KEY.parse("5b7d").unwrap());
        assert!(values.shown(&KEY).is_none());
        assert_eq!(values.secret(&KEY), Some("5b7d"));
        assert_eq!(format!("{values:?}"), "{\"key\"}");
    }
}
