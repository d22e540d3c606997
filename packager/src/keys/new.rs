// SPDX-License-Identifier: MPL-2.0
//! `keys new`: adds a random key, a given key, or one that is derived from a key seed of the store.

use std::io::{self, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use clap::Args;
use content_key_store::KeyStore;
use host_access::Host;
use key_server::operations::finding::{Finding, Severity};
use key_server::operations::new_key;
use key_server::operations::new_key::{Draft, DraftKeySource};
use playready_header::header::HeaderKeyId;
use serde::Serialize;

use super::CommandResult;
use super::error::{EXIT_CODES, Error};
use super::report::KeyReport;
use super::secret_text;
use crate::options::scheme_parser;
use crate::store::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys new sqlite:///var/lib/packager/keys.db --kek-file keys.kek --content film
  playready-packager keys new STORE --kek-file keys.kek --content film --label VIDEO --kid KID --key-file video.key
  pass film | playready-packager keys new STORE --kek-file keys.kek --kid KID --key-file -
  playready-packager keys new STORE --kek-file keys.kek --kid KID --seed tenant-1 --scheme cbcs --dry-run";

/// Create a key: a random one, your own from a file, or one that is derived from a key seed of the store
///
/// The key is delivered to the content's targets at once. A KID has one key in one cipher mode, which never changes; entering the
/// same key again changes nothing.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct NewArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// The content that the key protects
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Label of the tracks that the key protects, as in the requests of packagers
    #[arg(
        long,
        value_name = "LABEL",
        default_value = "ALL",
        requires = "content"
    )]
    label: String,
    /// Index of the crypto period that the key protects
    #[arg(long, value_name = "NUMBER", default_value = "0", requires = "content")]
    period: u64,
    /// KID as a UUID, 32 hex digits, or base64 in PlayReady byte order [default: a random KID]
    #[arg(long, value_name = "KID")]
    kid: Option<String>,
    /// Scheme of the content; a key is used in CTR or in CBC, never in both
    #[arg(long, default_value = "cenc", value_parser = scheme_parser())]
    scheme: Scheme,
    /// File of mode 0600 with the key in hex or base64, or - for standard input [default: a random key]
    #[arg(long, value_name = "FILE", requires = "kid", conflicts_with = "seed")]
    key_file: Option<PathBuf>,
    /// Name of the store's key seed from which the key is derived
    #[arg(long, value_name = "NAME")]
    seed: Option<String>,
    /// Only check the options and show the checksum, without creating the key
    #[arg(long)]
    dry_run: bool,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The new key and the findings about it.
#[derive(Serialize)]
pub struct CreatedKey {
    /// None after a dry run.
    #[serde(flatten)]
    key: Option<KeyReport>,
    /// CHECKSUM of PlayReady Headers in base64, if the key and its KID are known and the scheme has one.
    checksum: Option<String>,
    findings: Vec<Finding>,
}

impl NewArgs {
    /// Creates the key, or only checks the options.
    ///
    /// # Errors
    /// A key that cannot be read, or that the store refuses.
    pub fn run(&self, host: &Host) -> Result<CreatedKey, Error> {
        let draft = self.draft(host)?;
        let store = self.store.open(host)?;
        if self.dry_run {
            return check_draft(&store, &draft);
        }
        let created = new_key::create(&store, &draft)?;
        Ok(CreatedKey {
            key: Some(KeyReport::load(&store, &created.info)?),
            checksum: checksum(Some(store.header_key_id(&created.info.kid)?)),
            findings: created.warnings,
        })
    }

    fn draft(&self, host: &Host) -> Result<Draft, Error> {
        Ok(Draft {
            kid: self.kid.clone(),
            source: match (&self.key_file, &self.seed) {
                (Some(file), _) => DraftKeySource::Entered(secret_text::read(file, host)?),
                (None, Some(name)) => DraftKeySource::Seed(name.clone()),
                (None, None) => DraftKeySource::Random,
            },
            scheme: self.scheme,
            content: self.content.clone(),
            label: self.label.clone(),
            period: self.period,
        })
    }
}

fn check_draft(store: &KeyStore, draft: &Draft) -> Result<CreatedKey, Error> {
    let findings = new_key::check(store, draft)?;
    match findings.iter().any(Finding::is_error) {
        true => Err(key_server::operations::Error::Refused(findings).into()),
        false => Ok(CreatedKey {
            key: None,
            checksum: checksum(new_key::header_key_id(store, draft)?),
            findings,
        }),
    }
}

fn checksum(key: Option<HeaderKeyId<8>>) -> Option<String> {
    key?.checksum.map(|checksum| STANDARD.encode(checksum))
}

impl CreatedKey {
    fn findings(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.severity == severity)
    }
}

impl CommandResult for CreatedKey {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.key {
            Some(key) => {
                writeln!(out, "KID {}", key.kid.uuid)?;
                writeln!(out, "    {} in PlayReady order", key.kid.base64_playready)?;
                writeln!(out, "    {}, {}, for {}", key.state, key.origin, key.mode)?;
            }
            None => writeln!(out, "the key can be created; none was created")?,
        }
        if let Some(checksum) = &self.checksum {
            writeln!(out, "    checksum {checksum}")?;
        }
        self.findings(Severity::Note)
            .try_for_each(|note| writeln!(out, "note: {}", note.text))
    }

    fn warnings(&self) -> Vec<String> {
        self.findings(Severity::Warning)
            .map(|warning| warning.text.clone())
            .collect()
    }
}
