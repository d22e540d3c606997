// SPDX-License-Identifier: MPL-2.0
//! `tfra` in `mfra`: where the fragments lie in the file, 14496-12 clause 8.8.10.

use super::{BoxTree, Error, FourCc};

/// `tfra` with each moof_offset replaced by what `map` makes of it.
///
/// # Errors
/// [`Error::Truncated`]; [`Error::TooLarge`] when `map` knows no place for an offset or it outgrows the field.
pub fn map_tfra(
    tfra: &BoxTree<'_>,
    map: impl Fn(u64) -> Option<u64>,
) -> Result<BoxTree<'static>, Error> {
    let mut reader = tfra.reader();
    let version = reader.version_and_flags()?.0;
    reader.u32()?; // track_ID
    let lengths = reader.u32()?;
    let entries = reader.u32()?;
    let head = tfra.body().len() - reader.left().len();
    let mut body = tfra.body().get(..head).unwrap_or_default().to_vec();
    // length_size_of_traf_num, trun_num and sample_num: two bits each, one less than the bytes they take.
    let numbers = [4, 2, 0].iter().map(|&at| 1 + (lengths >> at & 3) as usize);
    let numbers: usize = numbers.sum();
    let unmapped = || Error::TooLarge {
        box_type: FourCc::TFRA,
    };
    for _ in 0..entries {
        if version == 1 {
            body.extend_from_slice(reader.bytes(8)?);
            let offset = map(reader.u64()?).ok_or_else(unmapped)?;
            body.extend(offset.to_be_bytes());
        } else {
            body.extend_from_slice(reader.bytes(4)?);
            let offset = map(u64::from(reader.u32()?)).ok_or_else(unmapped)?;
            body.extend(u32::try_from(offset).map_err(|_| unmapped())?.to_be_bytes());
        }
        body.extend_from_slice(reader.bytes(numbers)?);
    }
    Ok(BoxTree::leaf(FourCc::TFRA, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_mapped_in_both_versions() {
        let v0 = [
            0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 100, 1, 1, 1,
        ];
        let tfra = BoxTree::leaf(FourCc::TFRA, v0.to_vec());
        let mapped = map_tfra(&tfra, |offset| Some(offset + 50)).unwrap();
        let mut expected = v0;
        expected[23] = 150;
        assert_eq!(mapped.body(), expected);
        assert!(map_tfra(&tfra, |_| None).is_err());

        let mut v1 = vec![1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x3f, 0, 0, 0, 1];
        v1.extend([0; 8]);
        v1.extend(100u64.to_be_bytes());
        v1.extend([1; 12]);
        let tfra = BoxTree::leaf(FourCc::TFRA, v1.clone());
        let mapped = map_tfra(&tfra, |offset| Some(offset + 50)).unwrap();
        v1[31] = 150;
        assert_eq!(mapped.body(), v1);
    }
}
