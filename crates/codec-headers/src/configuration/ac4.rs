// SPDX-License-Identifier: MPL-2.0
//! `dac4`, the configuration of AC-4: ETSI TS 103 190-2 V1.2.1, annex E.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// The fields of `dac4`, of its first presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ac4Configuration {
    /// bitstream_version.
    pub bitstream_version: u8,
    /// Samples per second, from fs_index.
    pub sampling_rate: u32,
    /// The first presentation; None if there is none, or if ac4_dsi_version is 0, an older layout (TS 103 190-1, annex E).
    pub presentation: Option<Ac4Presentation>,
}

/// A presentation: a mix that listeners can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ac4Presentation {
    /// presentation_version; 2 is an immersive stereo presentation.
    pub version: u8,
    /// mdcompat, the level of decoders that can play it; 0 in presentations of version 0, which state it elsewhere.
    pub decoder_level: u8,
    /// presentation_channel_mask_v1, a bit for each group of speakers by table A.27; None if the presentation has objects instead of
    /// channels.
    pub speaker_groups: Option<u32>,
}

impl Ac4Configuration {
    /// Reads the payload of a `dac4`: ac4_dsi_v1(), clause E.6.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "dac4");
        let has_old_layout = bits.u(3)? == 0;
        let bitstream_version = bits.small(7)?;
        let sampling_rate = if bits.flag()? { 48_000 } else { 44_100 };
        // frame_rate_index
        bits.skip(4)?;
        let presentations = bits.u(9)?;
        if presentations == 0 || has_old_layout {
            return Ok(Self {
                bitstream_version,
                sampling_rate,
                presentation: None,
            });
        }
        if bitstream_version > 1 && bits.flag()? {
            // short_program_id
            bits.skip(16)?;
            if bits.flag()? {
                // program_uuid
                bits.skip(128)?;
            }
        }
        // ac4_bitrate_dsi()
        bits.skip(2 + 32 + 32)?;
        bits.align()?;
        Ok(Self {
            bitstream_version,
            sampling_rate,
            presentation: Some(Ac4Presentation::read(&mut bits)?),
        })
    }
}

impl Ac4Presentation {
    /// Reads presentation_version up to presentation_channel_mask_v1: clauses E.6 and E.10.
    fn read(bits: &mut RawBitReader<'_>) -> Result<Self, Error> {
        let mut presentation = Self {
            version: bits.byte()?,
            decoder_level: 0,
            speaker_groups: None,
        };
        // pres_bytes, add_pres_bytes
        if bits.byte()? == u8::MAX {
            bits.skip(16)?;
        }
        // presentation_config_v1; 6 has only further substreams.
        if !matches!(presentation.version, 1 | 2) || bits.u(5)? == 6 {
            return Ok(presentation);
        }
        presentation.decoder_level = bits.small(3)?;
        if bits.flag()? {
            // presentation_id
            bits.skip(5)?;
        }
        // dsi_frame_rate_multiply_info, dsi_frame_rate_fraction_info, presentation_emdf_version, presentation_key_id
        bits.skip(2 + 2 + 5 + 10)?;
        // b_presentation_channel_coded
        if bits.flag()? {
            if matches!(bits.u(5)?, 11..=14) {
                // pres_b_4_back_channels_present, pres_top_channel_pairs
                bits.skip(1 + 2)?;
            }
            presentation.speaker_groups = Some(bits.u(24)?);
        }
        Ok(presentation)
    }

    /// Returns the number of channels; None for objects.
    pub const fn channels(&self) -> Option<u32> {
        /// The groups of two speakers, by table A.27.
        const PAIRS: u32 = 0x7_21bd;
        match self.speaker_groups {
            Some(groups) => Some(groups.count_ones() + (groups & PAIRS).count_ones()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Immersive stereo, 5.1, stereo, and 5.1.2 of Shaka Packager's ac4_audio_util_unittest.cc, up to the channel mask.
    const RECORDS: [&[u8]; 4] = [
        b"\x20\xa4\x02\x40\x00\x00\x00\x1f\xff\xff\xff\xe0\x02\x12\xf8\x80\x00\x00\x42\x00\x00\x02\x50\x10",
        b"\x20\xa6\x01\x60\x00\x00\x00\x1f\xff\xff\xff\xe0\x01\x0e\xf9\x00\x00\x09\x00\x00\x11\xca\x02\x00",
        b"\x20\xa4\x01\x40\x00\x00\x00\x1f\xff\xff\xff\xe0\x01\x12\xf8\x00\x00\x08\x40\x00\x00\x4a\x02\x00",
        b"\x20\xa0\x01\x60\x00\x00\x00\x1f\xff\xff\xff\xe0\x01\x15\x13\x80\x00\x00\x58\x40\x00\x31\xfc\xa0",
    ];

    // The masks, and bitstream_version, presentation version and level, of that file: 80 is 2.2.0, 73 is 2.1.1 (in bits 2, 3, 3).
    #[test]
    fn first_presentation_is_read() {
        let expected = [
            (0x40 | 2 << 3, 0x1, 2),
            (0x40 | 1 << 3 | 1, 0x47, 6),
            (0x40 | 1 << 3, 0x1, 2),
            (0x40 | 1 << 3 | 3, 0xc7, 8),
        ];
        for (record, (packed, groups, channels)) in RECORDS.into_iter().zip(expected) {
            let read = Ac4Configuration::read(record).unwrap();
            assert_eq!(read.sampling_rate, 48_000);
            let first = read.presentation.unwrap();
            assert_eq!(
                read.bitstream_version << 5 | first.version << 3 | first.decoder_level,
                packed
            );
            assert_eq!(first.speaker_groups, Some(groups));
            assert_eq!(first.channels(), Some(channels));
            assert!(Ac4Configuration::read(&record[..20]).is_err());
        }
    }
}
