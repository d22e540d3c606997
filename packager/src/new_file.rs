// SPDX-License-Identifier: MPL-2.0
//! A file that is written under another name in the same folder, and put into its place when it is complete and on disk.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cenc_types::KeyId;

/// Permission bits of a file that is new; the user's mask is taken off.
const NEW: u32 = 0o666;
/// Those of a file that its owner alone may read.
pub const PRIVATE: u32 = 0o600;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be written.
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    /// Something other than a file has its name.
    #[error("{path} is not a regular file: give a file, whose bytes can be read and written anywhere", path = .0.display())]
    NotAFile(PathBuf),
}

/// A file under way. Dropped before [`Self::finish`] it leaves nothing.
pub struct NewFile {
    file: BufWriter<File>,
    /// None when it is in its place.
    temporary: Option<PathBuf>,
    path: PathBuf,
    mode: Option<u32>,
    /// The file that is replaced.
    before: Option<Metadata>,
}

impl NewFile {
    /// Begins a file that is to be at `path`, with permission bits, or else those of the file that it replaces, or those that the
    /// user's mask leaves a new one. Links are followed, so that they stay.
    ///
    /// # Errors
    /// [`Error`].
    pub fn create(path: &Path, mode: Option<u32>) -> Result<Self, Error> {
        let asked = path;
        let failed = |source| Error::File {
            path: asked.to_owned(),
            source,
        };
        let before = match fs::metadata(path) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let path = match &before {
            Some(before) if !before.is_file() => return Err(Error::NotAFile(path.to_owned())),
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_owned(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unique = KeyId::generate(&host_access::SystemRandom)
            .map_err(|error| failed(io::Error::other(error)))?;
        let temporary = path.with_file_name(format!(".{name}.{unique}"));
        // Not wider than the file before, whatever that was, until it is complete.
        let usual = if before.is_some() { PRIVATE } else { NEW };
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(mode.unwrap_or(usual));
        let file = file.open(&temporary).map_err(failed)?;
        Ok(Self {
            file: BufWriter::new(file),
            temporary: Some(temporary),
            path,
            mode,
            before,
        })
    }

    /// What is written to.
    pub const fn file(&mut self) -> &mut BufWriter<File> {
        &mut self.file
    }

    /// Puts the file, whole and on disk, into its place; returns its size in bytes. One that it replaces leaves it its
    /// permission bits, unless it was begun with others.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.settle().map_err(|source| self.failed(source))
    }

    fn settle(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        let file = self.file.get_ref();
        if let (Some(before), None) = (&self.before, self.mode) {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        let size = file.metadata()?.len();
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path)?;
            self.temporary = None;
        }
        let folder = self.path.parent();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(size)
    }

    /// What to say when it cannot be written.
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
            // There is nothing to be done about one that cannot be removed.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Writes a whole file, with permission bits as [`NewFile::create`] takes them.
///
/// # Errors
/// [`Error`].
pub fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Error> {
    let mut file = NewFile::create(path, mode)?;
    let written = file.file().write_all(bytes);
    written.map_err(|source| file.failed(source))?;
    file.finish().map(|_| ())
}
