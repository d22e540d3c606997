// SPDX-License-Identifier: MPL-2.0
//! The protection fields that `tenc` and `seig` have in common, as read from a file: 23001-7 clauses 6 and 8.2.

use isobmff_boxes::{ChildBox, Error, FourCc, Reader};

use super::piff;
use cenc_types::{KeyId, Pattern};

/// The fields of a `tenc` or `seig` as they were read, plausible or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedProtection {
    /// isProtected: 0 clear, 1 encrypted. In PIFF AlgorithmID: 1 counter mode, 2 CBC.
    pub is_protected: u8,
    /// crypt_byte_block and skip_byte_block; 0:0 in a `tenc` of version 0.
    pub pattern: Pattern,
    /// Per_Sample_IV_Size in bytes; 0 with a constant IV.
    pub per_sample_iv_size: u8,
    /// The KID, which may be nil.
    pub kid: KeyId,
    /// constant_IV, of any length; None if the other fields exclude it or it is missing.
    pub constant_iv: Option<Vec<u8>>,
}

impl ParsedProtection {
    /// Reads the `tenc`, or PIFF's box for it, among the child boxes of a `schi`; None if there is none.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn in_scheme_information(boxes: &[u8]) -> Result<Option<Self>, Error> {
        let mut reader = Reader::new(FourCc::SCHI, boxes);
        while let Some(ChildBox { header, body }) = reader.next_child()? {
            if header.box_type == FourCc::TENC || header.uuid == Some(piff::TENC) {
                return Self::read_tenc(Reader::new(header.box_type, body)).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads the fields after the version and flags of a `tenc`, or all of a `seig`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let [_, pattern, is_protected, per_sample_iv_size] = reader.array()?;
        let kid = KeyId::from_bytes(reader.array()?);
        let has_constant_iv = is_protected != 0 && per_sample_iv_size == 0 && !reader.is_empty();
        Ok(Self {
            is_protected,
            pattern: Pattern {
                crypt_byte_block: pattern >> 4,
                skip_byte_block: pattern & 0x0f,
            },
            per_sample_iv_size,
            kid,
            constant_iv: match has_constant_iv {
                true => Some(read_constant_iv(reader)?),
                false => None,
            },
        })
    }
}

/// Reads constant_IV_size and constant_IV.
fn read_constant_iv(reader: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let size = usize::from(reader.u8()?);
    reader.bytes(size).map(<[u8]>::to_vec)
}
