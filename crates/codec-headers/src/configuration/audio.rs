// SPDX-License-Identifier: MPL-2.0
//! Configurations of audio codecs whose fields have fixed places: `dOps`, `dfLa`, `alac`, `ddts`, `udts`, `mhaC`.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// The fields of `dOps`: Encapsulation of Opus in ISO Base Media File Format, 4.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusConfiguration {
    /// OutputChannelCount.
    pub channels: u8,
    /// ChannelMappingFamily: 0 and 1 have the channels of Vorbis, 255 any.
    pub mapping_family: u8,
}

/// The fields of `dfLa`: Encapsulation of FLAC in ISO Base Media File Format, 3.3.2, and RFC 9639, 8.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlacConfiguration {
    /// Samples per second.
    pub sampling_rate: u32,
    /// The channels.
    pub channels: u8,
}

/// The fields of the `alac` box in an `alac` entry: Apple Lossless Format, "Magic Cookie Description".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlacConfiguration {
    /// Samples per second.
    pub sampling_rate: u32,
    /// The channels.
    pub channels: u8,
}

/// The fields of `ddts` or `udts`: ETSI TS 102 114 V1.6.1, clause E.2, and TS 103 491, annex B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtsConfiguration {
    /// Samples per second of `ddts`; None in `udts`, which has a base rate only.
    pub sampling_rate: Option<u32>,
    /// ChannelLayout (16 bits) or ChannelMask (32 bits).
    pub speakers: u32,
    /// True if `speakers` is the ChannelLayout of `ddts`.
    pub is_core_layout: bool,
}

/// The fields of `mhaC`: ISO/IEC 23008-3, clause 20.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MpegHConfiguration {
    /// mpegh3daProfileLevelIndication.
    pub profile_level: u8,
    /// referenceChannelLayout, a ChannelConfiguration of ISO/IEC 23091-3.
    pub channel_configuration: u8,
}

impl OpusConfiguration {
    /// Reads the payload of a `dOps`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "dOps");
        // Version
        bits.skip(8)?;
        let channels = bits.byte()?;
        // PreSkip, InputSampleRate, OutputGain
        bits.skip(16 + 32 + 16)?;
        Ok(Self {
            channels,
            mapping_family: bits.byte()?,
        })
    }
}

impl FlacConfiguration {
    /// Reads the payload of a `dfLa`, whose first metadata block must be STREAMINFO.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::OutOfRange`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "dfLa");
        // version, flags, LastMetadataBlockFlag
        bits.skip(32 + 1)?;
        if bits.u(7)? != 0 {
            return Err(bits.out_of_range("BlockType"));
        }
        // Length, block sizes, frame sizes
        bits.skip(24 + 2 * 16 + 2 * 24)?;
        Ok(Self {
            sampling_rate: bits.u(20)?,
            channels: bits.small(3)? + 1,
        })
    }
}

impl AlacConfiguration {
    /// Reads the payload of an `alac` box.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "alac");
        // version, flags, frameLength, compatibleVersion, bitDepth, pb, mb, kb
        bits.skip(32 + 32 + 5 * 8)?;
        let channels = bits.byte()?;
        // maxRun, maxFrameBytes, avgBitRate
        bits.skip(16 + 32 + 32)?;
        Ok(Self {
            sampling_rate: bits.u(32)?,
            channels,
        })
    }
}

impl DtsConfiguration {
    /// Reads the payload of a `ddts`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read_ddts(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "ddts");
        let sampling_rate = bits.u(32)?;
        // maxBitrate, avgBitrate, pcmSampleDepth
        bits.skip(32 + 32 + 8)?;
        // FrameDuration up to RepresentationType
        bits.skip(2 + 5 + 1 + 6 + 14 + 1 + 3)?;
        Ok(Self {
            sampling_rate: Some(sampling_rate),
            speakers: bits.u(16)?,
            is_core_layout: true,
        })
    }

    /// Reads the payload of a `udts`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read_udts(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "udts");
        // DecoderProfileCode, FrameDurationCode, MaxPayloadCode, NumPresentationsCode
        bits.skip(6 + 2 + 3 + 5)?;
        Ok(Self {
            sampling_rate: None,
            speakers: bits.u(32)?,
            is_core_layout: false,
        })
    }

    /// Returns the number of channels.
    pub const fn channels(&self) -> u32 {
        /// The bits of ChannelLayout that are a pair of speakers, TS 102 114, table E.5.
        const PAIRS: u32 = 0xae66;
        let pairs = if self.is_core_layout {
            self.speakers & PAIRS
        } else {
            0
        };
        self.speakers.count_ones() + pairs.count_ones()
    }
}

impl MpegHConfiguration {
    /// Reads the payload of an `mhaC`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "mhaC");
        // configurationVersion
        bits.skip(8)?;
        Ok(Self {
            profile_level: bits.byte()?,
            channel_configuration: bits.byte()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The boxes that FFmpeg 8.1 writes for 48 kHz Opus in stereo, 96 kHz FLAC in 5.1, and 48 kHz ALAC in stereo.
    #[test]
    fn boxes_of_ffmpeg_are_read() {
        let opus = OpusConfiguration::read(b"\0\x02\x01\x38\0\0\xbb\x80\0\0\0").unwrap();
        assert_eq!((opus.channels, opus.mapping_family), (2, 0));
        let flac =
            b"\0\0\0\0\x80\0\0\x22\x20\0\x20\0\0\x03\x27\0\x08\xa3\x17\x70\x0a\xf0\0\0\x4b\0";
        let flac = FlacConfiguration::read(flac).unwrap();
        assert_eq!((flac.sampling_rate, flac.channels), (96_000, 6));
        let alac =
            b"\0\0\0\0\0\0\x10\0\0\x10\x28\x0a\x0e\x02\0\0\0\0\x40\x04\0\x17\x70\0\0\0\xbb\x80";
        let alac = AlacConfiguration::read(alac).unwrap();
        assert_eq!((alac.sampling_rate, alac.channels), (48_000, 2));
    }

    // Laid out by hand after the clauses: the channels are C, L/R, Ls/Rs and LFE1.
    #[test]
    fn dts_channels_are_counted() {
        let ddts = b"\0\0\xbb\x80\0\x17\x06\0\0\x17\x06\0\x10\x06\x68\0\0\0\x0f\0";
        let read = DtsConfiguration::read_ddts(ddts).unwrap();
        assert_eq!((read.sampling_rate, read.speakers), (Some(48_000), 0x0f));
        assert_eq!(read.channels(), 6);
        assert!(DtsConfiguration::read_ddts(&ddts[..18]).is_err());
        let udts = DtsConfiguration::read_udts(b"\x05\x20\0\0\0\x3f\0").unwrap();
        assert_eq!((udts.speakers, udts.channels()), (0x3f, 6));
    }

    #[test]
    fn mpeg_h_profile_is_read() {
        let read = MpegHConfiguration::read(&[1, 0x0d, 0x13, 0, 0]).unwrap();
        assert_eq!((read.profile_level, read.channel_configuration), (13, 19));
    }
}
