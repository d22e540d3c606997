// SPDX-License-Identifier: MPL-2.0
//! `sidx`, the segment index, 14496-12 clause 8.16.3.

use super::{BoxTree, Error, FourCc, Reader};

/// The bits of referenced_size; bit 31 is reference_type, which separates indexes from media.
const SIZE_MASK: u32 = 0x7fff_ffff;

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
