// SPDX-License-Identifier: MPL-2.0
//! The options of protection, which have the names and the meaning of the properties of `playreadyenc`.

use std::path::PathBuf;

use cenc_types::KeyId;
use clap::{ArgGroup, Args};
use content_keys::{FixedKeys, KeyProvider, KeyRing, SeedKeys};
use host_access::Host;
use protection_policy::properties::{KEY_ID, KEY_URI};
use protection_policy::{Config, Packaging, SampleKeys};

use super::Error;
use crate::options::{AllGroups, PropertyOptions};
use crate::secrets;

/// The options of a command that protects.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source of keys").required(true).args([KEY_URI.name, "key_file", "key_seed_file"]))]
#[command(group = ArgGroup::new("name of keys").args([KEY_URI.name, KEY_ID.name]))]
pub struct ProtectionOptions {
    #[command(flatten)]
    properties: PropertyOptions<AllGroups>,
    /// File of mode 0600 with the content key of --key-id: 16 bytes in hex or base64
    #[arg(long, value_name = "FILE", requires = KEY_ID.name, help_heading = "Keys")]
    key_file: Option<PathBuf>,
    /// File of mode 0600 with a PlayReady key seed in hex or base64, from which the content key of --key-id is derived
    #[arg(long, value_name = "FILE", requires = KEY_ID.name, help_heading = "Keys")]
    key_seed_file: Option<PathBuf>,
}

impl ProtectionOptions {
    /// Returns the configuration of the packager.
    ///
    /// # Errors
    /// [`Error::Setup`] if the options contradict each other, such as a pattern that encrypts nothing.
    pub fn config(&self, host: &Host) -> Result<Config, Error> {
        Ok(Config::from_values(self.properties.values(), host.clone())?)
    }

    /// Returns the configuration of a packager that writes one init segment.
    ///
    /// # Errors
    /// As [`Self::config`], and [`Error::OneFile`].
    pub fn one_init_config(&self, host: &Host) -> Result<Config, Error> {
        let config = self.config(host)?;
        match config.renews_init() {
            true => Err(Error::OneFile),
            false => Ok(config),
        }
    }

    /// Opens the source of keys, which may read files or create a `.keys` file.
    ///
    /// # Errors
    /// [`Error::Secret`], [`Error::Setup`].
    fn provider(&self, host: &Host) -> Result<Box<dyn KeyProvider>, Error> {
        let values = self.properties.values();
        let kid: Option<KeyId> = values.parsed(&KEY_ID)?;
        Ok(match (kid, &self.key_file, &self.key_seed_file) {
            (Some(kid), Some(file), _) => Box::new(FixedKeys::new(KeyRing::single(
                kid,
                secrets::read_key(file, host)?,
            ))),
            (Some(kid), None, Some(file)) => {
                Box::new(SeedKeys::new(kid, secrets::read_seed(file, host)?))
            }
            _ => protection_policy::open(
                values.text(&KEY_URI).unwrap_or_default(),
                &values.content_request(),
                host,
            )?,
        })
    }

    /// Opens the source of keys and prepares protection with `config`.
    ///
    /// # Errors
    /// As [`Self::provider`], and if the source gives no key.
    pub fn open(&self, config: Config, host: &Host) -> Result<Packaging, Error> {
        Ok(Packaging::open(
            config,
            self.provider(host)?,
            SampleKeys::default(),
            Default::default(),
        )?)
    }
}
