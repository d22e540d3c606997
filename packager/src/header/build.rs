// SPDX-License-Identifier: MPL-2.0
//! `header build`: makes a header from the options of the command line.

use std::path::PathBuf;

use cenc_types::{ContentKey, KeyId, Scheme};
use clap::Args;
use drm_signaling::playready_pssh;
use host_access::Host;
use playready_header::header::HeaderFields;
use playready_header::{Header, KeyIds, PlayReadyObject};

use super::notation::{EncodedHeader, Error};
use super::report::HeaderReport;
use crate::options::{HeaderGroup, PropertyOptions, scheme_parser};
use crate::secrets;
use protection_policy::HeaderConfig;

const EXAMPLES: &str = "\
Examples:
  playready-packager header build --key-id 10000000-1000-1000-1000-100000000001 --la-url https://host/rm.asmx
  playready-packager header build --key-id KID --key-file film.key
  playready-packager header build --scheme cbcs --key-id KID --key-id KID2 --json";

/// Make a header and show it in all notations
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// KID as a UUID or 32 hex digits; with more than one, the header's version is 4.2 or 4.3
    #[arg(long = "key-id", value_name = "KID")]
    key_ids: Vec<KeyId>,
    /// File of mode 0600 with the content key of a KID in hex or base64, for CHECKSUM: one for each --key-id, in the same order
    #[arg(
        long = "key-file",
        value_name = "FILE",
        conflicts_with = "key_seed_file"
    )]
    key_files: Vec<PathBuf>,
    /// File of mode 0600 with a key seed in hex or base64, from which the content keys for CHECKSUM are derived
    #[arg(long, value_name = "FILE")]
    key_seed_file: Option<PathBuf>,
    /// Scheme of the content, which determines the algorithm
    #[arg(long, default_value = "cenc", value_parser = scheme_parser())]
    scheme: Scheme,
    #[command(flatten)]
    header: PropertyOptions<HeaderGroup>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

impl BuildArgs {
    /// Makes the header, and shows it in all notations.
    ///
    /// # Errors
    /// Keys that cannot be read, or a header that its version does not allow.
    pub fn report(&self, host: &Host) -> Result<HeaderReport, Error> {
        let config = HeaderConfig::from_values(self.header.values())?;
        let listed_kids = config.pssh_lists_kids.then(|| self.key_ids.clone());
        let object = PlayReadyObject::with_header(&Header::new(
            self.header_fields(config, &self.read_keys(host)?),
        )?)?;
        let pssh = playready_pssh(&object, listed_kids)?;
        HeaderReport::new(&EncodedHeader { object, pssh }, Some(self.scheme))
    }

    fn header_fields(&self, config: HeaderConfig, keys: &[ContentKey]) -> HeaderFields {
        HeaderFields {
            version: config.version,
            key_ids: KeyIds::for_mode(
                self.scheme.cipher_mode(),
                self.key_ids
                    .iter()
                    .enumerate()
                    .map(|(index, kid)| (*kid, keys.get(index))),
            ),
            la_url: config.la_url,
            lui_url: config.lui_url,
            ds_id: config.ds_id,
            custom_attributes: config.custom_attributes,
            on_demand: config.on_demand,
            license_requested: config.license_requested,
        }
    }

    /// Reads the keys of the KIDs, in their order; returns none if no file is given.
    fn read_keys(&self, host: &Host) -> Result<Vec<ContentKey>, Error> {
        if let Some(file) = &self.key_seed_file {
            let seed = secrets::read_seed(file, host)?;
            return Ok(self
                .key_ids
                .iter()
                .map(|kid| seed.content_key(kid))
                .collect());
        }
        let (kids, files) = (self.key_ids.len(), self.key_files.len());
        if files != 0 && files != kids {
            return Err(Error::KeyFiles { kids, files });
        }
        Ok(self
            .key_files
            .iter()
            .map(|file| secrets::read_key(file, host))
            .collect::<Result<_, _>>()?)
    }
}

impl From<playready_header::Error> for Error {
    fn from(error: playready_header::Error) -> Self {
        Self::Header(error)
    }
}
