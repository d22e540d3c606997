// SPDX-License-Identifier: MPL-2.0
//! AudioSpecificConfig, the configuration of MPEG-4 audio in `esds`: ISO/IEC 14496-3:2019, clause 1.6.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// audioObjectType of SBR and PS, and that which announces an escape.
const SBR: u8 = 5;
const PS: u8 = 29;
const ESCAPE: u8 = 31;
/// The object types whose configuration starts with another channel configuration, or may repeat the signaling of SBR.
const BSAC: u8 = 22;
/// syncExtensionType of SBR and of PS.
const SBR_SYNC: u32 = 0x2b7;
const PS_SYNC: u32 = 0x548;
/// Table 1.18: samples per second by samplingFrequencyIndex.
const SAMPLING_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// The fields of an AudioSpecificConfig that players need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// audioObjectType of the codec without SBR and PS: 2 is AAC-LC, 42 is USAC (xHE-AAC).
    pub object_type: u8,
    /// SBR is signaled: HE-AAC. A decoder also finds SBR that is not signaled.
    pub has_sbr: bool,
    /// PS is signaled too: HE-AAC v2.
    pub has_ps: bool,
    /// Samples per second of the output, with signaled SBR applied; 0 for a reserved index.
    pub sampling_rate: u32,
    /// channelConfiguration; 0 if the channels are listed instead.
    pub channel_configuration: u8,
    /// Channels of the output, with signaled PS applied; None for a reserved channelConfiguration.
    pub channels: Option<u32>,
}

impl AudioSpecificConfig {
    /// Reads the DecoderSpecificInfo of an `esds`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "AudioSpecificConfig");
        let announced = read_object_type(&mut bits)?;
        let mut read = Self {
            object_type: announced,
            has_sbr: matches!(announced, SBR | PS),
            has_ps: announced == PS,
            sampling_rate: read_sampling_rate(&mut bits)?,
            channel_configuration: bits.small(4)?,
            channels: None,
        };
        if read.has_sbr {
            read.sampling_rate = read_sampling_rate(&mut bits)?;
            read.object_type = read_object_type(&mut bits)?;
            if read.object_type == BSAC {
                // extensionChannelConfiguration
                bits.skip(4)?;
            }
        }
        let mut listed = None;
        if matches!(read.object_type, 1..=4 | 6 | 7 | 17 | 19..=23) {
            // A configuration that ends early is still one of this object type.
            listed = read.read_general(&mut bits).unwrap_or_default();
        }
        read.channels = match read.has_ps {
            true => Some(2),
            false => listed.or_else(|| channel_count(read.channel_configuration)),
        };
        Ok(read)
    }

    /// Returns the object type that a codecs parameter names: that of SBR or PS if these are signaled.
    pub const fn signaled_object_type(&self) -> u8 {
        match (self.has_ps, self.has_sbr) {
            (true, _) => PS,
            (false, true) => SBR,
            (false, false) => self.object_type,
        }
    }

    /// Reads GASpecificConfig() and the signaling of SBR after it, clauses 4.4.1 and 1.6.2.1. Returns the number of channels if it is
    /// listed.
    fn read_general(&mut self, bits: &mut RawBitReader<'_>) -> Result<Option<u32>, Error> {
        // frameLengthFlag, dependsOnCoreCoder
        bits.skip(1)?;
        if bits.flag()? {
            // coreCoderDelay
            bits.skip(14)?;
        }
        let has_extension = bits.flag()?;
        let listed = match self.channel_configuration {
            0 => Some(read_program_channels(bits)?),
            _ => None,
        };
        if matches!(self.object_type, 6 | 20) {
            // layerNr
            bits.skip(3)?;
        }
        if has_extension {
            // numOfSubFrame, layer_length; resilience flags; extensionFlag3
            bits.skip(match self.object_type {
                BSAC => 5 + 11 + 1,
                17 | 19 | 20 | 23 => 3 + 1,
                _ => 1,
            })?;
        }
        let has_error_protection = self.object_type >= 17 && bits.u(2)? >= 2;
        if !self.has_sbr && !has_error_protection {
            // Old files end here.
            self.read_late_signaling(bits).unwrap_or_default();
        }
        Ok(listed)
    }

    /// Reads the backward compatible signaling of SBR and PS.
    fn read_late_signaling(&mut self, bits: &mut RawBitReader<'_>) -> Result<(), Error> {
        if bits.u(11)? != SBR_SYNC {
            return Ok(());
        }
        let extension = read_object_type(bits)?;
        if !matches!(extension, SBR | BSAC) || !bits.flag()? {
            return Ok(());
        }
        self.sampling_rate = read_sampling_rate(bits)?;
        self.has_sbr = true;
        self.has_ps = extension == SBR && bits.u(11)? == PS_SYNC && bits.flag()?;
        Ok(())
    }
}

/// Reads GetAudioObjectType().
fn read_object_type(bits: &mut RawBitReader<'_>) -> Result<u8, Error> {
    match bits.small(5)? {
        ESCAPE => Ok(32 + bits.small(6)?),
        object_type => Ok(object_type),
    }
}

/// Reads samplingFrequencyIndex, and samplingFrequency after the escape.
fn read_sampling_rate(bits: &mut RawBitReader<'_>) -> Result<u32, Error> {
    match bits.small(4)? {
        15 => bits.u(24),
        index => Ok(SAMPLING_RATES
            .get(usize::from(index))
            .copied()
            .unwrap_or_default()),
    }
}

/// Reads program_config_element() up to the list of LFE channels, clause 4.5.2.1, and returns the number of channels.
fn read_program_channels(bits: &mut RawBitReader<'_>) -> Result<u32, Error> {
    // element_instance_tag, object_type, sampling_frequency_index
    bits.skip(4 + 2 + 4)?;
    let elements = bits.u(4)? + bits.u(4)? + bits.u(4)?;
    let lfe_channels = bits.u(2)?;
    let [data, coupling] = [bits.u(3)?, bits.u(4)?];
    // mono_mixdown, stereo_mixdown, matrix_mixdown
    for width in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(width)?;
        }
    }
    let mut channels = lfe_channels;
    for _ in 0..elements {
        channels += 1 + bits.u(1)?;
        // the element's tag
        bits.skip(4)?;
    }
    bits.skip(4 * lfe_channels + 4 * data + 5 * coupling)?;
    bits.align()?;
    let comment_bytes = bits.u(8)?;
    bits.skip(8 * comment_bytes)?;
    Ok(channels)
}

/// Table 1.19.
const fn channel_count(configuration: u8) -> Option<u32> {
    match configuration {
        1..=6 => Some(configuration as u32),
        7 | 12 | 14 => Some(8),
        11 => Some(7),
        13 => Some(24),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Expected {
        signaled: u8,
        sampling_rate: u32,
        channels: Option<u32>,
    }

    fn check(config: &[u8], expected: &Expected) {
        let read = AudioSpecificConfig::read(config).unwrap();
        assert_eq!(
            read.signaled_object_type(),
            expected.signaled,
            "{config:x?}"
        );
        assert_eq!(read.sampling_rate, expected.sampling_rate, "{config:x?}");
        assert_eq!(read.channels, expected.channels, "{config:x?}");
    }

    const fn expect(signaled: u8, sampling_rate: u32, channels: u32) -> Expected {
        Expected {
            signaled,
            sampling_rate,
            channels: Some(channels),
        }
    }

    // Configurations of Shaka Packager's aac_audio_specific_config_unittest.cc and its rates.
    #[test]
    fn configurations_of_a_peer_are_read() {
        check(&[0x12, 0x10], &expect(2, 44_100, 2));
        check(
            &[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80],
            &expect(29, 48_000, 2),
        );
        check(&[0x13, 0x08], &expect(2, 24_000, 1));
        check(&[0x11, 0xb0], &expect(2, 48_000, 6));
        check(
            &[0xf9, 0x5e, 0x01, 0x2c, 0x00, 0x52, 0x42, 0x2c, 0xc0],
            &expect(42, 38_400, 2),
        );
        let six = [
            0x11, 0x80, 0x04, 0xc8, 0x44, 0x00, 0x20, 0x00, 0xc4, 0x0d, 0x4c, 0x61, 0x76, 0x63,
            0x35, 0x38, 0x2e, 0x31, 0x38, 0x2e, 0x31, 0x30, 0x30, 0x56, 0xe5, 0x00,
        ];
        check(&six, &expect(2, 48_000, 6));
    }

    // Clause 1.6.6: explicit hierarchical signaling of HE-AAC, v1 and v2, at 24 kHz for 48 kHz.
    #[test]
    fn hierarchical_signaling_names_sbr_and_ps() {
        check(&[0x2b, 0x11, 0x88, 0x00], &expect(5, 48_000, 2));
        check(&[0xeb, 0x09, 0x88, 0x00], &expect(29, 48_000, 2));
    }

    // FFmpeg writes sbrPresentFlag 0 for AAC-LC.
    #[test]
    fn absent_sbr_is_no_sbr() {
        check(&[0x11, 0x90, 0x56, 0xe5, 0x00], &expect(2, 48_000, 2));
    }

    // Object types above 31: ELD (39) at 48 kHz and USAC (42) at 44.1 kHz, both in stereo.
    #[test]
    fn escaped_object_types_are_read() {
        check(&[0xf8, 0xe6, 0x40, 0, 0], &expect(39, 48_000, 2));
        check(&[0xf9, 0x48, 0x40, 0, 0], &expect(42, 44_100, 2));
    }

    #[test]
    fn no_bytes_are_a_panic() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let _ = AudioSpecificConfig::read(&[first, second, 0xff, 0xff, 0xff]);
            }
        }
        assert!(AudioSpecificConfig::read(&[0x12]).is_err());
    }
}
