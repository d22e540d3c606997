// SPDX-License-Identifier: MPL-2.0
//! The protected file.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use cenc_mp4::Output;
use host_access::Host;

use super::Error;
use crate::new_file::NewFile;

/// The protected file while it is written. If it is dropped before [`Self::finish`], nothing remains of it.
pub struct OutputFile(NewFile);

impl OutputFile {
    /// Creates the temporary file for `path`.
    ///
    /// # Errors
    /// [`Error::Output`], or [`Error::SameFile`] if it would replace `input`.
    pub fn create(path: &Path, input: &Metadata, host: &Host) -> Result<Self, Error> {
        let is_input = fs::metadata(path)
            .is_ok_and(|existing| (existing.dev(), existing.ino()) == (input.dev(), input.ino()));
        match is_input {
            true => Err(Error::SameFile(path.to_owned())),
            false => Ok(Self(NewFile::create(path, None, &*host.random)?)),
        }
    }

    /// Appends bytes, or overwrites earlier ones.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn write<C: AsRef<[u8]>>(&mut self, output: &Output<C>) -> Result<(), Error> {
        match output {
            Output::Boxes { bytes, .. } => self.0.file().write_all(bytes),
            Output::Media(bytes) => self.0.file().write_all(bytes.as_ref()),
            Output::Patch {
                position, bytes, ..
            } => self.overwrite(*position, bytes),
        }
        .map_err(|source| self.0.failed(source).into())
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.0.file().write_all(bytes);
        written.map_err(|source| self.0.failed(source).into())
    }

    fn overwrite(&mut self, position: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.file().flush()?;
        self.0.file().get_ref().write_all_at(bytes, position)
    }

    /// Renames the file to its final name; returns its size in bytes.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn finish(self) -> Result<u64, Error> {
        Ok(self.0.finish()?)
    }
}
