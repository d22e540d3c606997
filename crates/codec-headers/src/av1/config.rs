// SPDX-License-Identifier: MPL-2.0
//! AV1CodecConfigurationRecord, the payload of `av1C`: AV1 Codec ISO Media File Format Binding, 2.3.3.

use crate::Error;

/// marker 1 and version 1.
const FIRST_BYTE: u8 = 0x81;

/// Returns the configOBUs, which may be empty.
pub(crate) fn config_obus(config: &[u8]) -> Result<&[u8], Error> {
    match config {
        [FIRST_BYTE, _, _, _, obus @ ..] => Ok(obus),
        [FIRST_BYTE, ..] | [] => Err(Error::Truncated { structure: "av1C" }),
        _ => Err(Error::OutOfRange {
            structure: "av1C",
            element: "marker or version",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_four_bytes_and_then_obus() {
        assert_eq!(config_obus(&[0x81, 0, 0, 0]), Ok([].as_slice()));
        assert_eq!(config_obus(&[0x81, 0, 0, 0, 9]), Ok([9].as_slice()));
        for record in [[].as_slice(), &[0x81, 0, 0], &[1, 0, 0, 0], &[0x82; 4]] {
            assert!(config_obus(record).is_err());
        }
    }
}
