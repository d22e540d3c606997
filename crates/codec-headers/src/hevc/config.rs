// SPDX-License-Identifier: MPL-2.0
//! HEVCDecoderConfigurationRecord and LHEVCDecoderConfigurationRecord, the payloads of `hvcC` and `lhvC`: ISO/IEC 14496-15, clauses
//! 8.3 and 9.5.

use super::{HevcNalHeader, HevcParameterSets};
use crate::Error;
use crate::{nal::LengthSize, nal::RecordReader};

/// Reads the length size and puts the parameter sets of an `hvcC` payload in force.
pub(super) fn read_hvcc(config: &[u8], sets: &mut HevcParameterSets) -> Result<LengthSize, Error> {
    let mut record = RecordReader::after_version(config, "hvcC")?;
    // general_profile_space up to avgFrameRate
    record.bytes(20)?;
    let length_size = record.length_size()?;
    read_arrays(&mut record, sets)?;
    Ok(length_size)
}

/// Puts the parameter sets of an `lhvC` payload in force.
pub(super) fn read_lhvc(config: &[u8], sets: &mut HevcParameterSets) -> Result<(), Error> {
    let mut record = RecordReader::after_version(config, "lhvC")?;
    // min_spatial_segmentation_idc up to lengthSizeMinusOne
    record.bytes(4)?;
    read_arrays(&mut record, sets)
}

fn read_arrays(record: &mut RecordReader<'_>, sets: &mut HevcParameterSets) -> Result<(), Error> {
    for _ in 0..record.byte()? {
        // array_completeness, NAL_unit_type: each NAL unit has its type in its header
        record.byte()?;
        for _ in 0..record.u16()? {
            let nal = record.nal_unit()?;
            sets.insert(HevcNalHeader::of(0, nal)?, || nal)?;
        }
    }
    Ok(())
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
