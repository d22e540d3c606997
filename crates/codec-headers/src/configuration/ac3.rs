// SPDX-License-Identifier: MPL-2.0
//! `dac3` and `dec3`, the configurations of AC-3 and E-AC-3: ETSI TS 102 366 V1.4.1, clauses F.4 and F.6.

use crate::Error;
use crate::raw_bits::RawBitReader;

/// The fields of `dac3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ac3Configuration {
    /// Samples per second; None for a reserved code.
    pub sampling_rate: Option<u32>,
    /// The speakers, as in [`Eac3Configuration::speakers`].
    pub speakers: u16,
}

/// The fields of `dec3`, of the first independent substream and those that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eac3Configuration {
    /// Samples per second; None for a reduced rate, which only the stream states.
    pub sampling_rate: Option<u32>,
    /// The speakers by clause E.1.3.1.8, bit 0 (left) as the highest bit. DASH writes this number in four hexadecimal digits (clause
    /// I.1.2.1).
    pub speakers: u16,
    /// complexity_index_type_a: the number of objects of joint object coding (Dolby Atmos); None without.
    pub joc_complexity: Option<u8>,
}

/// Bits of `speakers`.
const LEFT: u16 = 0x8000;
const CENTRE: u16 = 0x4000;
const RIGHT: u16 = 0x2000;
const LEFT_SURROUND: u16 = 0x1000;
const RIGHT_SURROUND: u16 = 0x0800;
const CENTRE_SURROUND: u16 = 0x0100;
const LFE: u16 = 1;
/// The bits that are a pair of speakers.
const PAIRS: u16 = 0x0674;

impl Ac3Configuration {
    /// Reads the payload of a `dac3`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "dac3");
        let sampling_rate = read_sampling_rate(&mut bits)?;
        // bsid, bsmod
        bits.skip(8)?;
        Ok(Self {
            sampling_rate,
            speakers: read_speakers(&mut bits)?,
        })
    }

    /// Returns the number of channels.
    pub const fn channels(&self) -> u32 {
        count_channels(self.speakers)
    }
}

impl Eac3Configuration {
    /// Reads the payload of a `dec3`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(config: &[u8]) -> Result<Self, Error> {
        let mut bits = RawBitReader::new(config, "dec3");
        // data_rate
        bits.skip(13)?;
        let further_substreams = bits.u(3)?;
        let mut first = Self::read_substream(&mut bits)?;
        for _ in 0..further_substreams {
            Self::read_substream(&mut bits)?;
        }
        // Writers before joint object coding end the box here.
        first.joc_complexity = read_joc_complexity(&mut bits).unwrap_or_default();
        Ok(first)
    }

    fn read_substream(bits: &mut RawBitReader<'_>) -> Result<Self, Error> {
        let sampling_rate = read_sampling_rate(bits)?;
        // bsid, reserved, asvc, bsmod
        bits.skip(10)?;
        let mut speakers = read_speakers(bits)?;
        bits.skip(3)?;
        match bits.u(4)? {
            0 => bits.skip(1)?,
            _ => {
                let lfe2 = bits.small(1)?;
                // Bit 0 of chan_loc is the pair Lc and Rc, the highest of these bits of a speaker mask.
                let others = bits.small(8)?.reverse_bits();
                speakers |= u16::from(lfe2) << 1 | u16::from(others) << 3;
            }
        }
        Ok(Self {
            sampling_rate,
            speakers,
            joc_complexity: None,
        })
    }

    /// Returns the number of channels, of which joint object coding makes more.
    pub const fn channels(&self) -> u32 {
        count_channels(self.speakers)
    }
}

/// Reads fscod.
fn read_sampling_rate(bits: &mut RawBitReader<'_>) -> Result<Option<u32>, Error> {
    Ok(match bits.u(2)? {
        0 => Some(48_000),
        1 => Some(44_100),
        2 => Some(32_000),
        _ => None,
    })
}

/// Reads acmod and lfeon: clause 4.4.2.3.
fn read_speakers(bits: &mut RawBitReader<'_>) -> Result<u16, Error> {
    let front_and_surround = match bits.u(3)? {
        1 => CENTRE,
        3 => LEFT | CENTRE | RIGHT,
        // One surround channel has the place of the bit 7, Cs.
        4 => LEFT | RIGHT | CENTRE_SURROUND,
        5 => LEFT | CENTRE | RIGHT | CENTRE_SURROUND,
        6 => LEFT | RIGHT | LEFT_SURROUND | RIGHT_SURROUND,
        7 => LEFT | CENTRE | RIGHT | LEFT_SURROUND | RIGHT_SURROUND,
        // Two channels, or two programs of one channel.
        _ => LEFT | RIGHT,
    };
    Ok(front_and_surround | if bits.flag()? { LFE } else { 0 })
}

/// Reads flag_ec3_extension_type_a and complexity_index_type_a: ETSI TS 103 420, clause 8.3.
fn read_joc_complexity(bits: &mut RawBitReader<'_>) -> Result<Option<u8>, Error> {
    bits.skip(7)?;
    bits.flag()?.then(|| bits.byte()).transpose()
}

const fn count_channels(speakers: u16) -> u32 {
    speakers.count_ones() + (speakers & PAIRS).count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Bytes and values of Shaka Packager's ec3_audio_util_unittest.cc.
    #[test]
    fn enhanced_substreams_are_read() {
        for (record, speakers, channels, joc_complexity) in [
            (&[0, 0, 0, 0x0f, 0, 0x02, 0x10][..], 0xf801, 6, None),
            (&[0, 0, 0, 0x04, 0], 0xa000, 2, None),
            (&[0, 0, 0, 0x07, 0x07, 0x03], 0xe603, 9, None),
            (&[0x14, 0, 0x20, 0x0f, 0, 0x01, 0x10], 0xf801, 6, Some(16)),
        ] {
            let read = Eac3Configuration::read(record).unwrap();
            assert_eq!(read.speakers, speakers, "{record:x?}");
            assert_eq!(read.channels(), channels, "{record:x?}");
            assert_eq!(read.joc_complexity, joc_complexity, "{record:x?}");
            assert!(Eac3Configuration::read(&record[..4]).is_err());
        }
    }

    // `dac3` that FFmpeg writes for 5.1 at 48 kHz: fscod 0, bsid 8, bsmod 0, acmod 7, lfeon 1, bit rate code 15.
    #[test]
    fn plain_configuration_is_read() {
        let read = Ac3Configuration::read(&[0x10, 0x3d, 0xe0]).unwrap();
        assert_eq!(read.sampling_rate, Some(48_000));
        assert_eq!((read.speakers, read.channels()), (0xf801, 6));
        assert!(Ac3Configuration::read(&[0x10]).is_err());
    }

    // ETSI TS 102 366, table 4.3: acmod 4 and 5 have one surround channel.
    #[test]
    fn one_surround_channel_is_centre_surround() {
        let read = |acmod: u8| Ac3Configuration::read(&[0x10, acmod << 3, 0]).unwrap();
        assert_eq!((read(4).speakers, read(4).channels()), (0xa100, 3));
        assert_eq!((read(5).speakers, read(5).channels()), (0xe100, 4));
        assert_eq!((read(6).speakers, read(6).channels()), (0xb800, 4));
    }
}
