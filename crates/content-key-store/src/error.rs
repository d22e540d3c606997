// SPDX-License-Identifier: MPL-2.0
//! The errors of the key store. None holds a key, a passphrase or the credentials of a URI.

use std::path::PathBuf;

use cenc_types::{CipherMode, KeyId};

use super::AuditFault;
use super::actor::Outside;
use super::generation::Doubt;
use super::key_requests::GRACE_PERIODS;
use super::location::Location;
use super::watch::StoreFault;

/// Errors of the key store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URI names no store that this build has.
    #[error(
        "cannot use the key store's location: give sqlite:///folder/keys.db or postgresql://user@host/database"
    )]
    BadUri,
    /// This build has no stores in files.
    #[error(
        "this program was built without SQLite: use one that was built with its default features, or with --features sqlite"
    )]
    NoSqlite,
    /// This build has no stores in PostgreSQL.
    #[error(
        "this program was built without PostgreSQL: use a playready-packager that was built with its default features, or a plugin \
         that was built with --features postgres"
    )]
    NoPostgres,
    /// The database cannot be reached or used.
    #[error("key store {location}: {source}: {remedy}")]
    Unavailable {
        /// The location, without credentials.
        location: Location,
        /// The error of the database's client.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// The remedy.
        remedy: &'static str,
    },
    /// Another process holds the lock of the database.
    #[error("key store {location}: another process holds its lock: try again, or end that process")]
    Locked {
        /// The location, without credentials.
        location: Location,
    },
    /// The file of the database is damaged.
    #[error(
        "key store {location}: the file is damaged or no database: stop the programs that use it, and restore a backup"
    )]
    DamagedFile {
        /// The location.
        location: Location,
    },
    /// The database is not the one that was opened.
    #[error(
        "{0} while the key store was open, so that nothing more is written: stop this process, put the database back or restore a \
         backup, and start it again"
    )]
    Changed(StoreFault),
    /// The options of a PostgreSQL URI are not understood.
    #[error(
        "cannot use the options of the key store's URI: give those of libpq's URIs, but not sslcert, sslkey or service; \
         sslmode is disable, prefer, require, verify-ca or verify-full; accept-unencrypted is yes"
    )]
    BadOptions,
    /// The URI names another machine and asks for a connection without TLS.
    #[error(
        "sslmode=disable would send the password and all requests to the key store's database at another machine unencrypted: leave \
         sslmode out, which demands TLS and checks the server's certificate and name, or add accept-unencrypted=yes if nobody can \
         read or change what goes over this network, such as a tunnel"
    )]
    Unencrypted,
    /// The trusted certificates for TLS cannot be read.
    #[error("trusted certificates {path}: {reason}; name a PEM file by sslrootcert= in the URI", path = .path.display())]
    BadRoots {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The password file cannot be read.
    #[error("password file: {0}")]
    PasswordFile(#[source] host_access::SecretFileError),
    /// A statement failed.
    #[error("key store: {0}; nothing of the request was kept")]
    Statement(String),
    /// The database refused a statement by one of its rules.
    #[error("refused by the key store's database: {0}")]
    Rule(String),
    /// A later version has changed the tables.
    #[error(
        "the key store has tables of version {found}, this program knows {known}: use a newer one"
    )]
    NewerSchema {
        /// The version in the database.
        found: i64,
        /// The last one that is known.
        known: i64,
    },
    /// The tables are of an earlier version.
    #[error(
        "the key store has tables of version {found}: make a backup, then run playready-packager store upgrade"
    )]
    OlderSchema {
        /// The version in the database.
        found: i64,
    },
    /// There is no store to upgrade.
    #[error("there is no key store at this address: check it")]
    NoStore,
    /// The database of a key-encryption key is gone.
    #[error(
        "the database of store {store} is missing or empty, though {record} says that it had keys: restore a backup, or remove that file \
         to start a new store",
        record = .record.display()
    )]
    StoreMissing {
        /// The id of the store.
        store: String,
        /// The file that names it.
        record: PathBuf,
    },
    /// The store may be a backup or a copy.
    #[error(
        "the key store makes no keys because it may be a backup or a copy: {0}; look at what is lost, then run playready-packager \
         store accept-restore"
    )]
    Restored(Doubt),
    /// The record of the store's last change cannot be written.
    #[error("cannot write {path}, the record of the key store's last change: {source}; let this user write there", path = .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Others than its owner may use the folder or the file of a SQLite store.
    #[error(
        "{path} has mode {mode:04o}: others may reach the key store; run chmod {needed:04o} on it",
        path = .path.display()
    )]
    TooOpen {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The widest ones that are taken.
        needed: u32,
    },
    /// The file of the key-encryption key cannot be used or made.
    #[error("key-encryption key: {0}")]
    KekFile(#[source] host_access::SecretFileError),
    /// A systemd credential cannot be read.
    #[error(
        "key-encryption key: credential '{name}': {source}; name it by LoadCredential= or LoadCredentialEncrypted= in the unit"
    )]
    Credential {
        /// The credential's name.
        name: String,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A key-encryption key is malformed.
    #[error("a key-encryption key is 32 bytes: give 64 hexadecimal digits or 44 base64 characters")]
    BadKek,
    /// The parameters that the store holds for a passphrase are beyond what is accepted.
    #[error(
        "the key store's parameters for the passphrase are out of range: restore the store from a backup"
    )]
    BadPassphraseParameters,
    /// No key-encryption key was given.
    #[error("no key-encryption key: give a file, a credential or a passphrase")]
    NoKek,
    /// The store is wrapped under another key-encryption key.
    #[error(
        "wrong key-encryption key: the store is wrapped under the one with id {needed}, which none of the given ones is: \
         give that one"
    )]
    WrongKek {
        /// The id of the one that is needed.
        needed: String,
    },
    /// A wrapped key does not open with the key-encryption key that it names.
    #[error("the wrapped {what} was changed or belongs elsewhere: restore the store from a backup")]
    Tampered {
        /// The wrapped secret.
        what: String,
    },
    /// A row is not what the tables' rules allow.
    #[error("the key store's tables are damaged: {0}; restore the store from a backup")]
    Damaged(&'static str),
    /// A signed row is not as it was signed last.
    #[error(
        "{kind} '{name}' was changed in the database by another program: nobody gets keys by it; restore the store from a backup"
    )]
    RowChanged {
        /// `account`, `token` or `target`.
        kind: &'static str,
        /// The name or id.
        name: String,
    },
    /// A signed row was added, removed or put back to an earlier version.
    #[error(
        "an account, token or target was removed or put back in the database by another program: restore the store from a backup"
    )]
    RowsChanged,
    /// The audit's chain is broken.
    #[error(
        "audit row {seq} was {what}: rows before it are as they were written, later ones prove nothing"
    )]
    AuditBroken {
        /// The first row that does not fit, from 1.
        seq: u64,
        /// The kind of change.
        what: AuditFault,
    },
    /// There is no such key.
    #[error("no key with KID {0} in the store: check the KID, or insert the key")]
    NoKey(KeyId),
    /// There is no such content.
    #[error("no content '{0}' in the store: check its id, or add it")]
    NoContent(String),
    /// There is no such seed, or it is retired.
    #[error("no key seed '{0}' in use in the store: check its name, or add it")]
    NoSeed(String),
    /// A seed's name is taken.
    #[error("a key seed '{0}' is there already: give another name")]
    SeedNameTaken(String),
    /// A seed is there already.
    #[error("the key seed is in the store as '{0}': use that name")]
    SameSeed(String),
    /// An account that is limited to contents has requested another one.
    #[error(
        "account '{actor}' is limited to contents {patterns}: {what}; use one of them, or let an administrator change the account's contents"
    )]
    OutsideContents {
        /// The account.
        actor: String,
        /// The patterns of its contents.
        patterns: String,
        /// What it has tried to use.
        what: Outside,
    },
    /// A pattern of contents is not understood.
    #[error(
        "'{0}' is no pattern of contents: give a content id, or its start and one * at the end, such as news/*"
    )]
    BadPattern(String),
    /// An account has too many patterns.
    #[error(
        "an account has at most {0} patterns of contents: give the common start of several ids and a *, such as news/*"
    )]
    TooManyPatterns(usize),
    /// A content has keys.
    #[error("content '{0}' has keys, which must stay known: retire the keys and leave it")]
    ContentHasKeys(String),
    /// A request is for tracks that a content does not have.
    #[error(
        "content '{content}' has no tracks with the label {label}: its labels are {labels}; request these \
         (speke-version=2.0 and speke-tracks={labels}), or add the label to the content's tracks"
    )]
    UnknownLabel {
        /// The content.
        content: String,
        /// The label that was requested.
        label: String,
        /// The content's labels, with commas between them.
        labels: String,
    },
    /// There is no such delivery.
    #[error("key {kid} is not on its way to '{target}': enqueue it first")]
    NoDelivery {
        /// The key.
        kid: KeyId,
        /// The target.
        target: String,
    },
    /// The KID belongs to another key.
    #[error(
        "KID {0} has another key in the store: one KID means one key for ever; use another KID"
    )]
    OtherKey(KeyId),
    /// The KID belongs to the other cipher mode.
    #[error(
        "KID {kid} is for {mode:?} in the store: PlayReady forbids one key in CTR and CBC; use another KID for the other mode"
    )]
    OtherMode {
        /// The key.
        kid: KeyId,
        /// Its cipher mode.
        mode: CipherMode,
    },
    /// A key that others can guess.
    #[error("the key is all zero or its own KID, so that anybody can guess it: use a random key")]
    GuessableKey,
    /// Another KID has the same key, for the other cipher mode.
    #[error(
        "KID {kid} has the same key, for {mode:?}: PlayReady forbids one key in CTR and CBC; use another key for the other mode"
    )]
    SameKeyOtherMode {
        /// The other KID.
        kid: KeyId,
        /// Its cipher mode.
        mode: CipherMode,
    },
    /// A track has another key in the crypto period.
    #[error("the track has key {0} in that crypto period: change keys with the next period")]
    SlotTaken(KeyId),
    /// An operator has retired the key.
    #[error(
        "key {0} is retired and protects nothing new: use the next crypto period, or another content id where keys do not change"
    )]
    Retired(KeyId),
    /// The key is known to others.
    #[error(
        "key {0} is compromised and is given to nobody: use the next crypto period, or another content id where keys do not change"
    )]
    Compromised(KeyId),
    /// The crypto period of a key has ended too long ago.
    #[error(
        "key {0} was superseded more than {GRACE_PERIODS} crypto periods ago: check the packager's clock, and set period-clock=utc"
    )]
    Superseded(KeyId),
    /// The nil KID.
    #[error("the nil key id (all zero) names no key: give the KID of a real key")]
    NilKeyId,
    /// A text is no place in the list.
    #[error("that is no place in this list: use one that the list has given")]
    BadCursor,
    /// A name is empty, too long, or has characters that people do not see.
    #[error("a {0} has 1 to 255 characters, none of them a control character or invisible")]
    BadName(&'static str),
    /// A crypto period's index or duration, or a time, is out of range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// A crypto period starts more than a year from now.
    #[error(
        "crypto period {0} starts more than a year from now: check the packager's clock, and the content's crypto period"
    )]
    FarPeriod(u64),
    /// A key cannot be derived from a seed.
    #[error(transparent)]
    Seed(#[from] playready_header::Error),
    /// More requests at once than can wait.
    #[error("the key store has too many requests at once: try again")]
    Busy,
    /// The operating system starts no thread.
    #[error("no thread for the key store: {0}; look at the limits of this process")]
    Thread(#[source] std::io::Error),
    /// There are no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}
