// SPDX-License-Identifier: MPL-2.0
//! The input of a progressive file.

use isobmff_boxes::FourCc;

use crate::{Chunk, Error};

/// An input with random access, such as a file.
pub trait SeekableInput {
    /// The unit in which it returns bytes.
    type Chunk: Chunk;

    /// Returns the size in bytes, which must not change.
    fn size(&self) -> u64;

    /// Reads `len` bytes at `offset`, which are inside the file.
    ///
    /// # Errors
    /// Any error of the input; it is returned as [`Error::Input`].
    fn read(
        &mut self,
        offset: u64,
        len: usize,
    ) -> Result<Self::Chunk, Box<dyn std::error::Error + Send + Sync>>;
}

/// Reads all bytes from `start` up to `end`.
pub(crate) fn read<S: SeekableInput>(
    source: &mut S,
    start: u64,
    end: u64,
) -> Result<S::Chunk, Error> {
    let inside = FourCc::MDAT;
    let len =
        usize::try_from(end.saturating_sub(start)).map_err(|_| Error::Incomplete { inside })?;
    let chunk = source.read(start, len).map_err(Error::Input)?;
    match chunk.as_ref().len() == len {
        true => Ok(chunk),
        false => Err(Error::Incomplete { inside }),
    }
}
