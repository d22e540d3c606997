// SPDX-License-Identifier: MPL-2.0
//! A file that is written under a temporary name in the same folder, and renamed when it is complete and on disk.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cenc_types::KeyId;
use host_access::Random;

/// Permission bits of a new file, before the umask is applied.
const DEFAULT_MODE: u32 = 0o666;
/// Permission bits of a file that only its owner may read.
pub const PRIVATE: u32 = 0o600;

/// Errors of writing a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be written.
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    /// The path names something other than a file.
    #[error("{path} is not a regular file: give one, because its bytes are not read or written in order", path = .0.display())]
    NotAFile(PathBuf),
}

/// A file that is being written. If it is dropped before [`Self::finish`], the temporary file is removed.
pub struct NewFile {
    file: BufWriter<File>,
    /// None after the rename.
    temporary: Option<PathBuf>,
    path: PathBuf,
    mode: Option<u32>,
    /// The metadata of the file that is replaced.
    replaced: Option<Metadata>,
}

impl NewFile {
    /// Creates the temporary file for `path`. Without a `mode`, the file gets the permission bits of the file that it
    /// replaces, or those of a new file. Symbolic links are followed, so that they remain.
    ///
    /// # Errors
    /// [`Error`].
    pub fn create(path: &Path, mode: Option<u32>, random: &dyn Random) -> Result<Self, Error> {
        let failed = |source| Error::File {
            path: path.to_owned(),
            source,
        };
        let replaced = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err(Error::NotAFile(path.to_owned())),
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let target = match &replaced {
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_owned(),
        };
        let temporary = target.with_file_name(format!(
            ".{}.{}",
            target.file_name().unwrap_or_default().to_string_lossy(),
            KeyId::generate(random).map_err(|error| failed(io::Error::other(error)))?
        ));
        // Until it is complete, the file is no more accessible than the one that it replaces.
        let default_mode = if replaced.is_some() {
            PRIVATE
        } else {
            DEFAULT_MODE
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode.unwrap_or(default_mode))
            .open(&temporary)
            .map_err(failed)?;
        Ok(Self {
            file: BufWriter::new(file),
            temporary: Some(temporary),
            path: target,
            mode,
            replaced,
        })
    }

    /// Returns the temporary file, for writing.
    pub const fn file(&mut self) -> &mut BufWriter<File> {
        &mut self.file
    }

    /// Flushes the file to disk and renames it; returns its size in bytes.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.sync_and_rename().map_err(|source| self.failed(source))
    }

    fn sync_and_rename(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        let file = self.file.get_ref();
        if let (Some(replaced), None) = (&self.replaced, self.mode) {
            file.set_permissions(replaced.permissions())?;
        }
        file.sync_all()?;
        let size = file.metadata()?.len();
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path)?;
            self.temporary = None;
        }
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()?;
        Ok(size)
    }

    /// Returns the error for a failed write.
    pub fn failed(&self, source: io::Error) -> Error {
        Error::File {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // Nothing can be done if it cannot be removed.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Writes a whole file; `mode` is as in [`NewFile::create`].
///
/// # Errors
/// [`Error`].
pub fn write(
    path: &Path,
    bytes: &[u8],
    mode: Option<u32>,
    random: &dyn Random,
) -> Result<(), Error> {
    let mut file = NewFile::create(path, mode, random)?;
    file.file()
        .write_all(bytes)
        .map_err(|source| file.failed(source))?;
    file.finish().map(|_| ())
}
