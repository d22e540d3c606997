// SPDX-License-Identifier: MPL-2.0
//! VvcDecoderConfigurationRecord in the payload of `vvcC`, a full box: ISO/IEC 14496-15:2022, clause 11.2.4.

use super::{VvcNalHeader, VvcParameterSets};
use crate::Error;
use crate::nal::{LengthSize, RecordReader};

const STRUCTURE: &str = "vvcC";
/// DCI_NUT and OPI_NUT, which have no count in the record: there is one of each.
const UNCOUNTED: [u8; 2] = [12, 13];

/// Reads the length size and puts the parameter sets in force.
pub(super) fn read(config: &[u8], sets: &mut VvcParameterSets) -> Result<LengthSize, Error> {
    let mut record = RecordReader::new(config, STRUCTURE);
    // version and flags
    record.bytes(4)?;
    let first = record.byte()?;
    let length_size = LengthSize::from_config(first >> 1, STRUCTURE)?;
    // ptl_present_flag
    if first & 1 == 1 {
        skip_profile(&mut record)?;
    }
    for _ in 0..record.byte()? {
        let unit_type = record.byte()? & 31;
        let count = match UNCOUNTED.contains(&unit_type) {
            true => 1,
            false => record.u16()?,
        };
        for _ in 0..count {
            let nal = record.nal_unit()?;
            sets.insert(VvcNalHeader::of(0, nal)?, || nal)?;
        }
    }
    Ok(length_size)
}

/// Skips ols_idx up to avg_frame_rate.
fn skip_profile(record: &mut RecordReader<'_>) -> Result<(), Error> {
    let sublayers = (record.u16()? >> 4) & 7;
    // bit_depth_minus8
    record.byte()?;
    let constraint_bytes = usize::from(record.byte()? & 63);
    // general_profile_idc, general_tier_flag, general_level_idc, two flags and the constraints
    record.bytes(2 + constraint_bytes.max(1))?;
    if sublayers > 1 {
        // ptl_sublayer_level_present_flag, from the highest sublayer below the last, above reserved bits
        let levels = (record.byte()? >> (9 - sublayers)).count_ones();
        record.bytes(levels as usize)?;
    }
    let sub_profiles = usize::from(record.byte()?);
    record.bytes(4 * sub_profiles)?;
    // max_picture_width, max_picture_height, avg_frame_rate
    record.bytes(6)?;
    Ok(())
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
