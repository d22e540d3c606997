// SPDX-License-Identifier: MPL-2.0
//! `tfra` in `mfra`, the offsets of the fragments in the file, 14496-12 clause 8.8.10.

use super::{BoxTree, Error, FourCc, FullBoxHeader};

/// Maps each moof_offset of a `tfra` by `map`, and drops the entries for which `map` returns None.
///
/// # Errors
/// [`Error::Truncated`]; [`Error::TooLarge`] if an offset exceeds its field.
pub fn map_tfra(
    tfra: &BoxTree<'_>,
    map: impl Fn(u64) -> Option<u64>,
) -> Result<BoxTree<'static>, Error> {
    let mut reader = tfra.reader();
    let FullBoxHeader { version, flags } = reader.full_box_header()?;
    let track_id = reader.u32()?;
    let lengths = reader.u32()?;
    let mut entries = Vec::new();
    let mut kept: u32 = 0;
    for _ in 0..reader.u32()? {
        let (time, offset) = match version {
            1 => (reader.bytes(8)?, reader.u64()?),
            _ => (reader.bytes(4)?, u64::from(reader.u32()?)),
        };
        let numbers = reader.bytes(numbers_size(lengths))?;
        let Some(offset) = map(offset) else { continue };
        entries.extend_from_slice(time);
        push_offset(&mut entries, version, offset)?;
        entries.extend_from_slice(numbers);
        kept += 1;
    }
    let mut fields = Vec::with_capacity(12 + entries.len());
    for field in [track_id, lengths, kept] {
        fields.extend(field.to_be_bytes());
    }
    fields.extend(entries);
    Ok(BoxTree::full(
        FourCc::TFRA,
        FullBoxHeader { version, flags },
        &fields,
    ))
}

/// Builds the `mfro` at the end of an `mfra` of `size` bytes.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn build_mfro(size: usize) -> Result<BoxTree<'static>, Error> {
    Ok(BoxTree::full(
        FourCc::MFRO,
        FullBoxHeader::default(),
        &u32::try_from(size)
            .map_err(|_| Error::TooLarge {
                box_type: FourCc::MFRO,
            })?
            .to_be_bytes(),
    ))
}

/// Returns the bytes of traf_number, trun_number and sample_number, whose sizes minus one take two bits each in `lengths`.
fn numbers_size(lengths: u32) -> usize {
    [4, 2, 0]
        .iter()
        .map(|at| 1 + (lengths >> at & 3) as usize)
        .sum()
}

fn push_offset(entries: &mut Vec<u8>, version: u8, offset: u64) -> Result<(), Error> {
    match version {
        1 => entries.extend(offset.to_be_bytes()),
        _ => entries.extend(
            u32::try_from(offset)
                .map_err(|_| Error::TooLarge {
                    box_type: FourCc::TFRA,
                })?
                .to_be_bytes(),
        ),
    }
    Ok(())
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
        let none = map_tfra(&tfra, |_| None).unwrap();
        assert_eq!(
            none.body(),
            [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        );

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
