// SPDX-License-Identifier: MPL-2.0
//! Which bytes of a sample may be protected: the subsample rules of ISO/IEC 23001-7:2023, clause
//! 9.5. Knows no scheme.
//!
//! Of AVC, HEVC and VVC only slice data may be protected: NAL unit lengths and headers, slice headers
//! and all NAL units that are not VCL stay clear, so that a demultiplexer or a decoder's front end
//! can work without the key. Where slice data starts depends on the parameter sets in force, from
//! the decoder configuration record and from the stream itself. Of AV1 the tiles may be protected, of
//! VP9 all behind the uncompressed header of each frame; where those start depends on the frames
//! before. Of AC-4 all behind the table of contents of a frame may be protected; of VP8 and of the
//! other audio codecs known here the whole sample is.
//!
//! Clause numbers are those of ISO/IEC 14496-10:2022, ISO/IEC 23008-2:2023 and ISO/IEC
//! 14496-15:2022; the other codecs' modules name theirs.

#![warn(missing_docs, unreachable_pub, missing_debug_implementations)]

mod ac4;
mod av1;
mod avc;
mod bits;
mod error;
mod hevc;
mod nal;
mod parameter_sets;
mod plain;
mod sample_bytes;
mod vp9;
mod vvc;
mod whole;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use sample_bytes::SampleBytes;
pub use whole::is_text_or_metadata;

/// A run of bytes of one sample that may be protected: slice data of one VCL NAL unit, a tile, the
/// compressed part of a frame, or the whole sample. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtectableRange {
    /// First byte, from the start of the sample.
    pub start: usize,
    /// Number of bytes.
    pub len: usize,
}

/// Where whole cipher blocks lie in a range that is no multiple of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// Where the rule of the protection scheme puts them.
    BySchemeRule,
    /// They end with the range whatever the scheme.
    BlocksAtEnd,
}

/// Finds the protectable bytes in the samples of one track.
#[derive(Debug, Clone)]
pub struct Codec(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Ac4,
    Av1(Box<av1::Av1>),
    Avc(Box<avc::Avc>),
    Hevc(Box<hevc::Hevc>),
    Vp9(Box<vp9::Vp9>),
    Vvc(Box<vvc::Vvc>),
    WholeSample,
}

impl Codec {
    /// For the samples of a sample entry of type `format` (before protection), `config` being the
    /// payload of its `avcC`, `hvcC`, `vvcC` or `av1C` box; other types need none. Whether text and
    /// metadata are protected at all is asked elsewhere: see [`is_text_or_metadata`].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a type without a rule; a configuration that is absent, truncated
    /// or out of range.
    pub fn new(format: [u8; 4], config: Option<&[u8]>) -> Result<Self, Error> {
        let config = config.ok_or(Error::MissingConfig { format });
        match &format {
            b"avc1" | b"avc3" | b"dva1" | b"dvav" => {
                Ok(Self(Kind::Avc(Box::new(avc::Avc::new(config?)?))))
            }
            b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => {
                Ok(Self(Kind::Hevc(Box::new(hevc::Hevc::new(config?)?))))
            }
            b"ac-4" => Ok(Self(Kind::Ac4)),
            b"av01" | b"dav1" => Ok(Self(Kind::Av1(Box::new(av1::Av1::new(config?)?)))),
            b"vp09" => Ok(Self(Kind::Vp9(Box::new(vp9::Vp9::new())))),
            b"vvc1" | b"vvi1" => Ok(Self(Kind::Vvc(Box::new(vvc::Vvc::new(config?)?)))),
            _ if whole::is_whole_sample(format) || is_text_or_metadata(format) => {
                Ok(Self(Kind::WholeSample))
            }
            _ => Err(Error::Unsupported { format }),
        }
    }

    /// Appends the protectable ranges of one sample to `ranges`, in order, and takes over what later
    /// samples refer to. Samples must come in decoding order. A slice or frame all of whose bytes
    /// are header bytes has no range.
    ///
    /// # Errors
    /// A damaged sample, one without the parameter sets or frames that it refers to, or a feature
    /// whose headers are not understood. What was appended until then must not be used.
    pub fn protectable_ranges(
        &mut self,
        mut sample: impl SampleBytes,
        ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        match &mut self.0 {
            Kind::Ac4 => ac4::protectable_ranges(sample.all(), ranges),
            Kind::Av1(av1) => av1.protectable_ranges(&mut sample, ranges),
            Kind::Avc(avc) => avc.protectable_ranges(&mut sample, ranges),
            Kind::Hevc(hevc) => hevc.protectable_ranges(&mut sample, ranges),
            Kind::Vp9(vp9) => vp9.protectable_ranges(&mut sample, ranges),
            Kind::Vvc(vvc) => vvc.protectable_ranges(&mut sample, ranges),
            Kind::WholeSample => {
                ranges.extend(ProtectableRange::new(0, sample.size()));
                Ok(())
            }
        }
    }

    /// Whether samples get a subsample map; if not, each is protected as a whole.
    pub const fn maps_subsamples(&self) -> bool {
        !matches!(self.0, Kind::WholeSample)
    }

    /// Where the blocks lie in each range.
    pub const fn alignment(&self) -> Alignment {
        match self.0 {
            // VP Codec ISO Media File Format Binding, clause "Common Encryption": the clear bytes
            // in front of each frame take the remainder.
            Kind::Vp9(_) => Alignment::BlocksAtEnd,
            _ => Alignment::BySchemeRule,
        }
    }
}

impl ProtectableRange {
    /// The range from `start` up to `end`, unless it is empty.
    fn new(start: usize, end: usize) -> Option<Self> {
        let len = end.checked_sub(start)?;
        (len > 0).then_some(Self { start, len })
    }
}
