// SPDX-License-Identifier: MPL-2.0
//! `store`: maintenance of a key store.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use content_key_store::{Error, KekSource, KeyStore, Upgraded};
use host_access::Host;
use url::form_urlencoded::byte_serialize;

use crate::print;

const EXAMPLES: &str = "\
Examples:
  playready-packager store verify sqlite:///var/lib/packager/keys.db --kek-file /var/lib/packager/keys.db.kek
  playready-packager store accept-restore sqlite:///var/lib/packager/keys.db --kek-file /var/lib/packager/keys.db.kek
  playready-packager store rewrap sqlite:///var/lib/packager/keys.db --kek-file old.kek --to-kek-file new.kek

Exit codes:
  0  done, and nothing is wrong
  1  the store cannot be opened, or is damaged or was changed
  2  wrong usage";

/// Maintain a key store: verify it, bring it up to date, or change its key-encryption key
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Verify that the database is whole, that all keys open, and that no other program has changed the audit log, accounts, tokens or targets
    #[command(alias = "verify-audit")]
    Verify {
        #[command(flatten)]
        store: StoreOptions,
    },
    /// Wrap the store's master key, which wraps all others, with another key-encryption key
    Rewrap {
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        new_kek: NewKekOptions,
    },
    /// Let a store that was restored from a backup, or copied, make keys again
    AcceptRestore {
        #[command(flatten)]
        store: StoreOptions,
    },
    /// Bring a store of an earlier version up to date, and sign its accounts, tokens and targets; make a backup first
    Upgrade {
        #[command(flatten)]
        store: StoreOptions,
    },
}

/// The address of a store and the source of its key-encryption key.
#[derive(Debug, Args)]
pub struct StoreOptions {
    /// The store: sqlite:///path/keys.db, or postgresql://user@host/database
    #[arg(value_name = "STORE")]
    uri: String,
    #[command(flatten)]
    kek: KekOptions,
}

/// The source of the key-encryption key.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct KekOptions {
    /// File with the key-encryption key of the store
    #[arg(long, value_name = "FILE")]
    kek_file: Option<PathBuf>,
    /// Name of the systemd credential with the key-encryption key
    #[arg(long, value_name = "NAME")]
    kek_credential: Option<String>,
    /// File with the passphrase from which the key-encryption key is derived
    #[arg(long, value_name = "FILE")]
    kek_passphrase_file: Option<PathBuf>,
}

/// The source of the key-encryption key that replaces the present one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct NewKekOptions {
    /// File with the new key-encryption key; created if it does not exist
    #[arg(long, value_name = "FILE")]
    to_kek_file: Option<PathBuf>,
    /// Name of the systemd credential with the new key-encryption key
    #[arg(long, value_name = "NAME")]
    to_kek_credential: Option<String>,
    /// File with the passphrase from which the new key-encryption key is derived
    #[arg(long, value_name = "FILE")]
    to_kek_passphrase_file: Option<PathBuf>,
}

/// Runs a command of `store` and prints its result.
pub fn run(args: &StoreArgs, host: &Host) -> ExitCode {
    let result = match &args.command {
        StoreCommand::Verify { store } => verify(store, host),
        StoreCommand::Upgrade { store } => upgrade(store, host),
        StoreCommand::AcceptRestore { store } => accept_restore(store, host),
        StoreCommand::Rewrap { store, new_kek } => rewrap(store, new_kek, host),
    };
    match result {
        Ok(text) => print::out(0, |out| out.write_all(text.as_bytes())),
        Err(error) => print::fail(print::FAULTY, &error),
    }
}

fn verify(store: &StoreOptions, host: &Host) -> Result<String, Error> {
    let store = store.open(host)?;
    let secrets = store.verify_secrets()?;
    let head = store.verify_audit()?;
    let signed = store.verify_rows()?;
    let mac: String = head.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let removed = match head.removed {
        0 => String::new(),
        removed => format!("{removed} earlier rows were removed because they were too old\n"),
    };
    Ok(format!(
        "{secrets} keys, seeds and credentials, all whole\n{} rows of the audit log, all unchanged\n{removed}last MAC {mac}\n{signed} accounts, tokens and targets, all unchanged\n",
        head.rows
    ))
}

fn upgrade(store: &StoreOptions, host: &Host) -> Result<String, Error> {
    let keks = [store.kek.source(host)?];
    Ok(match KeyStore::upgrade(&store.uri, &keks, host)? {
        Some(Upgraded { from, secrets }) => format!(
            "upgraded from version {from}: the master key wraps {secrets} secrets, and accounts, tokens and targets are signed\n"
        ),
        None => "the store is of the present version\n".to_owned(),
    })
}

fn accept_restore(store: &StoreOptions, host: &Host) -> Result<String, Error> {
    Ok(match store.open(host)?.accept_restore()? {
        true => "the store makes keys again\n",
        false => "the store makes keys: it is neither a backup nor a copy\n",
    }
    .to_owned())
}

fn rewrap(store: &StoreOptions, new_kek: &NewKekOptions, host: &Host) -> Result<String, Error> {
    let changed = store
        .open_with(&[store.kek.source(host)?, new_kek.source(host)?], host)?
        .rewrap(&new_kek.source(host)?)?;
    Ok(match changed {
        true => "the master key is wrapped with the new key-encryption key\n",
        false => "the key-encryption key wraps the master key already\n",
    }
    .to_owned())
}

impl StoreOptions {
    /// Opens the store; the audit log names this program.
    ///
    /// # Errors
    /// Those of [`KeyStore::open`].
    pub fn open(&self, host: &Host) -> Result<KeyStore, Error> {
        self.open_with(&[self.kek.source(host)?], host)
    }

    fn open_with(&self, keks: &[KekSource], host: &Host) -> Result<KeyStore, Error> {
        KeyStore::open(&self.uri, keks, host)?.acting_for("playready-packager")
    }

    /// Returns the address for the `key-uri` of packagers, which do not accept a passphrase.
    pub fn key_uri(&self) -> String {
        let (name, value) = match (&self.kek.kek_file, &self.kek.kek_credential) {
            (Some(file), _) => (
                "kek-file",
                std::path::absolute(file)
                    .unwrap_or_else(|_| file.clone())
                    .display()
                    .to_string(),
            ),
            (None, Some(name)) => ("kek-credential", name.clone()),
            (None, None) => return self.uri.clone(),
        };
        let separator = if self.uri.contains('?') { '&' } else { '?' };
        let value: String = byte_serialize(value.as_bytes()).collect();
        format!("{}{separator}{name}={value}", self.uri)
    }
}

impl KekOptions {
    fn source(&self, host: &Host) -> Result<KekSource, Error> {
        kek_source(
            self.kek_file.as_deref(),
            self.kek_credential.as_deref(),
            self.kek_passphrase_file.as_deref(),
            host,
        )
    }
}

impl NewKekOptions {
    fn source(&self, host: &Host) -> Result<KekSource, Error> {
        kek_source(
            self.to_kek_file.as_deref(),
            self.to_kek_credential.as_deref(),
            self.to_kek_passphrase_file.as_deref(),
            host,
        )
    }
}

/// Returns the source that is given; the argument groups ensure that there is exactly one.
fn kek_source(
    file: Option<&Path>,
    credential: Option<&str>,
    passphrase_file: Option<&Path>,
    host: &Host,
) -> Result<KekSource, Error> {
    match (file, credential, passphrase_file) {
        (Some(file), _, _) => Ok(KekSource::File(file.to_owned())),
        (_, Some(name), _) => Ok(KekSource::Credential(name.to_owned())),
        (_, _, Some(file)) => {
            let text = host.files.read(file).map_err(Error::KekFile)?;
            Ok(KekSource::Passphrase(
                text.trim_end_matches(['\r', '\n']).to_owned().into(),
            ))
        }
        (None, None, None) => Err(Error::NoKek),
    }
}
