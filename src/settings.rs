// SPDX-License-Identifier: MPL-2.0
//! The properties that the encryptors share, and the [`Config`] that they amount to.
//!
//! Texts are kept as they were set and checked when the element starts: an error from there is a message that the application
//! sees, and it never repeats a secret.

mod enums;
mod keys;
mod specs;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;

use cenc_types::{Iv, IvSize};
use content_keys::{ContentRequest, KeyProvider};
use drm_signaling::{Drm, System};
use host_access::WallClock;
use protection_policy::{Config, Error, HeaderConfig, IvConfig};

use super::protected_caps::CapsProtection;
pub(super) use enums::TrackTypeProperty;
use enums::{
    FlavorProperty, HeaderVersionProperty, OnKeyMissingProperty, PeriodClockProperty,
    SchemeProperty, SystemsProperty,
};
pub(super) use keys::KeySettings;
pub(super) use specs::{key_specs, specs};

/// The values of all shared properties.
pub(super) struct Settings {
    scheme: SchemeProperty,
    flavor: FlavorProperty,
    iv_size: u32,
    iv: Option<String>,
    crypt_byte_block: u32,
    skip_byte_block: u32,
    keys: KeySettings,
    systems: SystemsProperty,
    pssh: Option<String>,
    pssh_version: u32,
    header_version: HeaderVersionProperty,
    la_url: Option<String>,
    lui_url: Option<String>,
    ds_id: Option<String>,
    custom_attributes: Option<String>,
    on_demand: bool,
    license_requested: bool,
    license_store_size: u32,
    crypto_period: u64,
    clear_lead: u64,
    content_id: Option<String>,
    period_clock: PeriodClockProperty,
    on_key_missing: OnKeyMissingProperty,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheme: SchemeProperty::default(),
            flavor: FlavorProperty::default(),
            iv_size: 8,
            iv: None,
            crypt_byte_block: 1,
            skip_byte_block: 9,
            keys: KeySettings::default(),
            systems: SystemsProperty::default(),
            pssh: None,
            pssh_version: 0,
            header_version: HeaderVersionProperty::default(),
            la_url: None,
            lui_url: None,
            ds_id: None,
            custom_attributes: None,
            on_demand: false,
            license_requested: true,
            license_store_size: 0,
            crypto_period: 0,
            clear_lead: 0,
            content_id: None,
            period_clock: PeriodClockProperty::default(),
            on_key_missing: OnKeyMissingProperty::default(),
        }
    }
}

impl Settings {
    /// Sets a property; its type was checked by GObject.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) {
        const CHECKED: &str = "GObject has checked the value's type";
        let text = || value.get::<Option<String>>().expect(CHECKED);
        let number = || value.get::<u32>().expect(CHECKED);
        let time = || value.get::<u64>().expect(CHECKED);
        let flag = || value.get::<bool>().expect(CHECKED);
        match name {
            "scheme" => self.scheme = value.get().expect(CHECKED),
            "flavor" => self.flavor = value.get().expect(CHECKED),
            "iv-size" => self.iv_size = number(),
            "iv" => self.iv = text(),
            "crypt-byte-block" => self.crypt_byte_block = number(),
            "skip-byte-block" => self.skip_byte_block = number(),
            "systems" => self.systems = value.get().expect(CHECKED),
            "pssh" => self.pssh = text(),
            "pssh-version" => self.pssh_version = number(),
            "header-version" => self.header_version = value.get().expect(CHECKED),
            "la-url" => self.la_url = text(),
            "lui-url" => self.lui_url = text(),
            "ds-id" => self.ds_id = text(),
            "custom-attributes" => self.custom_attributes = text(),
            "on-demand" => self.on_demand = flag(),
            "license-requested" => self.license_requested = flag(),
            "license-store-size" => self.license_store_size = number(),
            "crypto-period" => self.crypto_period = time(),
            "clear-lead" => self.clear_lead = time(),
            "content-id" => self.content_id = text(),
            "period-clock" => self.period_clock = value.get().expect(CHECKED),
            "on-key-missing" => self.on_key_missing = value.get().expect(CHECKED),
            _ => self.keys.set(name, value),
        }
    }

    /// The value of a readable property; None for one that is not of these.
    pub(super) fn get(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "scheme" => self.scheme.to_value(),
            "flavor" => self.flavor.to_value(),
            "iv-size" => self.iv_size.to_value(),
            "iv" => self.iv.to_value(),
            "crypt-byte-block" => self.crypt_byte_block.to_value(),
            "skip-byte-block" => self.skip_byte_block.to_value(),
            "systems" => self.systems.to_value(),
            "pssh" => self.pssh.to_value(),
            "pssh-version" => self.pssh_version.to_value(),
            "header-version" => self.header_version.to_value(),
            "la-url" => self.la_url.to_value(),
            "lui-url" => self.lui_url.to_value(),
            "ds-id" => self.ds_id.to_value(),
            "custom-attributes" => self.custom_attributes.to_value(),
            "on-demand" => self.on_demand.to_value(),
            "license-requested" => self.license_requested.to_value(),
            "license-store-size" => self.license_store_size.to_value(),
            "crypto-period" => self.crypto_period.to_value(),
            "clear-lead" => self.clear_lead.to_value(),
            "content-id" => self.content_id.to_value(),
            "period-clock" => self.period_clock.to_value(),
            "on-key-missing" => self.on_key_missing.to_value(),
            _ => return self.keys.get(name),
        })
    }

    /// The source of keys. It may read and write the key file: not for a streaming thread.
    ///
    /// # Errors
    /// Whatever is missing or malformed, by the property's name.
    pub(super) fn provider(&self) -> Result<Box<dyn KeyProvider>, SettingsError> {
        let systems = BTreeSet::<System>::from(self.systems).into_iter();
        self.keys.provider(&ContentRequest {
            content_id: self.content_id.clone(),
            scheme: self.scheme.into(),
            systems: systems.map(System::id).collect(),
            crypto_period: Some(Duration::from_nanos(self.crypto_period)).filter(|p| !p.is_zero()),
            by_clock: self.period_clock == PeriodClockProperty::Utc,
        })
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// Whatever is missing or malformed, by the property's name.
    pub(super) fn config(&self) -> Result<Config, SettingsError> {
        Ok(Config {
            flavor: self.flavor.into(),
            scheme: self.scheme.into(),
            pattern: Config::pattern(self.crypt_byte_block, self.skip_byte_block)?,
            iv: self.iv_config()?,
            crypto_period: Duration::from_nanos(self.crypto_period),
            clear_lead: Duration::from_nanos(self.clear_lead),
            clock: self.period_clock.into(),
            wall_clock: WallClock::default(),
            on_key_missing: self.on_key_missing.into(),
            content_id: self.content_id.clone(),
            systems: self.systems.into(),
            header: HeaderConfig {
                version: self.header_version.into(),
                la_url: parsed("la-url", self.la_url.as_deref())?,
                lui_url: parsed("lui-url", self.lui_url.as_deref())?,
                ds_id: parsed("ds-id", self.ds_id.as_deref())?,
                custom_attributes: parsed("custom-attributes", self.custom_attributes.as_deref())?,
                on_demand: self.on_demand,
                license_requested: (!self.license_requested).then_some(false),
                license_store_size: self.license_store_size as usize,
                pssh_lists_kids: self.pssh_version == 1,
            },
            extra_pssh: self.extra_pssh()?,
        })
    }

    fn extra_pssh(&self) -> Result<Vec<Drm>, SettingsError> {
        let boxes = self.pssh.as_deref().unwrap_or_default().split(',');
        let boxes = boxes.filter(|text| !text.trim().is_empty());
        boxes
            .map(|text| Config::extra_pssh(text).map_err(named("pssh")))
            .collect()
    }

    fn iv_config(&self) -> Result<IvConfig, SettingsError> {
        let size = match self.iv_size {
            8 => IvSize::Eight,
            16 => IvSize::Sixteen,
            other => return Err(SettingsError::IvSize(other)),
        };
        let Some(iv) = &self.iv else {
            return Ok(IvConfig::Random(size));
        };
        let bytes = cenc_types::decode_hex(iv).ok_or(cenc_types::Error::BadIv);
        let iv = bytes.and_then(|bytes| Iv::new(&bytes));
        Ok(IvConfig::First(iv.map_err(named("iv"))?))
    }

    /// What caps name, which are asked for before a configuration is there: the scheme, and of the systems that have a `pssh`
    /// the first.
    pub(super) fn caps_protection(&self) -> CapsProtection {
        let systems = BTreeSet::<System>::from(self.systems).into_iter();
        let mut with_box = systems.filter(|system| system.facts().has_pssh);
        let given = || Some(self.extra_pssh().ok()?.first()?.system_id());
        CapsProtection {
            scheme: self.scheme.into(),
            system: with_box.next().map(System::id).or_else(given),
        }
    }

    /// Whether the key seed is the one that Microsoft published for its test server.
    pub(super) fn has_public_seed(&self) -> bool {
        self.keys.has_public_seed()
    }
}

/// Why the properties do not amount to a configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    /// A property cannot be read.
    #[error("property {property}: {source}")]
    Property {
        property: &'static str,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// iv-size is neither 8 nor 16.
    #[error("property iv-size: {0} is not an IV size: give 8 or 16")]
    IvSize(u32),
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
    /// The keys or the pattern.
    #[error(transparent)]
    Setup(#[from] Error),
}

/// Puts the property's name before an error about its text.
fn named<E>(property: &'static str) -> impl FnOnce(E) -> SettingsError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| SettingsError::Property {
        property,
        source: Box::new(source),
    }
}

fn parsed<T>(property: &'static str, text: Option<&str>) -> Result<Option<T>, SettingsError>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let parsed = text.map(|text| text.parse().map_err(named(property)));
    parsed.transpose()
}

#[cfg(test)]
mod tests;
