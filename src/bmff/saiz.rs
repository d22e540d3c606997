// SPDX-License-Identifier: MPL-2.0
//! `saiz`, sizes of sample auxiliary information, 14496-12 clause 8.7.8.

use super::{BoxTree, Error, FourCc};

/// The largest auxiliary information of one sample that `saiz` can state, in bytes.
pub const MAX_SAMPLE_INFO_SIZE: usize = u8::MAX as usize;

/// A `saiz` for samples whose information takes `sizes` bytes; one default size when all are alike.
///
/// # Errors
/// [`Error::TooLarge`] for more samples than 32 bits count.
pub fn saiz(sizes: &[u8]) -> Result<BoxTree<'static>, Error> {
    let count = u32::try_from(sizes.len()).map_err(|_| Error::TooLarge {
        box_type: FourCc::SAIZ,
    })?;
    let default = match sizes {
        [first, rest @ ..] if rest.iter().all(|size| size == first) => *first,
        _ => 0,
    };
    let mut fields = vec![default];
    fields.extend(count.to_be_bytes());
    if default == 0 {
        fields.extend_from_slice(sizes);
    }
    Ok(BoxTree::full(FourCc::SAIZ, (0, 0), &fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sizes_take_one_default() {
        assert_eq!(saiz(&[8, 8]).unwrap().body(), [0, 0, 0, 0, 8, 0, 0, 0, 2]);
    }

    #[test]
    fn unequal_sizes_are_listed() {
        assert_eq!(
            saiz(&[8, 16]).unwrap().body(),
            [0, 0, 0, 0, 0, 0, 0, 0, 2, 8, 16]
        );
    }
}
