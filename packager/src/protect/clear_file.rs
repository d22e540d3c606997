// SPDX-License-Identifier: MPL-2.0
//! The clear file, read block by block.

use std::error::Error as StdError;
use std::fs::{File, Metadata};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::BytesMut;
use cenc_mp4::SeekableInput;
use indicatif::ProgressBar;

use super::Error;
use super::signals::StopSignals;
use host_access::open_regular_file;

/// The largest block that is read of a fragmented file, in bytes.
const MAX_BLOCK: u64 = 8 << 20;
/// The number of buffers that are kept for reuse.
const MAX_SPARE_BUFFERS: usize = 4;
/// The smallest buffer that is kept, in bytes; the allocator reuses smaller ones.
const MIN_SPARE_BUFFER: usize = 32 << 10;

/// Reads the clear file, shows the progress and stops at a signal.
pub struct ClearFile {
    file: File,
    metadata: Metadata,
    bar: ProgressBar,
    signals: StopSignals,
    spare_buffers: Vec<BytesMut>,
}

impl ClearFile {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn open(path: &Path, bar: ProgressBar, signals: StopSignals) -> Result<Self, Error> {
        let failed = |source| Error::File {
            path: path.to_owned(),
            source,
        };
        let file = open_regular_file(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        bar.set_length(metadata.len());
        Ok(Self {
            file,
            metadata,
            bar,
            signals,
            spare_buffers: Vec::new(),
        })
    }

    /// Returns the metadata of the opened file.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Reads `wanted` bytes at `position`, or fewer at the end of the file or if that is too many.
    ///
    /// # Errors
    /// As [`SeekableInput::read`].
    pub fn read_block(
        &mut self,
        position: u64,
        wanted: u64,
    ) -> Result<BytesMut, Box<dyn StdError + Send + Sync>> {
        let len = self
            .size()
            .saturating_sub(position)
            .min(wanted)
            .min(MAX_BLOCK);
        self.read(position, usize::try_from(len)?)
    }

    /// Reads ranges of the file, of `len` bytes together, one after the other into one buffer.
    ///
    /// # Errors
    /// As [`SeekableInput::read`].
    pub fn read_ranges(
        &mut self,
        ranges: impl Iterator<Item = Range<u64>>,
        len: u64,
    ) -> Result<BytesMut, Box<dyn StdError + Send + Sync>> {
        self.signals.check()?;
        let mut buffer = self.buffer(usize::try_from(len)?);
        let mut rest = buffer.as_mut();
        for range in ranges {
            let own = rest
                .split_off_mut(..usize::try_from(range.end - range.start)?)
                .ok_or("the ranges have more bytes than they should")?;
            self.file.read_exact_at(own, range.start)?;
        }
        Ok(buffer)
    }

    /// Keeps a buffer for the next read, because allocating new memory takes longer than encrypting it.
    pub fn recycle(&mut self, buffer: BytesMut) {
        if buffer.capacity() >= MIN_SPARE_BUFFER && self.spare_buffers.len() < MAX_SPARE_BUFFERS {
            self.spare_buffers.push(buffer);
        }
    }

    /// Returns a buffer of this length: the smallest spare one that has room, or else the largest.
    fn buffer(&mut self, len: usize) -> BytesMut {
        let spare = (0..self.spare_buffers.len()).min_by_key(|&index| {
            let capacity = self.spare_buffers.get(index).map_or(0, BytesMut::capacity);
            match capacity >= len {
                true => (false, capacity),
                false => (true, usize::MAX - capacity),
            }
        });
        let mut buffer = match spare.filter(|_| len >= MIN_SPARE_BUFFER) {
            Some(index) => self.spare_buffers.swap_remove(index),
            None => BytesMut::new(),
        };
        buffer.resize(len, 0);
        buffer
    }

    /// Prints a warning above the progress bar.
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("warning: {text}"));
    }

    /// Returns the progress bar.
    pub const fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Restarts the progress bar for the next pass over the file.
    pub fn start_pass(&self, name: &'static str) {
        self.bar.reset();
        self.bar.set_message(name);
    }
}

impl SeekableInput for ClearFile {
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
        let mut buffer = self.buffer(len);
        self.file.read_exact_at(&mut buffer, offset)?;
        self.bar.set_position(offset.saturating_add(len as u64));
        Ok(buffer)
    }
}
