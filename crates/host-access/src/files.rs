// SPDX-License-Identifier: MPL-2.0
//! Small files of secrets that only their owner may read: `.keys` files, credentials and the key-encryption key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Random, SecretFileError};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Where files of secrets lie.
pub trait SecretFiles: Send + Sync {
    /// The text of a file that others must not be able to read.
    ///
    /// # Errors
    /// [`SecretFileError::TooOpen`] for a mode wider than 0600, [`SecretFileError::TooLong`], [`SecretFileError::File`].
    fn read(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError>;

    /// Makes the file in one step, safely on disk when this returns: whoever comes second leaves the first one's as it is, and nobody
    /// finds a half file.
    ///
    /// # Errors
    /// [`SecretFileError::File`], [`SecretFileError::Generator`].
    fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), SecretFileError>;
}

/// Files of the operating system.
pub struct SystemFiles {
    random: Arc<dyn Random>,
}

impl SystemFiles {
    /// Files whose temporary names come from `random`.
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
        // Of the open file, not of the path: what is checked is what is read.
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o177 != 0 {
            let path = path.to_owned();
            return Err(SecretFileError::TooOpen { path, mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(4096));
        let mut limited = file.take(MAX_FILE + 1);
        limited.read_to_string(&mut text).map_err(failed)?;
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
            remedy: "it is made with a new key when it does not exist; let its folder exist and be writable",
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut unique = [0; 16];
        self.random.fill(&mut unique)?;
        let unique = u128::from_be_bytes(unique);
        let temporary = path.with_file_name(format!(".{name}.{unique:032x}"));
        let made = write_private(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
        let removed = fs::remove_file(&temporary);
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => made.and(removed).map_err(failed)?,
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        folder.and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
