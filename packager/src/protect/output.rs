// SPDX-License-Identifier: MPL-2.0
//! The protected file: written under another name in the same folder, and put into its place when it is complete and on disk.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gstplayready::cenc::KeyId;
use gstplayready::keys;
use gstplayready::mp4::Output;

use super::Error;

/// Permission bits of a file that is new; the user's mask is taken off.
const NEW: u32 = 0o666;
/// Those while it is written in place of another.
const PRIVATE: u32 = 0o600;

/// The file under way. Dropped before [`Self::finish`] it leaves nothing.
pub struct OutputFile {
    file: BufWriter<File>,
    /// None when it is in its place.
    temporary: Option<PathBuf>,
    path: PathBuf,
    /// The file that is replaced.
    before: Option<Metadata>,
}

impl OutputFile {
    /// Begins a file that is to be at `path`; links are followed, so that they stay.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotAFile`], [`Error::SameFile`] when it would replace `input`.
    pub fn create(path: &Path, input: &Metadata) -> Result<Self, Error> {
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
            Some(before) if (before.dev(), before.ino()) == (input.dev(), input.ino()) => {
                return Err(Error::SameFile(path.to_owned()));
            }
            Some(before) if !before.is_file() => return Err(Error::NotAFile(path.to_owned())),
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_owned(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unique = KeyId::generate().map_err(keys::Error::from)?;
        let temporary = path.with_file_name(format!(".{name}.{unique}"));
        let mode = if before.is_some() { PRIVATE } else { NEW };
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode);
        let file = file.open(&temporary).map_err(failed)?;
        Ok(Self {
            file: BufWriter::new(file),
            temporary: Some(temporary),
            path,
            before,
        })
    }

    /// Writes what comes next, or bytes in place of earlier ones.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write<C: AsRef<[u8]>>(&mut self, output: &Output<C>) -> Result<(), Error> {
        let written = match output {
            Output::Boxes { bytes, .. } => self.file.write_all(bytes),
            Output::Media(bytes) => self.file.write_all(bytes.as_ref()),
            Output::Patch {
                position, bytes, ..
            } => self.patch(*position, bytes),
        };
        written.map_err(|source| self.failed(source))
    }

    fn patch(&mut self, position: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().write_all_at(bytes, position)
    }

    /// Puts the file, whole and on disk, into its place; returns its size in bytes. One that it replaces leaves it its
    /// permission bits.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.settle().map_err(|source| self.failed(source))
    }

    fn settle(&mut self) -> io::Result<u64> {
        self.file.flush()?;
        let file = self.file.get_ref();
        if let Some(before) = &self.before {
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

    fn failed(&self, source: io::Error) -> Error {
        Error::File {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // There is nothing to be done about one that cannot be removed.
            let _ = fs::remove_file(temporary);
        }
    }
}
