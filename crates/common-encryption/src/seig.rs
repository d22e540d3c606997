// SPDX-License-Identifier: MPL-2.0
//! `seig`, the sample group description of encryption parameters, 23001-7 clause 6.

use isobmff_boxes::{Error, FourCc, Reader};

use super::{ParsedProtection, Tenc};
use cenc_types::Pattern;

/// The grouping_type of `sgpd` and `sbgp`.
pub const SEIG: FourCc = FourCc(*b"seig");

impl Tenc {
    /// Builds the entry for samples that are under this KID instead of the track's.
    pub fn to_seig(&self) -> Vec<u8> {
        self.fields()
    }
}

/// Builds the entry for clear samples of a protected track. `pattern` is the track's: Chrome refuses entries with another one.
pub fn clear_seig(pattern: Pattern) -> Vec<u8> {
    let mut entry = vec![0, pattern.to_byte(), 0, 0];
    entry.extend([0; 16]); // no KID
    entry
}

impl ParsedProtection {
    /// Reads an entry of a `sgpd` with grouping_type `seig`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read_seig(entry: &[u8]) -> Result<Self, Error> {
        Self::read(&mut Reader::new(SEIG, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EncryptionMethod, TrackIv};
    use cenc_types::{Iv, IvSize, Scheme, decode_hex};

    // Entries in the files with key rotation that Shaka Packager 3.8 wrote for KID 0c1d2e3f-….
    #[test]
    fn entries_of_another_packager_are_read() {
        let read = |hex| ParsedProtection::read_seig(&decode_hex(hex).unwrap()).unwrap();
        let kid = "0c1d2e3f-4051-6273-8495-a6b7c8d9eafb".parse().unwrap();
        let written = |scheme, pattern, iv| {
            let method = EncryptionMethod { scheme, pattern };
            Tenc { method, kid, iv }.to_seig()
        };
        let eight = TrackIv::PerSample(IvSize::Eight);
        let entry = decode_hex("000001080c1d2e3f405162738495a6b7c8d9eafb").unwrap();
        assert_eq!(written(Scheme::Cenc, Pattern::NONE, eight), *entry);
        let iv = decode_hex("102030405060708090a0b0c0d0e0f001").unwrap();
        let iv = TrackIv::Constant(Iv::new(&iv).unwrap());
        let entry = "001901000c1d2e3f405162738495a6b7c8d9eafb10102030405060708090a0b0c0d0e0f001";
        let entry = decode_hex(entry).unwrap();
        assert_eq!(written(Scheme::Cbcs, Pattern::ONE_IN_TEN, iv), *entry);
        let cenc = read("000001080c1d2e3f405162738495a6b7c8d9eafb");
        assert_eq!((cenc.is_protected, cenc.per_sample_iv_size), (1, 8));
        assert_eq!(cenc.kid.to_string(), "0c1d2e3f-4051-6273-8495-a6b7c8d9eafb");
        let cbcs =
            read("001901000c1d2e3f405162738495a6b7c8d9eafb10102030405060708090a0b0c0d0e0f001");
        assert_eq!(cbcs.pattern, Pattern::ONE_IN_TEN);
        assert_eq!(cbcs.constant_iv.map(|iv| iv.len()), Some(16));
    }

    // Clause 6: constant_IV is present only where samples are protected.
    #[test]
    fn clear_entry_has_no_constant_iv() {
        let clear = ParsedProtection::read_seig(&[0; 20]).unwrap();
        assert_eq!((clear.is_protected, clear.constant_iv), (0, None));
        assert!(ParsedProtection::read_seig(&[0; 19]).is_err());
        let written = clear_seig(Pattern::ONE_IN_TEN);
        let written = ParsedProtection::read_seig(&written).unwrap();
        assert_eq!((written.is_protected, written.per_sample_iv_size), (0, 0));
    }
}
