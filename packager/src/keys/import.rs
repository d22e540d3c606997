// SPDX-License-Identifier: MPL-2.0
//! `keys import`: the keys of a CPIX document.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use cenc_types::Scheme;
use clap::Args;
use cpix::{Document, UnwrapKey};
use key_server::operations::cpix_documents::{Import, import, private_key};
use key_server::operations::kid::KeyIdForms;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Answer;
use super::error::{EXIT_CODES, Error};
use super::secret_text;
use crate::options::scheme;
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  playready-packager keys import sqlite:///var/lib/packager/keys.db film.cpix --kek-file keys.kek --private-key-file my.pem
  curl https://keys.example.com/film.cpix | playready-packager keys import STORE - --kek-file keys.kek --content film";

/// Import the keys of a CPIX document (2.0 to 2.4), with the tracks and crypto periods of its usage rules
///
/// All of it is checked first. The same document may come again.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ImportArgs {
    #[command(flatten)]
    store: Store,
    /// The document, or - for standard input; a file with keys in the clear has mode 0600
    #[arg(value_name = "FILE")]
    document: PathBuf,
    /// File of mode 0600 with the RSA private key, PKCS #8 in PEM, to whose certificate the keys are encrypted
    #[arg(long, value_name = "FILE")]
    private_key_file: Option<PathBuf>,
    /// The content that the keys are for, instead of the document's own
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Scheme of keys for which the document names none
    #[arg(long, value_parser = scheme())]
    scheme: Option<Scheme>,
    /// Write one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What came of a document.
#[derive(Serialize)]
pub struct Imported {
    content: Option<String>,
    keys: Vec<ImportedKey>,
}

#[derive(Serialize)]
struct ImportedKey {
    #[serde(flatten)]
    kid: KeyIdForms,
    /// Whether the store had it already.
    was_there: bool,
    /// KIDs with the same key.
    same_key: Vec<String>,
}

impl ImportArgs {
    pub fn run(&self) -> Result<Imported, Error> {
        let private = self.private_key_file.as_ref();
        let private = private.map(|path| {
            let pem = secret_text::read(path)?;
            Ok::<_, Error>(private_key(pem.as_bytes())?)
        });
        let private = private.transpose()?;
        let document = self.read(private.is_some())?;
        let asked = Import {
            private: private.as_ref().map(|key| key as &dyn UnwrapKey),
            content_id: self.content.as_deref(),
            scheme: self.scheme,
        };
        let imported = import(&self.store.open()?, document.as_bytes(), &asked)?;
        let keys = imported.keys.into_iter().map(|key| ImportedKey {
            kid: key.kid.into(),
            was_there: key.was_there,
            same_key: key.same_key.iter().map(ToString::to_string).collect(),
        });
        Ok(Imported {
            keys: keys.collect(),
            content: imported.content_id,
        })
    }

    /// What is encrypted may be read by others.
    fn read(&self, is_encrypted: bool) -> Result<Zeroizing<String>, Error> {
        match is_encrypted && self.document != Path::new("-") {
            true => read(&self.document).map_err(|source| Error::File {
                path: self.document.clone(),
                source,
            }),
            false => Ok(secret_text::read(&self.document)?),
        }
    }
}

/// A little more than a document may have, so that a longer one is refused as such.
fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let limit = Document::MAX_LEN as u64 + 1;
    File::open(path)?.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

impl Answer for Imported {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for key in &self.keys {
            let note = if key.was_there { " was there" } else { "" };
            writeln!(out, "KID {}{note}", key.kid.uuid)?;
        }
        let count = self.keys.len();
        match &self.content {
            Some(content) => writeln!(out, "{count} keys, for content '{content}'"),
            None => writeln!(out, "{count} keys, for no content"),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let keys = self.keys.iter();
        let twice = keys.filter_map(|key| Some((key.same_key.first()?, &key.kid.uuid)));
        twice
            .map(|(other, kid)| format!("KID {other} has the same key as {kid}"))
            .collect()
    }
}
