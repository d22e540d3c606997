// SPDX-License-Identifier: MPL-2.0
//! The fields of a sound sample entry that say how large its samples are: 14496-12 clause 12.2.3, and QuickTime's sound descriptions
//! of versions 1 and 2.

use super::{EntryLayout, Error, FourCc, Reader, SampleEntry};

/// The sampling rate box, 14496-12 clause 12.2.3.
const SRAT: FourCc = FourCc(*b"srat");

/// Bytes of reserved fields and data_reference_index.
const SAMPLE_ENTRY_FIELDS: usize = 8;

/// The size fields of a sound sample entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundSize {
    /// The number of channels.
    pub channels: u32,
    /// Bits of a value of one channel. Formats whose name states their width may have another number here.
    pub bits: u32,
    /// Frames of a packet; 1 where the entry has no such field.
    pub frames_per_packet: u32,
    /// Bytes of a packet of all channels; None where the entry has no such field.
    pub packet_bytes: Option<u32>,
}

impl SampleEntry<'_> {
    /// Reads the samples per second of a sound sample entry; 0 where the entry does not state them. The field of 16 bits is too short for
    /// more than 65,535, which `srat` and QuickTime's version 2 have elsewhere.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn sampling_rate(&self) -> Result<u32, Error> {
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(SAMPLE_ENTRY_FIELDS)?;
        let version = reader.u16()?;
        reader.bytes(6 + 8)?; // revision, vendor, channels, bits, compression ID, packet size
        let rate = reader.u32()? >> 16;
        if (self.stsd_version, version) == (0, 2) {
            reader.u32()?; // size of the fields
            return Ok(whole_number(f64::from_bits(reader.u64()?)));
        }
        match self.child(EntryLayout::Audio, SRAT)? {
            Some(srat) if self.stsd_version == 1 => {
                let mut srat = Reader::new(SRAT, srat);
                srat.full_box_header()?;
                srat.u32()
            }
            _ => Ok(rate),
        }
    }

    /// Reads the size fields of a sound sample entry.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn sound_size(&self) -> Result<SoundSize, Error> {
        let mut reader = Reader::new(self.format, self.body);
        reader.bytes(SAMPLE_ENTRY_FIELDS)?;
        let version = reader.u16()?;
        reader.bytes(6)?; // revision and vendor
        let mut size = SoundSize {
            channels: reader.u16()?.into(),
            bits: reader.u16()?.into(),
            frames_per_packet: 1,
            packet_bytes: None,
        };
        reader.bytes(8)?; // compression ID, packet size and sample rate
        match (self.stsd_version, version) {
            (0, 1) => {
                size.frames_per_packet = reader.u32()?;
                reader.u32()?; // bytes of a packet of one channel
                size.packet_bytes = Some(reader.u32()?);
            }
            (0, 2) => {
                reader.bytes(12)?; // size of the fields and sample rate
                size.channels = reader.u32()?;
                reader.u32()?; // 0x7f000000
                size.bits = reader.u32()?;
                reader.u32()?; // format flags
                size.packet_bytes = Some(reader.u32()?);
                size.frames_per_packet = reader.u32()?;
            }
            _ => (),
        }
        Ok(size)
    }
}

/// Rounds to a whole number; 0 for what is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a float saturates"
)]
fn whole_number(value: f64) -> u32 {
    value.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(words: &[u32]) -> Vec<u8> {
        let words = words.iter().flat_map(|word| word.to_be_bytes());
        [0; SAMPLE_ENTRY_FIELDS].into_iter().chain(words).collect()
    }

    const fn entry(stsd_version: u8, body: &[u8]) -> SampleEntry<'_> {
        SampleEntry {
            format: FourCc(*b"twos"),
            body,
            stsd_version,
        }
    }

    fn read(stsd_version: u8, words: &[u32]) -> SoundSize {
        entry(stsd_version, &body(words)).sound_size().unwrap()
    }

    // The same, and 14496-12 clause 12.2.3 for `srat`.
    #[test]
    fn rates_of_all_versions_are_read() {
        let read = |stsd_version, words: &[u32]| {
            let body = body(words);
            entry(stsd_version, &body).sampling_rate().unwrap()
        };
        assert_eq!(read(0, &[0, 0, 0x0002_0010, 0, 44_100 << 16]), 44_100);
        let fixed = [0x0002_0000, 0, 0x0003_0010, 0xfffe_0000, 0x0001_0000];
        let longer = [72, 0x4107_7000, 0, 6, 0x7f00_0000, 24, 12, 18, 1];
        assert_eq!(read(0, &[&fixed[..], &longer].concat()), 192_000);
        let srat = [16, u32::from_be_bytes(*b"srat"), 0, 96_000];
        let version_1 = [0x0001_0000, 0, 0x0002_0010, 0, 0];
        assert_eq!(read(1, &[&version_1[..], &srat].concat()), 96_000);
    }

    // QuickTime File Format, "Sound Sample Descriptions".
    #[test]
    fn fields_of_all_versions_are_read() {
        let plain = SoundSize {
            channels: 2,
            bits: 16,
            frames_per_packet: 1,
            packet_bytes: None,
        };
        let rate = 48_000 << 16;
        assert_eq!(read(0, &[0, 0, 0x0002_0010, 0, rate]), plain);
        let first = SoundSize {
            frames_per_packet: 64,
            packet_bytes: Some(68),
            ..plain
        };
        let words = [0x0001_0000, 0, 0x0002_0010, 0, rate, 64, 34, 68, 2];
        assert_eq!(read(0, &words), first);
        // AudioSampleEntryV1 has no such fields.
        assert_eq!(read(1, &words), plain);
        let second = SoundSize {
            channels: 6,
            bits: 24,
            frames_per_packet: 1,
            packet_bytes: Some(18),
        };
        let fixed = [0x0002_0000, 0, 0x0003_0010, 0xfffe_0000, 0x0001_0000];
        let longer = [72, 0x40e7_7000, 0, 6, 0x7f00_0000, 24, 12, 18, 1];
        assert_eq!(read(0, &[&fixed[..], &longer].concat()), second);
    }
}
