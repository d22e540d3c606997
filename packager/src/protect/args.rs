// SPDX-License-Identifier: MPL-2.0
//! The options of `protect`, which are named and mean what the properties of `playreadyenc` do.

use std::path::PathBuf;
use std::time::Duration;

use cenc_types::{Iv, IvSize, KeyId, Scheme, decode_hex};
use clap::{ArgGroup, Args};
use common_encryption::Flavor;
use content_keys::{ContentRequest, FixedKeys, KeyProvider, KeyRing, SeedKeys};
use drm_signaling::{Drm, System};
use host_access::Host;
use protection_policy::{Config, IvConfig, duration};

use super::Error;
use crate::options::{HeaderOptions, Systems, flavor, scheme};
use crate::secrets;

const EXAMPLES: &str = "\
Examples:
  playready-packager protect clear.mp4 film.mp4 --key-uri file:///etc/keys/film.keys
  playready-packager protect clear.mp4 film.mp4 --key-uri speke+https://host/v2 --content-id film --scheme cbcs
  playready-packager protect --json clear.mp4 film.mp4 --key-id KID --key-seed-file service.seed --crypto-period 10m

Exit codes:
  0  OUT is written
  1  IN is not an MP4 file that can be protected, or there is no key for it
  2  wrong usage, or a file that cannot be opened, read or written";

/// Protect an MP4 file, progressive or fragmented, by Common Encryption
///
/// OUT is written beside its place and put there when it is complete: there is never half a file. A key never stands on the
/// command line, where every user of the machine sees it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("source of keys").required(true).args(["key_uri", "key_file", "key_seed_file"]))]
pub struct ProtectArgs {
    /// The clear file
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The protected file, which is replaced if it exists
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Write one JSON object with KIDs, counts and the texts for manifests
    #[arg(long)]
    pub json: bool,
    /// Threads: from two on one writes, the others encrypt fragments side by side; OUT does not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
    #[command(flatten)]
    keys: KeyOptions,
    #[command(flatten)]
    encryption: EncryptionOptions,
    #[command(flatten)]
    header: HeaderOptions,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
struct KeyOptions {
    /// file:///path/x.keys (made with a new key when it does not exist), file:///path/x.cpix, sqlite:///path/keys.db,
    /// postgresql://host/name or speke+https://host/path
    #[arg(long, value_name = "URI")]
    key_uri: Option<String>,
    /// What key servers and stores know the content by
    #[arg(long, value_name = "ID")]
    content_id: Option<String>,
    /// KID of the key in --key-file or of the first in --key-seed-file: a UUID or 32 hex digits
    #[arg(long, value_name = "KID", conflicts_with = "key_uri")]
    key_id: Option<KeyId>,
    /// File of mode 0600 with the content key of --key-id, 16 bytes in hex or base64
    #[arg(long, value_name = "FILE", requires = "key_id")]
    key_file: Option<PathBuf>,
    /// File of mode 0600 with a PlayReady key seed in hex or base64, from which the key of --key-id is computed
    #[arg(long, value_name = "FILE", requires = "key_id")]
    key_seed_file: Option<PathBuf>,
    /// How long each key is used, such as 10m; without it there is one for all time
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration::parse)]
    crypto_period: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Encryption")]
struct EncryptionOptions {
    /// Protection scheme, ISO/IEC 23001-7
    #[arg(long, default_value = "cenc", value_parser = scheme())]
    scheme: Scheme,
    /// Boxes that tell of it: Common Encryption's, or PIFF 1.1's for Smooth Streaming
    #[arg(long, default_value = "cenc", value_parser = flavor())]
    flavor: Flavor,
    /// Bytes of each sample's IV in cenc and cens
    #[arg(long, value_name = "BYTES", default_value = "8", value_parser = ["8", "16"])]
    iv_size: String,
    /// First IV in hex, constant in cbcs; random without it. Never give one twice with one key
    #[arg(long, value_name = "HEX", value_parser = iv)]
    iv: Option<Iv>,
    /// Encrypted blocks of 16 bytes in each run of the video pattern, cens and cbcs
    #[arg(long, value_name = "BLOCKS", default_value = "1")]
    crypt_byte_block: u32,
    /// Clear blocks of 16 bytes in each run of the video pattern, cens and cbcs
    #[arg(long, value_name = "BLOCKS", default_value = "9")]
    skip_byte_block: u32,
    /// How long the file is clear at its start, such as 10s, rounded to whole fragments
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration::parse)]
    clear_lead: Duration,
    /// DRM systems that the file and the texts signal: playready, widevine, common, fairplay, marlin, with + between them
    #[arg(long, default_value = "playready")]
    systems: Systems,
    /// Whole pssh boxes made elsewhere, in base64, separated by commas
    #[arg(long, value_name = "BASE64", value_delimiter = ',', value_parser = Config::extra_pssh)]
    pssh: Vec<Drm>,
}

impl ProtectArgs {
    /// What the library is to do.
    ///
    /// # Errors
    /// A pattern that encrypts nothing.
    pub fn config(&self) -> Result<Config, Error> {
        let asked = &self.encryption;
        let iv_size = match asked.iv_size.as_str() {
            "16" => IvSize::Sixteen,
            _ => IvSize::Eight,
        };
        Ok(Config {
            flavor: asked.flavor,
            pattern: Config::pattern(asked.crypt_byte_block, asked.skip_byte_block)?,
            iv: asked.iv.map_or(IvConfig::Random(iv_size), IvConfig::First),
            crypto_period: self.keys.crypto_period,
            clear_lead: asked.clear_lead,
            content_id: self.keys.content_id.clone(),
            systems: asked.systems.0.clone(),
            header: self.header.config(),
            extra_pssh: asked.pssh.clone(),
            ..Config::new(asked.scheme, Host::system())
        })
    }

    /// The source of keys. It may read files and make a `.keys` file.
    ///
    /// # Errors
    /// Whatever keeps it from giving keys.
    pub fn provider(&self) -> Result<Box<dyn KeyProvider>, Error> {
        let keys = &self.keys;
        Ok(match (keys.key_id, &keys.key_file, &keys.key_seed_file) {
            (Some(kid), Some(file), _) => {
                Box::new(FixedKeys::new(KeyRing::single(kid, secrets::key(file)?)))
            }
            (Some(kid), None, Some(file)) => Box::new(SeedKeys::new(kid, secrets::seed(file)?)),
            _ => {
                let uri = keys.key_uri.as_deref().unwrap_or_default();
                protection_policy::open(uri, &self.content_request(), &Host::system())?
            }
        })
    }

    fn content_request(&self) -> ContentRequest {
        let systems = self.encryption.systems.0.iter();
        ContentRequest {
            content_id: self.keys.content_id.clone(),
            scheme: self.encryption.scheme,
            systems: systems.copied().map(System::id).collect(),
            crypto_period: Some(self.keys.crypto_period).filter(|period| !period.is_zero()),
            by_clock: false,
        }
    }
}

fn iv(text: &str) -> Result<Iv, cenc_types::Error> {
    let bytes = decode_hex(text).ok_or(cenc_types::Error::BadIv)?;
    Iv::new(&bytes)
}
