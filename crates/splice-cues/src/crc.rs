// SPDX-License-Identifier: MPL-2.0
//! CRC_32 of MPEG-2 sections, ISO/IEC 13818-1 annex A.

/// The polynomial of the decoder model.
const POLYNOMIAL: u32 = 0x04c1_1db7;

/// Returns the remainder of bytes, which is 0 if they end with their CRC_32.
pub(super) fn remainder(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            let shifted = crc << 1;
            match crc >> 31 {
                0 => shifted,
                _ => shifted ^ POLYNOMIAL,
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The check value of CRC-32/MPEG-2 in the catalogue of parametrised CRC algorithms.
    #[test]
    fn check_value_is_that_of_the_catalogue() {
        assert_eq!(remainder(b"123456789"), 0x0376_e6e7);
    }
}
