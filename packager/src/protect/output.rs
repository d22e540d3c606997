// SPDX-License-Identifier: MPL-2.0
//! The protected file, part by part.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use cenc_mp4::Output;

use super::Error;
use crate::new_file::NewFile;

/// The file under way. Dropped before [`Self::finish`] it leaves nothing.
pub struct OutputFile(NewFile);

impl OutputFile {
    /// Begins a file that is to be at `path`.
    ///
    /// # Errors
    /// [`Error::Output`], [`Error::SameFile`] when it would replace `input`.
    pub fn create(path: &Path, input: &Metadata) -> Result<Self, Error> {
        let before = fs::metadata(path);
        let is_input = before.is_ok_and(|it| (it.dev(), it.ino()) == (input.dev(), input.ino()));
        match is_input {
            true => Err(Error::SameFile(path.to_owned())),
            false => Ok(Self(NewFile::create(path, None)?)),
        }
    }

    /// Writes what comes next, or bytes in place of earlier ones.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn write<C: AsRef<[u8]>>(&mut self, output: &Output<C>) -> Result<(), Error> {
        let written = match output {
            Output::Boxes { bytes, .. } => self.0.file().write_all(bytes),
            Output::Media(bytes) => self.0.file().write_all(bytes.as_ref()),
            Output::Patch {
                position, bytes, ..
            } => self.patch(*position, bytes),
        };
        Ok(written.map_err(|source| self.0.failed(source))?)
    }

    fn patch(&mut self, position: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.file().flush()?;
        self.0.file().get_ref().write_all_at(bytes, position)
    }

    /// Puts the file into its place; returns its size in bytes.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn finish(self) -> Result<u64, Error> {
        Ok(self.0.finish()?)
    }
}
