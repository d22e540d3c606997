// SPDX-License-Identifier: MPL-2.0
//! Key-encryption keys (KEKs): 32 bytes that wrap the store's master key. They are never in the database, which has only an id that is
//! computed from each.

use std::io;
use std::path::{Path, PathBuf};

use cenc_types::decode_secret;
use host_access::{Host, SecretFiles, push_hex, read_regular_file};
use zeroize::Zeroizing;

use super::Error;
use super::database::{Database, Row};
use super::mac::MacKey;
use super::passphrase::Stretch;
use super::wrap::Wrapper;

/// The source of a key-encryption key, which cannot be printed.
pub enum KekSource {
    /// A file in hex or base64, of mode 0600 or stricter. It is created with a new key for a new store.
    File(PathBuf),
    /// A systemd credential of the service: 32 bytes, or hex or base64, in the file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A passphrase, from which Argon2id derives the key; salt and parameters are in the store.
    Passphrase(Zeroizing<String>),
}

/// A key-encryption key in the store's table.
pub(super) struct KnownKek {
    pub(super) id: String,
    pub(super) stretch: Option<Stretch>,
}

/// A key-encryption key.
pub(super) struct Kek {
    pub(super) id: String,
    pub(super) wrapper: Wrapper,
    /// The parameters by which it was derived from a passphrase, if it was.
    pub(super) stretch: Option<Stretch>,
    /// Its file, if it is in one.
    pub(super) file: Option<PathBuf>,
}

impl KekSource {
    /// Returns a key for a new store, or for a re-wrap. Creates a missing file, and a new salt for a passphrase.
    pub(super) fn create(&self, host: &Host) -> Result<Kek, Error> {
        match self {
            Self::File(path) => Ok(Kek::in_file(&*read_or_create(path, host)?, path)),
            Self::Credential(name) => Ok(Kek::new(&*read_credential(name)?, None)),
            Self::Passphrase(passphrase) => {
                let stretch = Stretch::generate(&*host.random)?;
                Ok(Kek::new(&*stretch.key(passphrase)?, Some(stretch)))
            }
        }
    }

    /// Returns the key if it is one of those in the store.
    pub(super) fn find(
        &self,
        known: &[KnownKek],
        files: &dyn SecretFiles,
    ) -> Result<Option<Kek>, Error> {
        let is_known = |kek: &Kek| known.iter().any(|known| known.id == kek.id);
        match self {
            Self::File(path) => {
                Ok(Some(Kek::in_file(&*read_file(path, files)?, path)).filter(is_known))
            }
            Self::Credential(name) => {
                Ok(Some(Kek::new(&*read_credential(name)?, None)).filter(is_known))
            }
            Self::Passphrase(passphrase) => {
                for stretch in known.iter().filter_map(|known| known.stretch.clone()) {
                    let kek = Kek::new(&*stretch.key(passphrase)?, Some(stretch));
                    if is_known(&kek) {
                        return Ok(Some(kek));
                    }
                }
                Ok(None)
            }
        }
    }
}

impl Kek {
    fn in_file(key: &[u8; 32], path: &Path) -> Self {
        Self {
            file: Some(path.to_owned()),
            ..Self::new(key, None)
        }
    }

    fn new(key: &[u8; 32], stretch: Option<Stretch>) -> Self {
        Self {
            id: MacKey::from_array(key)
                .mac(&[b"id of a key-encryption key"])
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            wrapper: Wrapper::new(key),
            stretch,
            file: None,
        }
    }
}

/// Reads the id of the key-encryption key that wraps the master key.
pub(super) fn current(database: &mut dyn Database) -> Result<KnownKek, Error> {
    database
        .run(
            "SELECT id, salt, memory_kib, passes, lanes FROM kek WHERE state = 'current'",
            &[],
        )?
        .first_mut()
        .ok_or(Error::Damaged("no key-encryption key is current"))
        .and_then(KnownKek::from_row)
}

impl KnownKek {
    /// Takes id, salt, memory, passes and lanes from a row.
    pub(super) fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.text()?,
            stretch: Stretch::from_row(row)?,
        })
    }
}

fn read_or_create(path: &Path, host: &Host) -> Result<Zeroizing<[u8; 32]>, Error> {
    match read_file(path, &*host.files) {
        Err(Error::KekFile(host_access::SecretFileError::File { source, .. }))
            if source.kind() == io::ErrorKind::NotFound =>
        {
            let mut key = Zeroizing::new([0; 32]);
            host.random.fill(key.as_mut_slice())?;
            let mut line = Zeroizing::new(Vec::with_capacity(128));
            push_hex(&mut line, key.as_slice());
            line.push(b'\n');
            host.files.create(path, &line).map_err(Error::KekFile)?;
            read_file(path, &*host.files)
        }
        read => read,
    }
}

fn read_file(path: &Path, files: &dyn SecretFiles) -> Result<Zeroizing<[u8; 32]>, Error> {
    key_of_text(&files.read_own(path).map_err(Error::KekFile)?)
}

/// Reads a credential without checking its mode: systemd protects its folder, and access may be by an ACL.
fn read_credential(name: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let failed = |source| Error::Credential {
        name: name.to_owned(),
        source,
    };
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
        .ok_or_else(|| failed(io::Error::other("CREDENTIALS_DIRECTORY is not set")))?;
    let mut parts = Path::new(name).components();
    if !matches!(
        (parts.next(), parts.next()),
        (Some(std::path::Component::Normal(_)), None)
    ) {
        return Err(failed(io::ErrorKind::InvalidInput.into()));
    }
    let bytes = read_regular_file(&Path::new(&folder).join(name)).map_err(failed)?;
    if let Ok(key) = bytes.as_slice().try_into() {
        return Ok(Zeroizing::new(key));
    }
    key_of_text(std::str::from_utf8(&bytes).map_err(|_| Error::BadKek)?)
}

fn key_of_text(text: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let bytes = decode_secret(text).ok_or(Error::BadKek)?;
    let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| Error::BadKek)?;
    Ok(Zeroizing::new(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    // By Python: hmac.new(b'\x42' * 32, bytes(7) + b'\x1a' + b'id of a key-encryption key', 'sha256').
    #[test]
    fn id_is_a_mac_of_the_key() {
        assert_eq!(Kek::new(&[0x42; 32], None).id, "737d077ac29add11");
    }

    #[test]
    fn other_lengths_are_refused() {
        for text in ["", "42", &"42".repeat(31), &"42".repeat(33), "not hex"] {
            assert!(matches!(key_of_text(text), Err(Error::BadKek)), "{text}");
        }
        assert_eq!(*key_of_text(&"42".repeat(32)).unwrap(), [0x42; 32]);
    }

    #[test]
    fn credentials_are_named_without_a_path() {
        for name in ["../kek", "/etc/kek", "a/b", "", "."] {
            let source = KekSource::Credential(name.to_owned());
            assert!(
                matches!(
                    source.create(&Host::system()),
                    Err(Error::Credential { .. })
                ),
                "{name}"
            );
        }
    }
}
