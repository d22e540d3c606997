// SPDX-License-Identifier: MPL-2.0
//! `keys export`: exports the keys of a content as a CPIX document.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use cpix::Version;
use host_access::{Host, open_regular_file};
use key_server::operations::cpix_documents::{Export, Recipient, export};

use super::error::{EXIT_CODES, Error};
use crate::store::StoreOptions;
use crate::{new_file, print};

const EXAMPLES: &str = "\
Examples:
  playready-packager keys export sqlite:///var/lib/packager/keys.db film --kek-file keys.kek --to licence-server.pem > film.cpix
  playready-packager keys export STORE film --kek-file keys.kek --clear --reason 'new licence server' --output film.cpix";

/// Export all keys of a content as a CPIX document, encrypted to a certificate
///
/// The audit log records each exported key, with the recipient or the reason.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
#[command(group = ArgGroup::new("recipient").required(true).args(["to", "clear"]))]
pub struct ExportArgs {
    #[command(flatten)]
    store: StoreOptions,
    /// The content
    #[arg(value_name = "CONTENT")]
    content: String,
    /// PEM file with the RSA certificate of the recipient
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write the keys in the clear; the audit log records the reason
    #[arg(long, requires = "reason")]
    clear: bool,
    /// The reason for writing the keys in the clear, 1 to 200 characters
    #[arg(long, value_name = "TEXT", requires = "clear")]
    reason: Option<String>,
    /// File for the document, which other users cannot read [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Version of CPIX
    #[arg(long, value_name = "VERSION", default_value = "2.3", value_parser = PossibleValuesParser::new(["2.3", "2.4"]))]
    cpix_version: String,
    /// Write one JSON object with the KIDs
    #[arg(long, requires = "output")]
    json: bool,
}

impl ExportArgs {
    /// Exports the keys and prints the document, or the KIDs if it is in a file.
    pub fn run(&self, host: &Host) -> ExitCode {
        let exported = match self.export(host) {
            Ok(exported) => exported,
            Err(error) => return print::fail(error.exit_code(), &error),
        };
        if let Some(warning) = &exported.warning {
            eprintln!("warning: {warning}");
        }
        if self.output.is_none() {
            return print::out(0, |out| out.write_all(exported.xml.as_bytes()));
        }
        let kids: Vec<_> = exported.kids.iter().map(ToString::to_string).collect();
        print::out(0, |out| match self.json {
            true => print::json(
                &serde_json::json!({ "content": self.content, "kids": kids }),
                out,
            ),
            false => kids.iter().try_for_each(|kid| writeln!(out, "KID {kid}")),
        })
    }

    fn export(&self, host: &Host) -> Result<Export, Error> {
        let recipient = match (&self.to, &self.reason) {
            (Some(path), _) => read_certificate(path)?,
            (None, reason) => Recipient::Clear {
                reason: reason.clone().unwrap_or_default(),
            },
        };
        let version = match self.cpix_version.as_str() {
            "2.4" => Version::V2_4,
            _ => Version::V2_3,
        };
        let exported = export(&self.store.open(host)?, &self.content, &recipient, version)?;
        if let Some(path) = &self.output {
            new_file::write(
                path,
                exported.xml.as_bytes(),
                Some(new_file::PRIVATE),
                &*host.random,
            )?;
        }
        Ok(exported)
    }
}

/// Reads a recipient's certificate; the audit log names the recipient by the file's name.
fn read_certificate(path: &Path) -> Result<Recipient, Error> {
    Ok(Recipient::Certificate {
        pem: read_bytes(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?,
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect(),
    })
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular_file(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
