// SPDX-License-Identifier: MPL-2.0
//! `senc`, the sample encryption box, 23001-7 clause 7.2, and the entry sizes for `saiz`.

use isobmff_boxes::{BoxTree, Error, FourCc, FullBoxHeader, MAX_SAMPLE_INFO_SIZE, Reader};

use super::{BoxFlavor, ParsedProtection, piff};
use cenc_types::{Iv, KeyId, Pattern, Subsample};

/// PIFF only: the box has an AlgorithmID, IV size and KID of its own.
const OVERRIDE: u32 = 0x00_0001;
const USE_SUBSAMPLES: u32 = 0x00_0002;
/// Bytes of a subsample: UInt16 and UInt32.
const SUBSAMPLE_SIZE: usize = 6;

/// Builds the `senc` of a track fragment; its buffers are reused from fragment to fragment.
///
/// ```
/// use cenc_types::{Iv, Subsample};
/// use common_encryption::{BoxFlavor, SencBuilder};
///
/// let mut senc = SencBuilder::default();
/// senc.start(true, BoxFlavor::Cenc);
/// let subsamples = [Subsample { clear_bytes: 5, protected_bytes: 16 }];
/// senc.push(Some(&Iv::new(&[9; 8])?), &subsamples).unwrap();
/// // 23001-7 clause 7.2.2: flag 2, one sample, its IV, one subsample.
/// let body = [&[0, 0, 0, 2, 0, 0, 0, 1], &[9; 8][..], &[0, 1, 0, 5, 0, 0, 0, 16]].concat();
/// assert_eq!(senc.to_box().body(), body);
/// # Ok::<(), cenc_types::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct SencBuilder {
    samples: u32,
    entries: Vec<u8>,
    sizes: Vec<u8>,
    oversize: bool,
    subsampled: bool,
    flavor: BoxFlavor,
}

impl SencBuilder {
    /// Bytes from the start of the box to its first entry.
    pub const HEADER_SIZE: usize = 16;

    /// Starts a fragment without entries.
    pub fn start(&mut self, subsampled: bool, flavor: BoxFlavor) {
        self.samples = 0;
        self.entries.clear();
        self.sizes.clear();
        self.oversize = false;
        self.subsampled = subsampled;
        self.flavor = flavor;
    }

    /// Appends the entry of a sample: its IV, unless the IV is constant, and its subsamples, if the fragment is `subsampled`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if a count exceeds its field.
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

    /// Returns the sizes of the entries for `saiz`. None if the entries are empty, if one exceeds the 255 bytes that `saiz` can state
    /// (about 40 slices), or in PIFF: then `senc` is used alone.
    pub fn sizes(&self) -> Option<&[u8]> {
        (!self.entries.is_empty() && !self.oversize && self.flavor == BoxFlavor::Cenc)
            .then_some(&self.sizes)
    }

    /// Returns the bytes of all entries.
    pub fn entries(&self) -> &[u8] {
        &self.entries
    }

    /// Returns the number of entries.
    pub const fn count(&self) -> u32 {
        self.samples
    }

    /// Returns the size in bytes of the box in [`BoxFlavor::Cenc`].
    pub const fn size(&self) -> usize {
        Self::HEADER_SIZE + self.entries.len()
    }

    /// Builds the box, or PIFF's box for it.
    pub fn to_box(&self) -> BoxTree<'static> {
        let flags = if self.subsampled { USE_SUBSAMPLES } else { 0 };
        let mut fields = Vec::with_capacity(4 + self.entries.len());
        fields.extend(self.samples.to_be_bytes());
        fields.extend_from_slice(&self.entries);
        let senc = BoxTree::full(FourCc::SENC, FullBoxHeader { version: 0, flags }, &fields);
        match self.flavor {
            BoxFlavor::Cenc => senc,
            BoxFlavor::Piff => senc.with_uuid(piff::SENC),
        }
    }
}

/// The fields of a `senc`, or of PIFF's box for it, as they were read.
#[derive(Debug, Clone)]
pub struct ParsedSenc<'a> {
    /// True if each entry has a subsample map.
    pub subsampled: bool,
    /// sample_count.
    pub sample_count: u32,
    /// The parameters that replace those of `tenc`; PIFF only.
    pub protection: Option<ParsedProtection>,
    /// The entries, whose lengths depend on the IV sizes of their samples.
    pub entries: Reader<'a>,
}

impl<'a> ParsedSenc<'a> {
    /// Reads the fields before the entries.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        let flags = reader.full_box_header()?.flags;
        let protection = match flags & OVERRIDE {
            0 => None,
            _ => Some(read_override(&mut reader)?),
        };
        Ok(Self {
            subsampled: flags & USE_SUBSAMPLES != 0,
            sample_count: reader.u32()?,
            protection,
            entries: reader,
        })
    }
}

fn read_override(reader: &mut Reader<'_>) -> Result<ParsedProtection, Error> {
    let [_, _, algorithm, per_sample_iv_size] = reader.array()?;
    Ok(ParsedProtection {
        is_protected: algorithm,
        pattern: Pattern::NONE,
        per_sample_iv_size,
        kid: KeyId::from_bytes(reader.array()?),
        constant_iv: None,
    })
}

/// The auxiliary information of one sample, from `senc` or from the bytes that `saio` points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleInformation<'a> {
    /// The sample's own IV; empty with a constant one.
    pub iv: &'a [u8],
    subsamples: &'a [u8],
}

impl<'a> SampleInformation<'a> {
    /// Reads the next entry.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(reader: &mut Reader<'a>, iv_size: u8, subsampled: bool) -> Result<Self, Error> {
        let iv = reader.bytes(usize::from(iv_size))?;
        let count = if subsampled { reader.u16()? } else { 0 };
        Ok(Self {
            iv,
            subsamples: reader.bytes(SUBSAMPLE_SIZE * usize::from(count))?,
        })
    }

    /// Returns the subsamples; empty if the sample is encrypted as a whole.
    pub fn subsamples(&self) -> impl ExactSizeIterator<Item = Subsample> + use<'a> {
        let (subsamples, _) = self.subsamples.as_chunks::<SUBSAMPLE_SIZE>();
        subsamples.iter().map(|&[a, b, c, d, e, f]| Subsample {
            clear_bytes: u16::from_be_bytes([a, b]),
            protected_bytes: u32::from_be_bytes([c, d, e, f]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cenc_types::decode_hex;

    const SUBSAMPLE: Subsample = Subsample {
        clear_bytes: 0x0102,
        protected_bytes: 0x03040506,
    };

    // Layout of clause 7.2.2.
    #[test]
    fn entry_is_iv_count_and_subsamples() {
        let mut senc = SencBuilder::default();
        senc.start(true, BoxFlavor::Cenc);
        let iv = Iv::new(&[9; 8]).unwrap();
        senc.push(Some(&iv), &[SUBSAMPLE]).unwrap();
        let body = [
            0, 0, 0, 2, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 0, 1, 1, 2, 3, 4, 5, 6,
        ];
        assert_eq!(senc.to_box().body(), body);
        assert_eq!(senc.sizes(), Some([16].as_slice()));
        assert_eq!(senc.to_box().size(), senc.size());

        let mut found = ParsedSenc::read(Reader::new(FourCc::SENC, &body)).unwrap();
        assert_eq!((found.subsampled, found.sample_count), (true, 1));
        let entry = SampleInformation::read(&mut found.entries, 8, found.subsampled).unwrap();
        assert_eq!(entry.iv, [9; 8]);
        assert_eq!(entry.subsamples().collect::<Vec<_>>(), [SUBSAMPLE]);
        assert!(found.entries.is_empty());
        assert!(SampleInformation::read(&mut found.entries, 8, true).is_err());
    }

    // Layout of PIFF 1.1, clause 5.3.2.
    #[test]
    fn piff_box_can_override_the_track() {
        let mut body = vec![0, 0, 0, 1, 0, 0, 1, 16];
        body.extend([7; 16]);
        body.extend([0, 0, 0, 3]);
        let found = ParsedSenc::read(Reader::new(FourCc::UUID, &body)).unwrap();
        let protection = found.protection.unwrap();
        assert_eq!((found.sample_count, protection.per_sample_iv_size), (3, 16));
        assert_eq!(protection.kid, KeyId::from_bytes([7; 16]));
    }

    #[test]
    fn constant_iv_without_map_leaves_only_the_count() {
        let mut senc = SencBuilder::default();
        senc.start(false, BoxFlavor::Cenc);
        senc.push(None, &[]).unwrap();
        senc.push(None, &[]).unwrap();
        assert_eq!(senc.to_box().body(), [0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(senc.sizes(), None);
    }

    // The box in the PIFF file of the shared vectors (o-piff-scheme-wma), for its first sample.
    #[test]
    fn piff_box_has_no_sizes() {
        let mut senc = SencBuilder::default();
        senc.start(false, BoxFlavor::Piff);
        let iv = Iv::new(&[0xfd, 8, 0x5e, 0x39, 0x75, 0x8c, 0xa6, 0xc0]).unwrap();
        senc.push(Some(&iv), &[]).unwrap();
        let mut bytes = Vec::new();
        senc.to_box().write(&mut bytes).unwrap();
        let expected =
            "0000002875756964a2394f525a9b4f14a2446c427c648df40000000000000001fd085e39758ca6c0";
        assert_eq!(bytes, *decode_hex(expected).unwrap());
        assert_eq!(senc.sizes(), None);
    }

    #[test]
    fn entry_beyond_a_byte_leaves_no_sizes() {
        let mut senc = SencBuilder::default();
        senc.start(true, BoxFlavor::Cenc);
        senc.push(None, &[SUBSAMPLE; 42]).unwrap();
        assert!(senc.sizes().is_some());
        senc.push(None, &[SUBSAMPLE; 43]).unwrap();
        assert!(senc.sizes().is_none());
        senc.start(true, BoxFlavor::Cenc);
        senc.push(None, &[]).unwrap();
        assert!(senc.sizes().is_some());
    }
}
