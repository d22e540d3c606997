// SPDX-License-Identifier: MPL-2.0
//! `store`: upkeep of a key store.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use content_key_store::{Error, KekSource, KeyStore};

use crate::print;

const EXAMPLES: &str = "\
Examples:
  playready-packager store verify-audit sqlite:///var/lib/packager/keys.db --kek-file /var/lib/packager/keys.db.kek
  playready-packager store rewrap sqlite:///var/lib/packager/keys.db --kek-file old.kek --to-kek-file new.kek

Exit codes:
  0  done, and nothing is wrong
  1  the store cannot be opened, or its audit was changed
  2  wrong usage";

/// Look after a key store: check its audit, change the key that wraps its keys
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check that no row of the audit was changed, removed or put elsewhere
    VerifyAudit {
        #[command(flatten)]
        store: Store,
    },
    /// Wrap all keys and seeds under another key-encryption key; started again after an interruption it does the rest
    Rewrap {
        #[command(flatten)]
        store: Store,
        #[command(flatten)]
        to: NewKek,
    },
}

/// Which store, and what opens it.
#[derive(Debug, Args)]
pub struct Store {
    /// sqlite:///path/keys.db, or postgresql://user@host/database
    #[arg(value_name = "STORE")]
    uri: String,
    #[command(flatten)]
    kek: Kek,
}

/// The key-encryption key of the store.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Kek {
    /// File of the key that wraps the store's keys
    #[arg(long, value_name = "FILE")]
    kek_file: Option<PathBuf>,
    /// Name of the systemd credential with that key
    #[arg(long, value_name = "NAME")]
    kek_credential: Option<String>,
    /// File of the passphrase that the key comes from
    #[arg(long, value_name = "FILE")]
    kek_passphrase_file: Option<PathBuf>,
}

/// The one that is to take its place.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct NewKek {
    /// File of the new key; made where it does not exist
    #[arg(long, value_name = "FILE")]
    to_kek_file: Option<PathBuf>,
    /// Name of the systemd credential with the new key
    #[arg(long, value_name = "NAME")]
    to_kek_credential: Option<String>,
    /// File of the passphrase that the new key comes from
    #[arg(long, value_name = "FILE")]
    to_kek_passphrase_file: Option<PathBuf>,
}

pub fn run(args: &StoreArgs) -> ExitCode {
    let done = match &args.command {
        Command::VerifyAudit { store } => verify_audit(store),
        Command::Rewrap { store, to } => rewrap(store, to),
    };
    match done {
        Ok(text) => print::out(0, |out| out.write_all(text.as_bytes())),
        Err(error) => print::fail(print::FAULTY, &error),
    }
}

fn verify_audit(store: &Store) -> Result<String, Error> {
    let head = store.open()?.verify_audit()?;
    let mac: String = head.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!(
        "{} rows, all as they were written\nend {mac}\n",
        head.rows
    ))
}

fn rewrap(store: &Store, to: &NewKek) -> Result<String, Error> {
    let both = vec![store.kek.source()?, to.source()?];
    let wrapped = store.open_with(both)?.rewrap(&to.source()?)?;
    Ok(format!("{wrapped} keys and seeds wrapped anew\n"))
}

impl Store {
    /// Opens it, for this program.
    ///
    /// # Errors
    /// Those of [`KeyStore::open`].
    pub fn open(&self) -> Result<KeyStore, Error> {
        self.open_with(vec![self.kek.source()?])
    }

    fn open_with(&self, keks: Vec<KekSource>) -> Result<KeyStore, Error> {
        KeyStore::open(&self.uri, keks, &host_access::Host::system())?
            .acting_for("playready-packager")
    }

    /// Where packagers find it, by `key-uri`. They do not take a passphrase.
    pub fn key_uri(&self) -> String {
        let kek = match (&self.kek.kek_file, &self.kek.kek_credential) {
            (Some(file), _) => {
                let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                Some(("kek-file", path.display().to_string()))
            }
            (None, Some(name)) => Some(("kek-credential", name.clone())),
            (None, None) => None,
        };
        let kek = kek.map(|(name, value)| {
            let sign = if self.uri.contains('?') { '&' } else { '?' };
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            format!("{sign}{name}={value}")
        });
        format!("{}{}", self.uri, kek.unwrap_or_default())
    }
}

impl Kek {
    fn source(&self) -> Result<KekSource, Error> {
        source((
            &self.kek_file,
            &self.kek_credential,
            &self.kek_passphrase_file,
        ))
    }
}

impl NewKek {
    fn source(&self) -> Result<KekSource, Error> {
        source((
            &self.to_kek_file,
            &self.to_kek_credential,
            &self.to_kek_passphrase_file,
        ))
    }
}

/// Clap has seen that one of the three is given.
fn source(
    given: (&Option<PathBuf>, &Option<String>, &Option<PathBuf>),
) -> Result<KekSource, Error> {
    match given {
        (Some(file), _, _) => Ok(KekSource::File(file.clone())),
        (_, Some(name), _) => Ok(KekSource::Credential(name.clone())),
        (_, _, Some(file)) => {
            let text = host_access::Host::system()
                .files
                .read(file)
                .map_err(Error::KekFile)?;
            let passphrase = text.trim_end_matches(['\r', '\n']).to_owned();
            Ok(KekSource::Passphrase(passphrase.into()))
        }
        (None, None, None) => Err(Error::NoKek),
    }
}
