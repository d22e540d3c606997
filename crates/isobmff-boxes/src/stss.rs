// SPDX-License-Identifier: MPL-2.0
//! `stss`, the sync samples of a track, 14496-12 clause 8.6.2.

use super::{Error, Reader};

/// Reads the numbers of the sync samples, counted from 1 and in the box's order; without the box all samples are sync samples.
///
/// # Errors
/// [`Error::Truncated`], also for an entry_count that the box has no room for.
pub fn read_stss(mut reader: Reader<'_>) -> Result<Vec<u32>, Error> {
    reader.full_box_header()?;
    Ok(reader
        .table()?
        .iter()
        .map(|&number| u32::from_be_bytes(number))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layout of clause 8.6.2.2.
    #[test]
    fn numbers_are_read_up_to_the_count() {
        let body = [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1, 0, 9];
        assert_eq!(
            read_stss(Reader::new(FourCc::STSS, &body)),
            Ok(vec![1, 256])
        );
        let cut = read_stss(Reader::new(FourCc::STSS, &body[..15]));
        assert!(matches!(cut, Err(Error::Truncated { .. })));
    }
}
