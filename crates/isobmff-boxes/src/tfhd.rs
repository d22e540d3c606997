// SPDX-License-Identifier: MPL-2.0
//! `tfhd`, the track fragment header, 14496-12 clause 8.8.7.

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader, RunSample, Trex};

const BASE_DATA_OFFSET: u32 = 0x00_0001;
const SAMPLE_DESCRIPTION_INDEX: u32 = 0x00_0002;
const DEFAULT_SAMPLE_DURATION: u32 = 0x00_0008;
const DEFAULT_SAMPLE_SIZE: u32 = 0x00_0010;
const DEFAULT_SAMPLE_FLAGS: u32 = 0x00_0020;
const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;

/// A track fragment header; the fields that this crate does not use are kept as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tfhd<'a> {
    flags: u32,
    /// The track that the fragment belongs to.
    pub track_id: u32,
    /// The base of data offsets, as an offset in the file.
    pub base_data_offset: Option<u64>,
    /// The 1-based index into `stsd`; None: that of `trex`.
    pub sample_description_index: Option<u32>,
    /// The sample duration in ticks; None: that of `trex`.
    pub default_sample_duration: Option<u32>,
    /// The sample size in bytes; None: that of `trex`.
    pub default_sample_size: Option<u32>,
    /// The sample flags; None: those of `trex`.
    pub default_sample_flags: Option<u32>,
    after_base: &'a [u8],
}

impl<'a> Tfhd<'a> {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        let flags = reader.full_box_header()?.flags;
        let has = |flag: u32| flags & flag != 0;
        // The fields are read in this order.
        Ok(Self {
            flags,
            track_id: reader.u32()?,
            base_data_offset: has(BASE_DATA_OFFSET).then(|| reader.u64()).transpose()?,
            after_base: reader.left(),
            sample_description_index: reader.optional_u32(has(SAMPLE_DESCRIPTION_INDEX))?,
            default_sample_duration: reader.optional_u32(has(DEFAULT_SAMPLE_DURATION))?,
            default_sample_size: reader.optional_u32(has(DEFAULT_SAMPLE_SIZE))?,
            default_sample_flags: reader.optional_u32(has(DEFAULT_SAMPLE_FLAGS))?,
        })
    }

    /// Returns the values of the samples of the fragment whose runs state none.
    pub fn default_sample(&self, trex: &Trex) -> RunSample {
        RunSample {
            duration: self.default_sample_duration.unwrap_or(trex.sample_duration),
            size: self.default_sample_size.unwrap_or(trex.sample_size),
            flags: self.default_sample_flags.unwrap_or(trex.sample_flags),
            composition_offset: 0,
        }
    }

    /// True if the first byte of the `moof` is the base of data offsets.
    pub const fn default_base_is_moof(&self) -> bool {
        self.base_data_offset.is_none() && self.flags & DEFAULT_BASE_IS_MOOF != 0
    }

    /// Sets the flag that makes the first byte of the `moof` the base of data offsets.
    pub const fn set_default_base_is_moof(&mut self) {
        self.flags |= DEFAULT_BASE_IS_MOOF;
    }

    /// Builds the box from the current fields.
    pub fn to_box(&self) -> BoxTree<'static> {
        let mut fields = Vec::with_capacity(12 + self.after_base.len());
        fields.extend(self.track_id.to_be_bytes());
        if let Some(offset) = self.base_data_offset {
            fields.extend(offset.to_be_bytes());
        }
        fields.extend_from_slice(self.after_base);
        BoxTree::full(
            FourCc::TFHD,
            FullBoxHeader {
                version: 0,
                flags: self.flags,
            },
            &fields,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 8.8.7.2: optional fields are in the order of their flags.
    #[test]
    fn optional_fields_are_found_by_flag() {
        let body = [
            0, 0, 0, 0x3b, 0, 0, 0, 7, // version, flags, track_ID
            0, 0, 0, 0, 0, 0, 1, 0, // base_data_offset
            0, 0, 0, 2, // sample_description_index
            0, 0, 4, 0, // default_sample_duration
            0, 0, 0, 99, // default_sample_size
            1, 1, 0, 0, // default_sample_flags
        ];
        let tfhd = Tfhd::read(Reader::new(FourCc::TFHD, &body)).unwrap();
        assert_eq!(tfhd.track_id, 7);
        assert_eq!(tfhd.base_data_offset, Some(256));
        assert_eq!(tfhd.sample_description_index, Some(2));
        assert_eq!(tfhd.default_sample_duration, Some(0x400));
        assert_eq!(tfhd.default_sample_size, Some(99));
        assert_eq!(tfhd.default_sample_flags, Some(0x101_0000));
        assert_eq!(tfhd.to_box().body(), body);
    }
}
