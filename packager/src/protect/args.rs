// SPDX-License-Identifier: MPL-2.0
//! The options of `protect`, which have the names and the meaning of the properties of `playreadyenc`.

use std::path::PathBuf;

use cenc_types::KeyId;
use clap::{ArgGroup, Args};
use content_keys::{FixedKeys, KeyProvider, KeyRing, SeedKeys};
use host_access::Host;
use protection_policy::Config;
use protection_policy::properties::{KEY_ID, KEY_URI};

use super::Error;
use crate::options::{AllGroups, PropertyOptions};
use crate::secrets;

const EXAMPLES: &str = "\
Examples:
  playready-packager protect clear.mp4 film.mp4 --key-uri file:///etc/keys/film.keys
  playready-packager protect clear.mp4 film.mp4 --key-uri speke+https://host/v2 --content-id film --scheme cbcs
  playready-packager protect --init init.mp4 --init-out out/init.mp4 1.m4s 2.m4s out --key-uri file:///etc/keys/film.keys
  playready-packager protect --json clear.mp4 film.mp4 --key-id KID --key-seed-file service.seed --crypto-period 10m

Exit codes:
  0  OUT is written
  1  IN is not an MP4 file that can be protected, or there is no key for it
  2  wrong usage, or a file that cannot be opened, read or written";

/// Protect an MP4 file, progressive or fragmented, by Common Encryption
///
/// OUT is written under a temporary name and renamed when it is complete, so that there is never an incomplete OUT. Keys are read
/// from files and not from the command line, which every user of the machine can see.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("source of keys").required(true).args([KEY_URI.name, "key_file", "key_seed_file"]))]
#[command(group = ArgGroup::new("name of keys").args([KEY_URI.name, KEY_ID.name]))]
pub struct ProtectArgs {
    /// The clear file; with --init one or more segments, in their order
    #[arg(value_name = "IN", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The protected file; an existing file is replaced. For several segments, the folder of the protected ones
    #[arg(value_name = "OUT", required = true)]
    pub output: PathBuf,
    /// Clear init segment of segments that are files of their own
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// File for the protected init segment
    #[arg(long, value_name = "FILE", requires = "init")]
    pub init_out: Option<PathBuf>,
    /// Write one JSON object with KIDs, counts and the texts for manifests
    #[arg(long)]
    pub json: bool,
    /// Number of threads; if more than one, one of them writes and the others encrypt. OUT is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
    #[command(flatten)]
    properties: PropertyOptions<AllGroups>,
    /// File of mode 0600 with the content key of --key-id: 16 bytes in hex or base64
    #[arg(long, value_name = "FILE", requires = KEY_ID.name, help_heading = "Keys")]
    key_file: Option<PathBuf>,
    /// File of mode 0600 with a PlayReady key seed in hex or base64, from which the content key of --key-id is derived
    #[arg(long, value_name = "FILE", requires = KEY_ID.name, help_heading = "Keys")]
    key_seed_file: Option<PathBuf>,
}

impl ProtectArgs {
    /// Returns the configuration of the packager.
    ///
    /// # Errors
    /// [`Error::Setup`] if the options contradict each other, such as a pattern that encrypts nothing.
    pub fn config(&self, host: &Host) -> Result<Config, Error> {
        Ok(Config::from_values(self.properties.values(), host.clone())?)
    }

    /// Opens the source of keys, which may read files or create a `.keys` file.
    ///
    /// # Errors
    /// [`Error::Secret`], [`Error::Setup`].
    pub fn provider(&self, host: &Host) -> Result<Box<dyn KeyProvider>, Error> {
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
}
