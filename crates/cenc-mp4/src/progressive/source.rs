// SPDX-License-Identifier: MPL-2.0
//! Where a progressive file is read from.

use isobmff_boxes::FourCc;

use crate::{Chunk, Error};

/// A file that can be read anywhere.
pub trait SeekableInput {
    /// How its bytes are given.
    type Chunk: Chunk;

    /// The file's size in bytes, which must not change.
    fn size(&self) -> u64;

    /// Reads `len` bytes at `offset`, both inside the file.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being read; it ends the stream as [`Error::Input`].
    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<Self::Chunk, Box<dyn std::error::Error + Send + Sync>>;
}

/// Reads the bytes from `start` up to `end`, all of them.
pub(crate) fn read<S: SeekableInput>(
    source: &mut S,
    start: u64,
    end: u64,
) -> Result<S::Chunk, Error> {
    let inside = FourCc::MDAT;
    let len = end.saturating_sub(start);
    let len = usize::try_from(len).map_err(|_| Error::Incomplete { inside })?;
    let chunk = source.read(start, len).map_err(Error::Input)?;
    match chunk.as_ref().len() == len {
        true => Ok(chunk),
        false => Err(Error::Incomplete { inside }),
    }
}
