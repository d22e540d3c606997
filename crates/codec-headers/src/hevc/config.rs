// SPDX-License-Identifier: MPL-2.0
//! HEVCDecoderConfigurationRecord, the payload of `hvcC`: ISO/IEC 14496-15, clause 8.3.

use super::{HevcNalHeader, HevcParameterSets};
use crate::Error;
use crate::{nal::LengthSize, nal::RecordReader};

/// Reads the length size and puts the parameter sets in force.
pub(super) fn read(config: &[u8], sets: &mut HevcParameterSets) -> Result<LengthSize, Error> {
    let mut record = RecordReader::after_version(config, "hvcC")?;
    // general_profile_space up to avgFrameRate
    record.bytes(20)?;
    let length_size = record.length_size()?;
    for _ in 0..record.byte()? {
        // array_completeness, NAL_unit_type: each NAL unit has its type in its header
        record.byte()?;
        for _ in 0..record.u16()? {
            let nal = record.nal_unit()?;
            sets.insert(HevcNalHeader::of(0, nal)?, || nal)?;
        }
    }
    Ok(length_size)
}

#[cfg(test)]
mod tests {
    use crate::Error;
    use crate::hevc::Hevc;

    /// A record with one array of one SEI prefix NAL unit.
    const RECORD: [u8; 30] = [
        1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 30, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f,
        1, 39, 0, 1, 0, 2, 0x4e, 1,
    ];

    #[test]
    fn every_prefix_of_a_record_is_refused() {
        assert!(Hevc::new(&RECORD).is_ok());
        for end in 0..RECORD.len() {
            let error = Hevc::new(&RECORD[..end]).unwrap_err();
            assert_eq!(error, Error::Truncated { structure: "hvcC" });
        }
    }

    #[test]
    fn a_length_size_of_three_is_refused() {
        let mut record = RECORD;
        record[21] = 0x0e;
        assert!(matches!(Hevc::new(&record), Err(Error::OutOfRange { .. })));
    }
}
