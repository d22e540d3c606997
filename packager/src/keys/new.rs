// SPDX-License-Identifier: MPL-2.0
//! `keys new`: a random key, an operator's own, or one from a key seed of the store.

use std::io::{self, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use clap::Args;
use content_key_store::KeyStore;
use key_server::operations::new_key;
use key_server::operations::new_key::{Draft, Finding, Severity, Source};
use playready_header::header::HeaderKeyId;
use serde::Serialize;

use super::Answer;
use super::error::{EXIT_CODES, Error};
use super::report::Key;
use super::secret_text;
use crate::options::scheme;
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys new sqlite:///var/lib/packager/keys.db --kek-file keys.kek --content film
  playready-packager keys new STORE --kek-file keys.kek --content film --label VIDEO --kid KID --key-file video.key
  pass film | playready-packager keys new STORE --kek-file keys.kek --kid KID --key-file -
  playready-packager keys new STORE --kek-file keys.kek --kid KID --seed tenant-1 --scheme cbcs --dry-run";

/// Make a key: a random one, your own from a file, or one from a key seed of the store
///
/// It is on its way to the content's targets at once. A KID means one key in one cipher mode for ever; the same key once more
/// changes nothing.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct NewArgs {
    #[command(flatten)]
    store: Store,
    /// The content that the key is for
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// The content's tracks that it is for, as packagers ask for them
    #[arg(
        long,
        value_name = "LABEL",
        default_value = "ALL",
        requires = "content"
    )]
    label: String,
    /// Index of the crypto period that it is for
    #[arg(long, value_name = "NUMBER", default_value = "0", requires = "content")]
    period: u64,
    /// KID: a UUID, 32 hex digits, or base64 in PlayReady order; without it a new one
    #[arg(long, value_name = "KID")]
    kid: Option<String>,
    /// Scheme of the content: CTR and CBC never share a key
    #[arg(long, default_value = "cenc", value_parser = scheme())]
    scheme: Scheme,
    /// File of mode 0600 with the key in hex or base64, or - for standard input; without it a random key
    #[arg(long, value_name = "FILE", requires = "kid", conflicts_with = "seed")]
    key_file: Option<PathBuf>,
    /// Name of the store's key seed that gives the key
    #[arg(long, value_name = "NAME")]
    seed: Option<String>,
    /// Only say what is wrong, and the checksum of the key, and make none
    #[arg(long)]
    dry_run: bool,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A key that was made, and what there is to say of it.
#[derive(Serialize)]
pub struct Made {
    #[serde(flatten)]
    key: Option<Key>,
    /// CHECKSUM of PlayReady Headers in base64, where the key and its KID are known and the scheme has one.
    checksum: Option<String>,
    findings: Vec<Finding>,
}

impl NewArgs {
    pub fn run(&self) -> Result<Made, Error> {
        let draft = self.draft()?;
        let store = self.store.open()?;
        if self.dry_run {
            return foretell(&store, &draft);
        }
        let made = new_key::create(&store, &draft)?;
        let kid = &made.info.kid;
        Ok(Made {
            key: Some(Key::new(&made.info, store.slots_of(kid)?)),
            checksum: checksum(Some(store.header_key_id(kid)?)),
            findings: made.warnings,
        })
    }

    fn draft(&self) -> Result<Draft, Error> {
        let source = match (&self.key_file, &self.seed) {
            (Some(file), _) => Source::Entered(secret_text::read(file)?),
            (None, Some(name)) => Source::Seed(name.clone()),
            (None, None) => Source::Random,
        };
        Ok(Draft {
            kid: self.kid.clone(),
            source,
            scheme: self.scheme,
            content: self.content.clone(),
            label: self.label.clone(),
            period: self.period,
        })
    }
}

fn foretell(store: &KeyStore, draft: &Draft) -> Result<Made, Error> {
    let findings = new_key::check(store, draft)?;
    match findings.iter().any(Finding::is_error) {
        true => Err(key_server::operations::Error::Draft(findings).into()),
        false => Ok(Made {
            key: None,
            checksum: checksum(new_key::header_key_id(store, draft)?),
            findings,
        }),
    }
}

fn checksum(key: Option<HeaderKeyId<8>>) -> Option<String> {
    key?.checksum.map(|checksum| STANDARD.encode(checksum))
}

impl Answer for Made {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.key {
            Some(key) => {
                let state = key.state;
                writeln!(out, "KID {}", key.kid.uuid)?;
                writeln!(out, "    {} in PlayReady order", key.kid.base64_playready)?;
                writeln!(out, "    {state}, {}, for {}", key.origin, key.mode)?;
            }
            None => writeln!(out, "a key can be made so; none was")?,
        }
        if let Some(checksum) = &self.checksum {
            writeln!(out, "    checksum {checksum}")?;
        }
        let notes = self.findings.iter();
        let mut notes = notes.filter(|finding| finding.severity == Severity::Note);
        notes.try_for_each(|note| writeln!(out, "note: {}", note.text))
    }

    fn warnings(&self) -> Vec<String> {
        let findings = self.findings.iter();
        let warnings = findings.filter(|finding| finding.severity == Severity::Warning);
        warnings.map(|finding| finding.text.clone()).collect()
    }
}
