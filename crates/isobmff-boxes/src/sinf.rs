// SPDX-License-Identifier: MPL-2.0
//! `sinf`, the protection scheme information of a sample entry, with `frma`, `schm` and `schi`: 14496-12 clause 8.12.

use super::{BoxTree, ChildBox, Error, FourCc, FullBoxHeader, Reader};

/// The fields of `schm`, which names the protection scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schm {
    /// scheme_type, such as `cenc`.
    pub scheme_type: FourCc,
    /// scheme_version: the major version in the upper 16 bits, the minor one in the lower.
    pub scheme_version: u32,
}

/// Builds the `sinf` of an entry whose format was `original`; `scheme_information` is the box in its `schi`.
pub fn build_sinf<'a>(
    original: FourCc,
    schm: Schm,
    scheme_information: BoxTree<'a>,
) -> BoxTree<'a> {
    let mut schm_fields = schm.scheme_type.0.to_vec();
    schm_fields.extend(schm.scheme_version.to_be_bytes());
    BoxTree::container(
        FourCc::SINF,
        vec![
            BoxTree::leaf(FourCc::FRMA, original.0.to_vec()),
            BoxTree::full(FourCc::SCHM, FullBoxHeader::default(), &schm_fields),
            BoxTree::container(FourCc::SCHI, vec![scheme_information]),
        ],
    )
}

/// The fields of a `sinf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sinf<'a> {
    /// `frma`: the format of the entry before it was protected.
    pub original_format: FourCc,
    /// `schm`, the protection scheme.
    pub schm: Option<Schm>,
    /// The bytes of `schi`: boxes that the scheme defines.
    pub scheme_information: Option<&'a [u8]>,
}

impl<'a> Sinf<'a> {
    /// Reads the child boxes; the first of each type counts.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`], [`Error::Missing`] without `frma`.
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        let mut original_format = None;
        let mut schm = None;
        let mut scheme_information = None;
        while let Some(ChildBox { header, body }) = reader.next_child()? {
            let mut fields = Reader::new(header.box_type, body);
            match header.box_type {
                FourCc::FRMA => {
                    original_format.get_or_insert(FourCc(fields.array()?));
                }
                FourCc::SCHM => {
                    fields.full_box_header()?;
                    schm.get_or_insert(Schm {
                        scheme_type: FourCc(fields.array()?),
                        scheme_version: fields.u32()?,
                    });
                }
                FourCc::SCHI => {
                    scheme_information.get_or_insert(body);
                }
                _ => (),
            }
        }
        Ok(Self {
            original_format: original_format.ok_or(Error::Missing {
                parent: FourCc::SINF,
                child: FourCc::FRMA,
            })?,
            schm,
            scheme_information,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layout of clauses 8.12.2, 8.12.5 and 8.12.6.
    const BODY: &[u8] =
        b"\0\0\0\x0cfrmaavc1\0\0\0\x14schm\0\0\0\0cbcs\0\x01\0\0\0\0\0\x10schi\0\0\0\x08tenc";

    #[test]
    fn written_and_read_layouts_are_the_standards() {
        let schm = Schm {
            scheme_type: FourCc(*b"cbcs"),
            scheme_version: 0x0001_0000,
        };
        let tenc = BoxTree::leaf(FourCc::TENC, vec![]);
        let mut bytes = Vec::new();
        let written = build_sinf(FourCc(*b"avc1"), schm, tenc);
        written.write(&mut bytes).unwrap();
        assert_eq!(bytes.get(8..), Some(BODY));
        let read = Sinf::read(Reader::new(FourCc::SINF, BODY)).unwrap();
        assert_eq!(read.original_format, FourCc(*b"avc1"));
        assert_eq!(read.schm, Some(schm));
        assert_eq!(read.scheme_information, Some(b"\0\0\0\x08tenc".as_slice()));
    }

    #[test]
    fn only_frma_must_be_there() {
        let read = Sinf::read(Reader::new(FourCc::SINF, &BODY[..12])).unwrap();
        assert_eq!((read.schm, read.scheme_information), (None, None));
        let refused = Sinf::read(Reader::new(FourCc::SINF, &BODY[12..]));
        assert!(matches!(refused, Err(Error::Missing { .. })));
    }
}
