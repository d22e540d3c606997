// SPDX-License-Identifier: MPL-2.0
//! VvcDecoderConfigurationRecord in the payload of `vvcC`, a full box: ISO/IEC 14496-15:2022, clause 11.2.4.

use super::{NalHeader, Sets};
use crate::Error;
use crate::nal::LengthSize;

const STRUCTURE: &str = "vvcC";
/// DCI_NUT and OPI_NUT: there is one of them, and the record does not count it.
const UNCOUNTED: [u8; 2] = [12, 13];

struct Fields<'a>(&'a [u8]);

/// Reads the length size and puts the parameter sets in force.
pub(super) fn read(config: &[u8], sets: &mut Sets) -> Result<LengthSize, Error> {
    let mut fields = Fields(config);
    // version and flags
    fields.bytes(4)?;
    let first = fields.byte()?;
    let length_size = LengthSize::from_config(first >> 1, STRUCTURE)?;
    if first & 1 == 1 {
        fields.skip_profile()?;
    }
    for _ in 0..fields.byte()? {
        let unit_type = fields.byte()? & 31;
        let count = match UNCOUNTED.contains(&unit_type) {
            true => 1,
            false => fields.u16()?,
        };
        for _ in 0..count {
            let len = fields.u16()?;
            let bytes = fields.bytes(usize::from(len))?;
            sets.insert(NalHeader::of(0, bytes)?, || bytes)?;
        }
    }
    Ok(length_size)
}

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let split = self.0.split_at_checked(count);
        let (bytes, rest) = split.ok_or(Error::Truncated {
            structure: STRUCTURE,
        })?;
        self.0 = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.bytes(1)?.iter().fold(0, |_, byte| *byte))
    }

    fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// ols_idx up to avg_frame_rate.
    fn skip_profile(&mut self) -> Result<(), Error> {
        let sublayers = (self.u16()? >> 4) & 7;
        // bit_depth_minus8
        self.byte()?;
        let constraint_bytes = self.byte()? & 63;
        // general_profile_idc, general_tier_flag, general_level_idc, constraints with the two flags in front of them
        self.bytes(2 + usize::from(constraint_bytes).max(1))?;
        if sublayers > 1 {
            // ptl_sublayer_level_present_flag, from the highest sublayer below the last, above reserved bits
            let levels = (self.byte()? >> (9 - sublayers)).count_ones();
            self.bytes(levels as usize)?;
        }
        let sub_profiles = self.byte()?;
        self.bytes(4 * usize::from(sub_profiles))?;
        // max_picture_width, max_picture_height, avg_frame_rate
        self.bytes(6)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Error;
    use crate::vvc::Vvc;

    /// A record with a profile of three sublayers, of which one has a level, and one array of one access unit delimiter.
    const RECORD: [u8; 32] = [
        0, 0, 0, 0, 0xff, 0, 0x31, 0x5f, 0xc1, 2, 51, 0x80, 0x40, 35, 1, 0, 0, 0, 7, 0, 16, 0, 16,
        0, 25, 1, 20, 0, 1, 0, 2, 0,
    ];

    #[test]
    fn every_prefix_of_a_record_is_refused() {
        let mut record = RECORD.to_vec();
        record.push(0xa1);
        assert!(Vvc::new(&record).is_ok());
        for end in 0..record.len() {
            let error = Vvc::new(&record[..end]).unwrap_err();
            assert_eq!(error, Error::Truncated { structure: "vvcC" });
        }
    }

    #[test]
    fn a_record_without_profile_is_read() {
        assert!(Vvc::new(&[0, 0, 0, 0, 0xfe, 0]).is_ok());
        assert!(Vvc::new(&[0, 0, 0, 0, 0xfc, 0]).is_err(), "three bytes");
    }
}
