// SPDX-License-Identifier: MPL-2.0
//! AVCDecoderConfigurationRecord, the payload of `avcC`: ISO/IEC 14496-15, clause 5.3.

use super::{AvcNalHeader, AvcParameterSets};
use crate::Error;
use crate::{nal::LengthSize, nal::RecordReader};

/// Reads the length size and puts the parameter sets in force.
pub(super) fn read(config: &[u8], sets: &mut AvcParameterSets) -> Result<LengthSize, Error> {
    let mut record = RecordReader::after_version(config, "avcC")?;
    // AVCProfileIndication, profile_compatibility, AVCLevelIndication
    record.bytes(3)?;
    let length_size = record.length_size()?;
    // numOfSequenceParameterSets has three reserved bits above it, numOfPictureParameterSets none
    for mask in [0x1f, 0xff] {
        for _ in 0..record.byte()? & mask {
            let nal = record.nal_unit()?;
            sets.insert(AvcNalHeader::of(nal), || nal)?;
        }
    }
    Ok(length_size)
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
