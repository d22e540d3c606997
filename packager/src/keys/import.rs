// SPDX-License-Identifier: MPL-2.0
//! `keys import`: imports the keys of a CPIX document.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use cenc_types::Scheme;
use clap::Args;
use cpix::{Document, UnwrapKey};
use host_access::{Host, decode_text, open_regular_file};
use key_server::operations::cpix_documents::{Import, import, private_key};
use key_server::operations::kid::KeyIdForms;
use serde::Serialize;
use zeroize::Zeroizing;

use super::CommandResult;
use super::error::{EXIT_CODES, Error};
use super::secret_text;
use crate::options::scheme_parser;
use crate::store::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys import sqlite:///var/lib/packager/keys.db film.cpix --kek-file keys.kek --private-key-file my.pem
  curl https://keys.example.com/film.cpix | playready-packager keys import STORE - --kek-file keys.kek --content film";

/// Import the keys of a CPIX document (2.0 to 2.4) and their leaf licences, with the tracks and crypto periods of its usage rules
///
/// The whole document is checked before the first key is imported. The same document can be imported again.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ImportArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// The document, or - for standard input; a file with keys in the clear must have mode 0600
    #[arg(value_name = "FILE")]
    document: PathBuf,
    /// File of mode 0600 with the RSA private key that decrypts the keys, PKCS #8 in PEM
    #[arg(long, value_name = "FILE")]
    private_key_file: Option<PathBuf>,
    /// The content that the keys protect [default: the document's contentId]
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Scheme of the keys for which the document names none
    #[arg(long, value_parser = scheme_parser())]
    scheme: Option<Scheme>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The imported keys.
#[derive(Serialize)]
pub struct ImportedKeys {
    content: Option<String>,
    keys: Vec<ImportedKey>,
}

#[derive(Serialize)]
struct ImportedKey {
    #[serde(flatten)]
    kid: KeyIdForms,
    /// True if the key was in the store before.
    was_there: bool,
    /// True if the document has a leaf licence of the key.
    leaf_licence: bool,
    /// Other KIDs with the same key.
    same_key: Vec<String>,
}

impl ImportArgs {
    /// Imports the keys.
    ///
    /// # Errors
    /// A document or private key that cannot be read, or that the store refuses.
    pub fn run(&self, host: &Host) -> Result<ImportedKeys, Error> {
        let private = match &self.private_key_file {
            Some(path) => Some(private_key(secret_text::read(path, host)?.as_bytes())?),
            None => None,
        };
        let document = self.read_document(private.is_some(), host)?;
        let options = Import {
            private: private.as_ref().map(|key| key as &dyn UnwrapKey),
            content_id: self.content.as_deref(),
            scheme: self.scheme,
        };
        let imported = import(&self.store.open(host)?, document.as_bytes(), &options)?;
        Ok(ImportedKeys {
            keys: imported
                .keys
                .into_iter()
                .map(|key| ImportedKey {
                    kid: key.kid.into(),
                    was_there: key.was_there,
                    leaf_licence: key.has_leaf_licence,
                    same_key: key.same_key.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            content: imported.content_id,
        })
    }

    /// Reads the document; a file with encrypted keys may have any mode.
    fn read_document(&self, is_encrypted: bool, host: &Host) -> Result<Zeroizing<String>, Error> {
        match is_encrypted && self.document != Path::new("-") {
            true => read_file(&self.document).map_err(|source| Error::File {
                path: self.document.clone(),
                source,
            }),
            false => Ok(secret_text::read(&self.document, host)?),
        }
    }
}

/// Reads one byte more than a document may have, so that the parser refuses a longer one.
fn read_file(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    open_regular_file(path)?
        .take(Document::MAX_LEN as u64 + 1)
        .read_to_end(&mut bytes)?;
    decode_text(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

impl CommandResult for ImportedKeys {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for key in &self.keys {
            let note = |holds, text| if holds { text } else { "" };
            writeln!(
                out,
                "KID {}{}{}",
                key.kid.uuid,
                note(key.leaf_licence, ", with a leaf licence"),
                note(key.was_there, ", already in the store")
            )?;
        }
        let count = self.keys.len();
        match &self.content {
            Some(content) => writeln!(out, "{count} keys, for content '{content}'"),
            None => writeln!(out, "{count} keys, for no content"),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.keys
            .iter()
            .filter_map(|key| {
                let other = key.same_key.first()?;
                Some(format!("KID {other} has the same key as {}", key.kid.uuid))
            })
            .collect()
    }
}
