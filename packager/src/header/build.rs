// SPDX-License-Identifier: MPL-2.0
//! `header build`: a header of what is given on the command line.

use std::path::PathBuf;

use cenc_types::{ContentKey, KeyId, Scheme};
use clap::Args;
use drm_signaling::playready_pssh;
use playready_header::header::HeaderFields;
use playready_header::{Header, KeyIds, PlayReadyObject};

use super::notation::{Error, Found};
use super::report::Report;
use crate::options::{HeaderGroup, PropertyOptions, scheme};
use crate::secrets;
use protection_policy::HeaderConfig;

const EXAMPLES: &str = "\
Examples:
  playready-packager header build --key-id 10000000-1000-1000-1000-100000000001 --la-url https://host/rm.asmx
  playready-packager header build --key-id KID --key-file film.key
  playready-packager header build --scheme cbcs --key-id KID --key-id KID2 --json";

/// Make a header and write it in all notations
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BuildArgs {
    /// KID: a UUID or 32 hex digits; several give a header of version 4.2 and above
    #[arg(long = "key-id", value_name = "KID")]
    key_ids: Vec<KeyId>,
    /// File of mode 0600 with a KID's key in hex or base64, for CHECKSUM: one for each --key-id, in their order
    #[arg(
        long = "key-file",
        value_name = "FILE",
        conflicts_with = "key_seed_file"
    )]
    key_files: Vec<PathBuf>,
    /// File of mode 0600 with the key seed of all KIDs in hex or base64, for CHECKSUM
    #[arg(long, value_name = "FILE")]
    key_seed_file: Option<PathBuf>,
    /// Scheme of the content: names the algorithm
    #[arg(long, default_value = "cenc", value_parser = scheme())]
    scheme: Scheme,
    #[command(flatten)]
    header: PropertyOptions<HeaderGroup>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

impl BuildArgs {
    /// The header in all notations.
    ///
    /// # Errors
    /// Keys that cannot be read; a header that its version cannot hold.
    pub fn report(&self) -> Result<Report, Error> {
        let config = HeaderConfig::of(self.header.values())?;
        let kids = config.pssh_lists_kids;
        let header = Header::new(self.fields(config, &self.keys()?))?;
        let object = PlayReadyObject::with_header(&header)?;
        let pssh = playready_pssh(&object, kids.then(|| self.key_ids.clone()))?;
        Report::new(&Found { object, pssh }, Some(self.scheme))
    }

    fn fields(&self, of: HeaderConfig, keys: &[ContentKey]) -> HeaderFields {
        let known = |index| keys.get(index);
        let kids = self.key_ids.iter().enumerate();
        let kids = kids.map(|(index, kid)| (*kid, known(index)));
        HeaderFields {
            version: of.version,
            key_ids: KeyIds::for_mode(self.scheme.cipher_mode(), kids),
            la_url: of.la_url,
            lui_url: of.lui_url,
            ds_id: of.ds_id,
            custom_attributes: of.custom_attributes,
            on_demand: of.on_demand,
            license_requested: of.license_requested,
        }
    }

    /// The keys of the KIDs, in their order; none where none are given.
    fn keys(&self) -> Result<Vec<ContentKey>, Error> {
        if let Some(file) = &self.key_seed_file {
            let seed = secrets::seed(file)?;
            let kids = self.key_ids.iter();
            return Ok(kids.map(|kid| seed.content_key(kid)).collect());
        }
        let (kids, files) = (self.key_ids.len(), self.key_files.len());
        if files != 0 && files != kids {
            return Err(Error::KeyFiles { kids, files });
        }
        let files = self.key_files.iter();
        Ok(files
            .map(|file| secrets::key(file))
            .collect::<Result<_, _>>()?)
    }
}

impl From<playready_header::Error> for Error {
    fn from(error: playready_header::Error) -> Self {
        Self::Header(error)
    }
}
