// SPDX-License-Identifier: MPL-2.0
//! `sidx`, the segment index, 14496-12 clause 8.16.3.

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

/// The bits of referenced_size; bit 31 is reference_type, which separates indexes from media.
const SIZE_MASK: u32 = 0x7fff_ffff;

/// starts_with_SAP, and SAP_type 1: decoding starts with the first sample, which is presented first.
const STARTS_WITH_SYNC: u32 = 0x9000_0000;

/// A media segment in a `sidx` that is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SidxReference {
    /// Bytes.
    pub size: u64,
    /// Ticks.
    pub duration: u64,
    /// True if it starts with a sync sample that is presented first, a stream access point of type 1.
    pub starts_with_sync: bool,
}

/// Returns the bytes of a [built](build_sidx) `sidx` with that many references.
pub const fn sidx_size(references: usize) -> usize {
    40 + 12 * references
}

/// Builds a `sidx` for the segments right after it. `start` is the earliest presentation time of the first, in ticks.
///
/// # Errors
/// [`Error::TooLarge`] for more than 65,535 segments, a segment of 2 GiB, or one of 2^32 ticks.
pub fn build_sidx(
    track_id: u32,
    timescale: u32,
    start: u64,
    references: &[SidxReference],
) -> Result<BoxTree<'static>, Error> {
    const TOO_LARGE: Error = Error::TooLarge {
        box_type: FourCc::SIDX,
    };
    let mut fields = [track_id, timescale].map(u32::to_be_bytes).concat();
    fields.extend(start.to_be_bytes());
    fields.extend(0u64.to_be_bytes()); // first_offset
    fields.extend(0u16.to_be_bytes()); // reserved
    let count = u16::try_from(references.len()).map_err(|_| TOO_LARGE)?;
    fields.extend(count.to_be_bytes());
    for reference in references {
        let size = u32::try_from(reference.size).map_err(|_| TOO_LARGE)?;
        if size > SIZE_MASK {
            return Err(TOO_LARGE);
        }
        let access_point = match reference.starts_with_sync {
            true => STARTS_WITH_SYNC,
            false => 0,
        };
        let duration = u32::try_from(reference.duration).map_err(|_| TOO_LARGE)?;
        fields.extend(
            [size, duration, access_point]
                .map(u32::to_be_bytes)
                .concat(),
        );
    }
    let header = FullBoxHeader {
        version: 1,
        flags: 0,
    };
    Ok(BoxTree::full(FourCc::SIDX, header, &fields))
}

/// A segment index: the sizes of the segments after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sidx {
    fields: Vec<u8>,
    references_at: usize,
    /// Bytes between the end of this box and the first referenced byte.
    pub first_offset: u64,
    first_offset_at: usize,
    version: u8,
}

impl Sidx {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::UnknownVersion`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let fields = reader.left().to_vec();
        let version = reader.full_box_header()?.version;
        reader.bytes(8)?; // reference_ID, timescale
        let first_offset_at = match version {
            0 => 16,
            1 => 20,
            version => {
                return Err(Error::UnknownVersion {
                    box_type: FourCc::SIDX,
                    version,
                });
            }
        };
        let first_offset = if version == 0 {
            reader.u32()?;
            u64::from(reader.u32()?)
        } else {
            reader.u64()?;
            reader.u64()?
        };
        reader.u16()?;
        let count = usize::from(reader.u16()?);
        let references_at = fields.len() - reader.left().len();
        reader.bytes(12 * count)?;
        Ok(Self {
            fields,
            references_at,
            first_offset,
            first_offset_at,
            version,
        })
    }

    /// referenced_size of each reference, in bytes.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        self.fields
            .get(self.references_at..)
            .unwrap_or_default()
            .chunks_exact(12)
            .filter_map(|reference| reference.first_chunk::<4>())
            .map(|word| u64::from(u32::from_be_bytes(*word) & SIZE_MASK))
    }

    /// Builds the box with other sizes, in the order of the references.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a size above 31 bits or a first offset that exceeds its field.
    pub fn to_box(&self, first_offset: u64, sizes: &[u64]) -> Result<BoxTree<'static>, Error> {
        let too_large = || Error::TooLarge {
            box_type: FourCc::SIDX,
        };
        let mut body = self.fields.clone();
        for (reference, &size) in body
            .get_mut(self.references_at..)
            .unwrap_or_default()
            .chunks_exact_mut(12)
            .zip(sizes)
        {
            let size = u32::try_from(size)
                .ok()
                .filter(|size| *size <= SIZE_MASK)
                .ok_or_else(too_large)?;
            let word = reference.first_chunk_mut::<4>().ok_or_else(too_large)?;
            *word = (u32::from_be_bytes(*word) & !SIZE_MASK | size).to_be_bytes();
        }
        let first_offset = if self.version == 0 {
            u32::try_from(first_offset)
                .map_err(|_| too_large())?
                .to_be_bytes()
                .to_vec()
        } else {
            first_offset.to_be_bytes().to_vec()
        };
        body.get_mut(self.first_offset_at..self.first_offset_at + first_offset.len())
            .ok_or_else(too_large)?
            .copy_from_slice(&first_offset);
        Ok(BoxTree::leaf(FourCc::SIDX, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layout of clause 8.16.3.2.
    #[test]
    fn index_lists_its_references() {
        let reference = |starts_with_sync| SidxReference {
            size: 100,
            duration: 200,
            starts_with_sync,
        };
        let sidx = build_sidx(3, 90_000, 1 << 33, &[reference(true), reference(false)]).unwrap();
        let words = [
            0x0100_0000u32,
            3,
            90_000,
            2,
            0,
            0,
            0,
            2,
            100,
            200,
            0x9000_0000,
            100,
            200,
            0,
        ];
        assert_eq!(sidx.body(), words.map(u32::to_be_bytes).concat());
        let too_large = SidxReference {
            size: 1 << 31,
            ..reference(true)
        };
        assert_eq!(sidx.size(), sidx_size(2));
        assert!(build_sidx(3, 1, 0, &[too_large]).is_err());
        assert!(build_sidx(3, 1, 0, &[reference(true); 65_536]).is_err());
    }

    #[test]
    fn sizes_change_and_the_rest_stays() {
        let mut body = vec![0, 0, 0, 0];
        for word in [1u32, 90_000, 0, 24] {
            body.extend(word.to_be_bytes());
        }
        body.extend([0, 0, 0, 2]);
        for word in [0x8000_0064u32, 2, 3, 200, 5, 6] {
            body.extend(word.to_be_bytes());
        }
        let sidx = Sidx::read(Reader::new(FourCc::SIDX, &body)).unwrap();
        assert_eq!(sidx.sizes().collect::<Vec<_>>(), [100, 200]);
        assert_eq!(sidx.first_offset, 24);
        let moved = sidx.to_box(25, &[101, 202]).unwrap();
        let mut expected = body.clone();
        expected[19] = 25;
        expected[27] = 101;
        expected[39] = 202;
        assert_eq!(moved.body(), expected);
        assert!(sidx.to_box(0, &[1 << 31, 0]).is_err());
    }
}
