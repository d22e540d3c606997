// SPDX-License-Identifier: MPL-2.0
//! `sgpd`, the descriptions of sample groups, 14496-12 clause 8.9.3.

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

/// The descriptions of sample groups of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sgpd<'a> {
    /// The criterion of the groups, such as `seig`.
    pub grouping_type: FourCc,
    /// The bytes of each SampleGroupDescriptionEntry.
    pub entries: Vec<&'a [u8]>,
    /// The index, from 0, of the entry for samples that are in no group of an `sbgp`.
    pub default_entry: Option<usize>,
}

impl<'a> Sgpd<'a> {
    /// Reads the fields. The entries of a version 0 box, which states no lengths, must have equal lengths.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        let version = reader.full_box_header()?.version;
        let grouping_type = FourCc(reader.array()?);
        let default_length = reader.optional_u32(version >= 1)?;
        Ok(Self {
            grouping_type,
            default_entry: reader
                .optional_u32(version >= 2)?
                .and_then(|index| usize::try_from(index).ok()?.checked_sub(1)),
            entries: read_entries(reader, default_length)?,
        })
    }
}

/// Reads the number of entries, and the entries, each with its own length before it if `default_length` is 0.
fn read_entries(mut reader: Reader<'_>, default_length: Option<u32>) -> Result<Vec<&[u8]>, Error> {
    let count = reader.u32()?;
    let even = reader.left().len() / usize::try_from(count).unwrap_or(usize::MAX).max(1);
    let mut entries = Vec::new();
    for _ in 0..count {
        let len = match default_length {
            None => even,
            Some(0) => usize::try_from(reader.u32()?).unwrap_or(usize::MAX),
            Some(len) => usize::try_from(len).unwrap_or(usize::MAX),
        };
        // Empty entries are refused: they describe nothing, and the size of the box does not limit their number.
        entries.push(reader.bytes(len.max(1))?);
    }
    Ok(entries)
}

/// Builds a box of version 1 with one entry.
pub fn build_sgpd(grouping_type: FourCc, entry: &[u8]) -> BoxTree<'static> {
    let len = u32::try_from(entry.len()).expect("a sample group entry is far smaller than 4 GiB");
    let mut fields = grouping_type.0.to_vec();
    fields.extend(len.to_be_bytes());
    fields.extend(1u32.to_be_bytes());
    fields.extend_from_slice(entry);
    BoxTree::full(
        FourCc::SGPD,
        FullBoxHeader {
            version: 1,
            flags: 0,
        },
        &fields,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[u8]) -> Result<Sgpd<'_>, Error> {
        Sgpd::read(Reader::new(FourCc::SGPD, fields))
    }

    // Layouts of clause 8.9.3.2.
    #[test]
    fn entries_have_a_default_or_their_own_length() {
        for body in [
            b"\0\0\0\0roll\0\0\0\x02\x01\x02\x03\x04".as_slice(),
            b"\x01\0\0\0roll\0\0\0\x02\0\0\0\x02\x01\x02\x03\x04",
            b"\x02\0\0\0roll\0\0\0\x02\0\0\0\0\0\0\0\x02\x01\x02\x03\x04",
            b"\x01\0\0\0roll\0\0\0\0\0\0\0\x02\0\0\0\x02\x01\x02\0\0\0\x02\x03\x04",
        ] {
            let sgpd = read(body).unwrap();
            assert_eq!(sgpd.grouping_type, FourCc(*b"roll"));
            assert_eq!(sgpd.entries, [[1, 2], [3, 4]]);
        }
    }

    // Layout of clause 8.9.3.2.
    #[test]
    fn written_box_states_the_length_of_its_entry() {
        let made = build_sgpd(FourCc(*b"seig"), &[7, 8]);
        assert_eq!(made.body(), b"\x01\0\0\0seig\0\0\0\x02\0\0\0\x01\x07\x08");
    }

    // Clause 8.9.3.3: default_group_description_index counts from 1, and 0 means no group.
    #[test]
    fn version_2_names_the_entry_of_samples_in_no_group() {
        let body = |index| {
            [
                b"\x02\0\0\0roll\0\0\0\x02\0\0\0".as_slice(),
                &[index],
                b"\0\0\0\x01\x01\x02",
            ]
            .concat()
        };
        assert_eq!(read(&body(1)).unwrap().default_entry, Some(0));
        assert_eq!(read(&body(0)).unwrap().default_entry, None);
    }

    #[test]
    fn count_beyond_the_box_is_refused() {
        for body in [
            b"\0\0\0\0roll\xff\xff\xff\xff".as_slice(),
            b"\x01\0\0\0roll\0\0\0\x02\xff\xff\xff\xff\x01\x02",
            b"\x01\0\0\0roll\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
        ] {
            assert!(matches!(read(body), Err(Error::Truncated { .. })));
        }
    }
}
