// SPDX-License-Identifier: MPL-2.0
//! `stco` and `co64`, the offsets of a track's chunks in the file, 14496-12 clause 8.7.5.

use super::{BoxTree, Error, FourCc, FullBoxHeader};

/// The offsets of the chunks of a progressive track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkOffsets<'a> {
    entries: &'a [u8],
    wide: bool,
}

impl<'a> ChunkOffsets<'a> {
    /// Reads the fields of a `stco` or a `co64`.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for an entry_count that the box has no room for.
    pub fn read(table: &'a BoxTree<'_>) -> Result<Self, Error> {
        let wide = table.box_type == FourCc::CO64;
        let mut reader = table.reader();
        reader.full_box_header()?;
        Ok(Self {
            entries: match wide {
                true => reader.table::<8>()?.as_flattened(),
                false => reader.table::<4>()?.as_flattened(),
            },
            wide,
        })
    }

    /// True if the offsets have 64 bits.
    pub const fn is_wide(&self) -> bool {
        self.wide
    }

    /// Returns the number of chunks.
    pub const fn count(&self) -> usize {
        self.entries.len() / if self.wide { 8 } else { 4 }
    }

    /// Returns the offsets in bytes from the start of the file.
    pub fn offsets(&self) -> impl Iterator<Item = u64> + use<'a> {
        let (wide, narrow) = match self.wide {
            true => (self.entries.as_chunks().0, [].as_slice()),
            false => ([].as_slice(), self.entries.as_chunks().0),
        };
        narrow
            .iter()
            .map(|&offset| u64::from(u32::from_be_bytes(offset)))
            .chain(wide.iter().map(|&offset| u64::from_be_bytes(offset)))
    }
}

/// Builds a `co64` if `wide`, or else a `stco`, with these offsets.
///
/// # Errors
/// [`Error::TooLarge`] if an offset or the count exceeds its field.
pub fn build_chunk_offsets(offsets: &[u64], wide: bool) -> Result<BoxTree<'static>, Error> {
    let box_type = if wide { FourCc::CO64 } else { FourCc::STCO };
    let too_large = |_| Error::TooLarge { box_type };
    let mut fields = Vec::with_capacity(4 + offsets.len() * if wide { 8 } else { 4 });
    fields.extend(
        u32::try_from(offsets.len())
            .map_err(too_large)?
            .to_be_bytes(),
    );
    for &offset in offsets {
        match wide {
            true => fields.extend(offset.to_be_bytes()),
            false => fields.extend(u32::try_from(offset).map_err(too_large)?.to_be_bytes()),
        }
    }
    Ok(BoxTree::full(box_type, FullBoxHeader::default(), &fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layouts of clause 8.7.5.2.
    #[test]
    fn both_widths_are_read_and_written() {
        for (wide, bytes) in [
            (false, b"\0\0\0\0\0\0\0\x02\0\0\0\x09\0\0\x01\0".as_slice()),
            (
                true,
                b"\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\x01\0",
            ),
        ] {
            let table = build_chunk_offsets(&[9, 256], wide).unwrap();
            assert_eq!(table.body(), bytes);
            let read = ChunkOffsets::read(&table).unwrap();
            assert_eq!((read.is_wide(), read.count()), (wide, 2));
            assert_eq!(read.offsets().collect::<Vec<_>>(), [9, 256]);
        }
    }

    #[test]
    fn count_beyond_the_box_and_offset_beyond_the_field_are_refused() {
        let table = BoxTree::full(FourCc::STCO, FullBoxHeader::default(), &[0xff; 8]);
        assert!(matches!(
            ChunkOffsets::read(&table),
            Err(Error::Truncated { .. })
        ));
        let refused = build_chunk_offsets(&[1 << 32], false);
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    }
}
