// SPDX-License-Identifier: MPL-2.0
//! Small files of secrets that only their owner may read: `.keys` files, credentials and the key-encryption key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Random, SecretFileError};

/// The largest size of a file in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Storage of files of secrets.
pub trait SecretFiles: Send + Sync {
    /// Reads the text of a file, which only its owner may be able to read.
    ///
    /// # Errors
    /// [`SecretFileError::TooOpen`] for a mode wider than 0600, [`SecretFileError::TooLong`], [`SecretFileError::File`].
    fn read(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError>;

    /// Creates the file atomically, and returns when it is on disk. A file that exists already is left unchanged, and no process sees an
    /// incomplete file.
    ///
    /// # Errors
    /// [`SecretFileError::File`], [`SecretFileError::Generator`].
    fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), SecretFileError>;
}

/// The files of the operating system.
pub struct SystemFiles {
    random: Arc<dyn Random>,
}

impl SystemFiles {
    /// Creates it with a generator for the names of temporary files.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { random }
    }
}

impl SecretFiles for SystemFiles {
    fn read(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        let failed = |source| SecretFileError::File {
            path: path.to_owned(),
            source,
            remedy: "check the path and that this user may read it",
        };
        let file = File::open(path).map_err(failed)?;
        // The mode of the open file, not of the path, so that the checked file is the one that is read.
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o177 != 0 {
            let path = path.to_owned();
            return Err(SecretFileError::TooOpen { path, mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(4096));
        file.take(MAX_FILE + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > MAX_FILE {
            let path = path.to_owned();
            return Err(SecretFileError::TooLong { path });
        }
        Ok(text)
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
        let failed = |source| SecretFileError::File {
            path: path.to_owned(),
            source,
            remedy: "the file is created with a new key if it does not exist: create its folder and make it writable",
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut unique = [0; 16];
        self.random.fill(&mut unique)?;
        let unique = u128::from_be_bytes(unique);
        let temporary = path.with_file_name(format!(".{name}.{unique:032x}"));
        let created =
            write_private(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
        let removed = fs::remove_file(&temporary);
        match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            created => created.and(removed).map_err(failed)?,
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
