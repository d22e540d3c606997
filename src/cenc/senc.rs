// SPDX-License-Identifier: MPL-2.0
//! `senc`, the sample encryption box, 23001-7 clause 7.2, with the sizes that `saiz` states of its entries.

use crate::bmff::{BoxTree, Error, FourCc, MAX_SAMPLE_INFO_SIZE};

use super::{Iv, Subsample};

const USE_SUBSAMPLES: u32 = 0x00_0002;

/// Collects the entries of one track fragment; the buffers are kept from fragment to fragment.
#[derive(Debug, Default)]
pub struct Senc {
    samples: u32,
    entries: Vec<u8>,
    sizes: Vec<u8>,
    oversize: bool,
    subsampled: bool,
}

impl Senc {
    /// Bytes from the start of the box to its first entry.
    pub const HEADER_SIZE: usize = 16;

    /// Forgets the entries of the fragment before.
    pub fn start(&mut self, subsampled: bool) {
        self.samples = 0;
        self.entries.clear();
        self.sizes.clear();
        self.oversize = false;
        self.subsampled = subsampled;
    }

    /// Appends the entry of a sample: its own IV, if it has one, and its subsamples, if the track maps them.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when a count outgrows its field.
    pub fn push(&mut self, iv: Option<&Iv>, subsamples: &[Subsample]) -> Result<(), Error> {
        let too_large = Error::TooLarge {
            box_type: FourCc::SENC,
        };
        let before = self.entries.len();
        self.entries
            .extend(iv.map(Iv::as_bytes).unwrap_or_default());
        if self.subsampled {
            let count = u16::try_from(subsamples.len()).map_err(|_| too_large.clone())?;
            self.entries.extend(count.to_be_bytes());
            for subsample in subsamples {
                self.entries.extend(subsample.clear_bytes.to_be_bytes());
                self.entries.extend(subsample.protected_bytes.to_be_bytes());
            }
        }
        let size = self.entries.len() - before;
        self.oversize |= size > MAX_SAMPLE_INFO_SIZE;
        self.sizes.push(u8::try_from(size).unwrap_or(u8::MAX));
        self.samples = self.samples.checked_add(1).ok_or(too_large)?;
        Ok(())
    }

    /// Sizes of the entries, for `saiz`; None when there is nothing per sample, or when an entry is larger than `saiz` can
    /// say (255 bytes, about 40 slices): `senc` alone carries the facts then.
    pub fn sizes(&self) -> Option<&[u8]> {
        (!self.entries.is_empty() && !self.oversize).then_some(&self.sizes)
    }

    /// Bytes that the box takes.
    pub const fn size(&self) -> usize {
        Self::HEADER_SIZE + self.entries.len()
    }

    /// The box.
    pub fn to_box(&self) -> BoxTree<'static> {
        let flags = if self.subsampled { USE_SUBSAMPLES } else { 0 };
        let mut fields = Vec::with_capacity(4 + self.entries.len());
        fields.extend(self.samples.to_be_bytes());
        fields.extend_from_slice(&self.entries);
        BoxTree::full(FourCc::SENC, (0, flags), &fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSAMPLE: Subsample = Subsample {
        clear_bytes: 0x0102,
        protected_bytes: 0x03040506,
    };

    // Layout of clause 7.2.2.
    #[test]
    fn entry_is_iv_count_and_subsamples() {
        let mut senc = Senc::default();
        senc.start(true);
        let iv = Iv::new(&[9; 8]).unwrap();
        senc.push(Some(&iv), &[SUBSAMPLE]).unwrap();
        let body = [
            0, 0, 0, 2, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 0, 1, 1, 2, 3, 4, 5, 6,
        ];
        assert_eq!(senc.to_box().body(), body);
        assert_eq!(senc.sizes(), Some([16].as_slice()));
        assert_eq!(senc.to_box().size(), senc.size());
    }

    #[test]
    fn constant_iv_without_map_leaves_only_the_count() {
        let mut senc = Senc::default();
        senc.start(false);
        senc.push(None, &[]).unwrap();
        senc.push(None, &[]).unwrap();
        assert_eq!(senc.to_box().body(), [0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(senc.sizes(), None);
    }

    #[test]
    fn entry_beyond_a_byte_leaves_no_sizes() {
        let mut senc = Senc::default();
        senc.start(true);
        senc.push(None, &[SUBSAMPLE; 42]).unwrap();
        assert!(senc.sizes().is_some());
        senc.push(None, &[SUBSAMPLE; 43]).unwrap();
        assert!(senc.sizes().is_none());
        senc.start(true);
        senc.push(None, &[]).unwrap();
        assert!(senc.sizes().is_some());
    }
}
