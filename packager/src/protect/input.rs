// SPDX-License-Identifier: MPL-2.0
//! The clear file, read block by block.

use std::error::Error as StdError;
use std::fs::{File, Metadata};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::BytesMut;
use cenc_mp4::SeekableInput;
use indicatif::ProgressBar;

use super::Error;
use super::signals::Signals;
use crate::new_file;

/// The most that is read of a fragmented file at once, in bytes.
const MAX_BLOCK: u64 = 8 << 20;
/// How many buffers are kept.
const SPARES: usize = 4;
/// Bytes of the smallest one that is; the heap keeps smaller ones.
const LEAST_SPARE: usize = 32 << 10;

/// The file, with those who are told how far it is read.
pub struct Input {
    file: File,
    metadata: Metadata,
    bar: ProgressBar,
    signals: Signals,
    spares: Vec<BytesMut>,
}

impl Input {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Output`] for what is no file.
    pub fn open(path: &Path, bar: ProgressBar, signals: Signals) -> Result<Self, Error> {
        let failed = |source| Error::File {
            path: path.to_owned(),
            source,
        };
        let is_file = std::fs::metadata(path).map_err(failed)?.is_file();
        if !is_file {
            return Err(new_file::Error::NotAFile(path.to_owned()).into());
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        bar.set_length(metadata.len());
        Ok(Self {
            file,
            metadata,
            bar,
            signals,
            spares: Vec::new(),
        })
    }

    /// What the system knows of the file.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The bytes at `position`, as many as are wanted if that is not too many; none at the end.
    ///
    /// # Errors
    /// As [`SeekableInput::read`].
    pub fn block(
        &mut self,
        position: u64,
        wanted: u64,
    ) -> Result<BytesMut, Box<dyn StdError + Send + Sync>> {
        let left = self.size().saturating_sub(position);
        self.read(position, usize::try_from(left.min(wanted).min(MAX_BLOCK))?)
    }

    /// Takes back what was read, to read into it again: new memory costs more than what is done with it.
    pub fn take_back(&mut self, bytes: BytesMut) {
        if bytes.capacity() >= LEAST_SPARE && self.spares.len() < SPARES {
            self.spares.push(bytes);
        }
    }

    /// Warns of something, above the bar.
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("warning: {text}"));
    }

    /// Says what is done with the file from its start on.
    pub fn begin(&self, what: &'static str) {
        self.bar.reset();
        self.bar.set_message(what);
    }
}

impl SeekableInput for Input {
    type Chunk = BytesMut;

    fn size(&self) -> u64 {
        self.metadata.len()
    }

    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<BytesMut, Box<dyn StdError + Send + Sync>> {
        self.signals.check()?;
        let mut bytes = match len < LEAST_SPARE {
            true => BytesMut::new(),
            false => self.spares.pop().unwrap_or_default(),
        };
        bytes.resize(len, 0);
        self.file.read_exact_at(&mut bytes, offset)?;
        self.bar.set_position(offset.saturating_add(len as u64));
        Ok(bytes)
    }
}
