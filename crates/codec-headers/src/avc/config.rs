// SPDX-License-Identifier: MPL-2.0
//! AVCDecoderConfigurationRecord and MVCDecoderConfigurationRecord, the payloads of `avcC` and `mvcC`: ISO/IEC 14496-15, clauses
//! 5.3 and 7.5.

use super::{AvcNalHeader, AvcParameterSets};
use crate::Error;
use crate::{nal::LengthSize, nal::RecordReader};

/// Reads the length size and puts the parameter sets of an `avcC` payload in force.
pub(super) fn read_avcc(config: &[u8], sets: &mut AvcParameterSets) -> Result<LengthSize, Error> {
    let mut record = RecordReader::after_version(config, "avcC")?;
    // AVCProfileIndication, profile_compatibility, AVCLevelIndication
    record.bytes(3)?;
    let length_size = record.length_size()?;
    // numOfSequenceParameterSets has three reserved bits above it
    read_sets(&mut record, 0x1f, sets)?;
    Ok(length_size)
}

/// Puts the parameter sets of an `mvcC` payload in force.
pub(super) fn read_mvcc(config: &[u8], sets: &mut AvcParameterSets) -> Result<(), Error> {
    let mut record = RecordReader::after_version(config, "mvcC")?;
    // AVCProfileIndication, profile_compatibility, AVCLevelIndication, two flags with lengthSizeMinusOne
    record.bytes(4)?;
    // numOfSequenceParameterSets has one reserved bit above it
    read_sets(&mut record, 0x7f, sets)
}

fn read_sets(
    record: &mut RecordReader<'_>,
    sps_count_mask: u8,
    sets: &mut AvcParameterSets,
) -> Result<(), Error> {
    for mask in [sps_count_mask, 0xff] {
        for _ in 0..record.byte()? & mask {
            let nal = record.nal_unit()?;
            if !nal.is_empty() {
                sets.insert(AvcNalHeader::read(0, nal)?.kind()?, || nal)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avc::Avc;

    #[test]
    fn every_prefix_of_a_record_is_refused() {
        // SPS (baseline, 16x16) and PPS written by hand after 7.3.2.1.1 and 7.3.2.2.
        let record = [
            1, 66, 0, 10, 0xff, 0xe1, 0, 6, 0x67, 66, 0, 10, 0xfb, 0xe8, 1, 0, 4, 0x68, 0xce, 0x38,
            0x80,
        ];
        assert!(Avc::new(&record).is_ok());
        for end in 0..record.len() {
            let error = Avc::new(&record[..end]).unwrap_err();
            assert_eq!(error, Error::Truncated { structure: "avcC" });
        }
    }

    #[test]
    fn an_unknown_version_is_refused() {
        assert!(Avc::new(&[0, 66, 0, 10, 0xff, 0xe0, 0]).is_err());
        assert!(Avc::new(&[1, 66, 0, 10, 0xff, 0xe0, 0]).is_ok());
    }
}
