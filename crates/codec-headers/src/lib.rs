// SPDX-License-Identifier: MPL-2.0
//! Finds the bytes of a sample that Common Encryption may protect: the subsample rules of ISO/IEC 23001-7:2023, clause 9.5.
//!
//! ```
//! use codec_headers::{Codec, ProtectableRange};
//!
//! // An avcC with the SPS and the PPS of a Baseline stream of 16x16 pixels.
//! let avcc = [
//!     1, 66, 0, 10, 0xff, 0xe1, 0, 6, 0x67, 66, 0, 10, 0xfb, 0xc8, 1, 0, 4, 0x68, 0xce, 0x38, 0x80,
//! ];
//! // One IDR slice: the length field, the NAL unit header, 21 bits of slice header, 20 bytes of slice data.
//! let mut sample = vec![0, 0, 0, 24, 0x65, 0x88, 0x84, 0x08];
//! sample.extend([0xaa; 20]);
//!
//! let mut codec = Codec::new(*b"avc1", Some(&avcc))?;
//! let mut ranges = Vec::new();
//! codec.protectable_ranges(&sample, &mut ranges)?;
//! assert_eq!(ranges, [ProtectableRange { start: 8, len: 20 }]);
//! # Ok::<(), codec_headers::Error>(())
//! ```
//!
//! This crate knows no protection scheme: it says what may be protected, not which of these bytes a scheme encrypts. [`configuration`]
//! reads what decoder configurations say about a stream.
//!
//! | codec | protectable | needed to find it |
//! |---|---|---|
//! | AVC with MVC, HEVC with layers, VVC | the data of each slice; NAL unit lengths and headers, slice headers and all other NAL units stay clear | the parameter sets in force, from the decoder configuration records and from the stream |
//! | AV1 | each tile | the sequence header and the frames before |
//! | VP9 | each frame after its uncompressed header | the sizes of the frames before |
//! | AC-4 | each frame after its table of contents | nothing |
//! | VP8, other audio codecs, video codecs without a rule | the whole sample | nothing |
//!
//! Clause numbers are those of ISO/IEC 14496-10:2022, ISO/IEC 23008-2:2023 and ISO/IEC 14496-15:2022; the modules of the other
//! codecs name theirs.

#![warn(missing_docs, unreachable_pub, missing_debug_implementations)]

mod ac4;
mod av1;
mod avc;
mod coded_unit;
pub mod configuration;
mod error;
mod hevc;
mod nal;
mod parameter_sets;
mod raw_bits;
mod rbsp;
mod sample_bytes;
mod video_signal;
mod vp9;
mod vvc;
mod whole_sample;

#[cfg(test)]
mod tests;

use coded_unit::NalSyntax;

pub use coded_unit::CodedUnit;
pub use error::Error;
pub use sample_bytes::SampleBytes;
pub use whole_sample::{
    FormatKind, is_pcm, is_text_or_metadata, is_video_without_rule, pcm_value_bytes,
};

/// A run of bytes of one sample that may be protected: the data of one slice, a tile, the compressed part of a frame, or the
/// whole sample. Empty if there is only a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtectableRange {
    /// The first byte, from the start of the sample.
    pub start: usize,
    /// The number of bytes.
    pub len: usize,
}

/// The place of the whole cipher blocks in a range whose length is no multiple of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// The protection scheme's rule decides.
    BySchemeRule,
    /// They end where the range ends, under every scheme.
    BlocksAtEnd,
}

/// Finds the protectable bytes in the samples of one track.
///
/// ```
/// use codec_headers::{Codec, Error, ProtectableRange};
///
/// // AAC has no subsamples: the whole sample is protected.
/// let mut aac = Codec::new(*b"mp4a", None)?;
/// let mut ranges = Vec::new();
/// aac.protectable_ranges(&[0x21, 0x10, 0x04], &mut ranges)?;
/// assert!(!aac.maps_subsamples());
/// assert_eq!(ranges, [ProtectableRange { start: 0, len: 3 }]);
///
/// // A codec without a rule is refused, never left clear.
/// assert_eq!(Codec::new(*b"svc1", None).unwrap_err(), Error::Unsupported { format: *b"svc1" });
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Codec(CodecReader);

#[derive(Debug, Clone)]
enum CodecReader {
    Ac4,
    Av1(Box<av1::Av1>),
    Avc(Box<avc::Avc>),
    Hevc(Box<hevc::Hevc>),
    Vp9(Box<vp9::Vp9>),
    Vvc(Box<vvc::Vvc>),
    WholeSample,
}

impl Codec {
    /// Creates the reader for samples that are protected as a whole. This is right for audio of any type.
    pub const fn whole_samples() -> Self {
        Self(CodecReader::WholeSample)
    }

    /// Creates the reader for samples of a sample entry of type `format` (before protection). `config` is the payload of its
    /// `avcC`, `hvcC`, `vvcC` or `av1C` box; other types need none. Text and metadata are accepted: the caller decides by
    /// [`is_text_or_metadata`] if they are protected at all.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a type without a rule; a configuration that is missing, truncated or out of range.
    pub fn new(format: [u8; 4], config: Option<&[u8]>) -> Result<Self, Error> {
        let config = config.ok_or(Error::MissingConfig { format });
        Ok(Self(match &format {
            b"avc1" | b"avc3" | b"dva1" | b"dvav" => {
                CodecReader::Avc(Box::new(avc::Avc::new(config?)?))
            }
            b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => {
                CodecReader::Hevc(Box::new(hevc::Hevc::new(config?)?))
            }
            b"ac-4" => CodecReader::Ac4,
            b"av01" | b"dav1" => CodecReader::Av1(Box::new(av1::Av1::new(config?)?)),
            b"vp09" => CodecReader::Vp9(Box::new(vp9::Vp9::new())),
            b"vvc1" | b"vvi1" => CodecReader::Vvc(Box::new(vvc::Vvc::new(config?)?)),
            _ if whole_sample::is_whole_sample(format) || is_text_or_metadata(format) => {
                CodecReader::WholeSample
            }
            _ => return Err(Error::Unsupported { format }),
        }))
    }

    /// Puts the parameter sets of further layers or views in force. `config` is the payload of the sample entry's `mvcC` box (AVC) or
    /// `lhvC` box (HEVC). Streams whose sample entry has such a box need it, unless the samples repeat these parameter sets.
    ///
    /// ```
    /// use codec_headers::Codec;
    ///
    /// let hvcc = [&[1][..], &[0; 20], &[3, 0]].concat();
    /// let mut codec = Codec::new(*b"hvc1", Some(&hvcc))?;
    /// // An lhvC with the PPS (nal_unit_type 34) of layer 1: id 1, of the SPS 1.
    /// let lhvc = [
    ///     1, 0xf0, 0, 0xfc, 0xcb, 1, 0xa2, 0, 1, 0, 7, 0x44, 9, 0x48, 0x47, 0x18, 0x03, 0x20,
    /// ];
    /// codec.add_layers(&lhvc)?;
    /// # Ok::<(), codec_headers::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnsupportedFeature`] for a codec without layers; a configuration that is truncated or out of range.
    pub fn add_layers(&mut self, config: &[u8]) -> Result<(), Error> {
        match &mut self.0 {
            CodecReader::Avc(avc) => avc.add_views(config),
            CodecReader::Hevc(hevc) => hevc.add_layers(config),
            _ => Err(Error::UnsupportedFeature {
                feature: "an mvcC or lhvC box in a sample entry that is neither AVC nor HEVC",
            }),
        }
    }

    /// Appends the protectable ranges of one sample to `ranges`, in order, and keeps what later samples refer to. Samples must
    /// come in decoding order. The last range of each coded unit ends with it.
    ///
    /// # Errors
    /// A damaged sample, one without the parameter sets or frames that it refers to, or a feature whose headers are not
    /// understood. The ranges appended by then must not be used.
    pub fn protectable_ranges(
        &mut self,
        mut sample: impl SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        match &mut self.0 {
            CodecReader::Ac4 => ac4::protectable_ranges(sample.all(), ranges),
            CodecReader::Av1(av1) => av1.protectable_ranges(&mut sample, ranges),
            CodecReader::Avc(avc) => avc.protectable_ranges(&mut sample, ranges),
            CodecReader::Hevc(hevc) => hevc.protectable_ranges(&mut sample, ranges),
            CodecReader::Vp9(vp9) => vp9.protectable_ranges(&mut sample, ranges),
            CodecReader::Vvc(vvc) => vvc.protectable_ranges(&mut sample, ranges),
            CodecReader::WholeSample => {
                let size = sample.size();
                ranges.extend((size > 0).then_some(ProtectableRange::new(0, size)));
                Ok(())
            }
        }
    }

    /// Appends the coded units of one sample to `units`, in order. Reads only the framing of the sample, so that a caller can check by
    /// them that no unit was overlooked: each has at least one protectable range.
    ///
    /// # Errors
    /// A sample whose framing is damaged.
    pub fn coded_units(
        &self,
        mut sample: impl SampleBytes,
        units: &mut Vec<CodedUnit>,
    ) -> Result<(), Error> {
        let (length_size, syntax) = match &self.0 {
            CodecReader::Avc(avc) => (avc.length_size, NalSyntax::Avc),
            CodecReader::Hevc(hevc) => (hevc.length_size, NalSyntax::Hevc),
            CodecReader::Vvc(vvc) => (vvc.length_size, NalSyntax::Vvc),
            CodecReader::Av1(_) => return coded_unit::in_obus(&mut sample, units),
            CodecReader::Vp9(_) => return coded_unit::in_superframe(&mut sample, units),
            CodecReader::Ac4 | CodecReader::WholeSample => {
                coded_unit::in_whole_sample(&sample, units);
                return Ok(());
            }
        };
        coded_unit::in_nal_units(&mut sample, length_size, syntax, units)
    }

    /// True if samples get a subsample map; otherwise each is protected as a whole.
    pub const fn maps_subsamples(&self) -> bool {
        !matches!(self.0, CodecReader::WholeSample)
    }

    /// Returns the place of the cipher blocks in each range.
    pub const fn alignment(&self) -> Alignment {
        match self.0 {
            // VP Codec ISO Media File Format Binding, clause "Common Encryption": the clear bytes
            // in front of each frame take the remainder.
            CodecReader::Vp9(_) => Alignment::BlocksAtEnd,
            _ => Alignment::BySchemeRule,
        }
    }
}

impl ProtectableRange {
    /// Returns the range from `start` up to `end`.
    const fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            len: end.saturating_sub(start),
        }
    }
}
