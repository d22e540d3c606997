// SPDX-License-Identifier: MPL-2.0
//! `tenc`, the track encryption box, 23001-7 clause 8.2.

use isobmff_boxes::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

use super::{EncryptionMethod, ParsedProtection, piff};
use cenc_types::{Iv, IvSize, KeyId, Pattern};

/// The default encryption parameters of a track's samples.
///
/// ```
/// use cenc_types::{IvSize, Pattern, Scheme};
/// use common_encryption::{EncryptionMethod, Tenc, TrackIv};
///
/// let tenc = Tenc {
///     method: EncryptionMethod { scheme: Scheme::Cenc, pattern: Pattern::NONE },
///     kid: "0c1d2e3f-4051-6273-8495-a6b7c8d9eafb".parse().unwrap(),
///     iv: TrackIv::PerSample(IvSize::Eight),
/// };
/// // 23001-7 clause 8.2.2: version and flags, two reserved bytes, default_isProtected, the IV size, and the KID.
/// let body = tenc.to_box().body().to_vec();
/// assert_eq!(body[..8], [0, 0, 0, 0, 0, 0, 1, 8]);
/// assert_eq!(body[8..], *tenc.kid.as_bytes());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenc {
    /// The scheme, and default_crypt_byte_block and default_skip_byte_block.
    pub method: EncryptionMethod,
    /// default_KID.
    pub kid: KeyId,
    /// default_Per_Sample_IV_Size, or the constant IV.
    pub iv: TrackIv,
}

/// The source of a sample's IV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackIv {
    /// Each sample has an IV of this size.
    PerSample(IvSize),
    /// All samples have this IV.
    Constant(Iv),
}

impl TrackIv {
    /// default_Per_Sample_IV_Size: 0 with a constant IV.
    pub const fn per_sample_size(&self) -> u8 {
        match self {
            Self::PerSample(IvSize::Eight) => 8,
            Self::PerSample(IvSize::Sixteen) => 16,
            Self::Constant(_) => 0,
        }
    }
}

impl Tenc {
    /// Builds the box. Schemes with a pattern get version 1, even if the pattern is 0:0, as in CMAF and Shaka Packager.
    pub fn to_box(&self) -> BoxTree<'static> {
        let version = u8::from(self.method.scheme.has_pattern());
        BoxTree::full(
            FourCc::TENC,
            FullBoxHeader { version, flags: 0 },
            &self.fields(),
        )
    }

    /// Returns the fields after version and flags, which are also those of a `seig` entry.
    pub(super) fn fields(&self) -> Vec<u8> {
        let mut fields = vec![
            0,
            self.method.pattern.to_byte(),
            1, // default_isProtected
            self.iv.per_sample_size(),
        ];
        fields.extend(self.kid.as_bytes());
        if let TrackIv::Constant(iv) = &self.iv {
            fields.push(if iv.size() == IvSize::Eight { 8 } else { 16 });
            fields.extend(iv.as_bytes());
        }
        fields
    }

    /// Builds PIFF's box: default_AlgorithmID, default_IV_size and default_KID have the layout of a `tenc` of version 0.
    pub fn to_piff_box(&self) -> BoxTree<'static> {
        self.to_box().with_uuid(piff::TENC)
    }
}

impl ParsedProtection {
    /// True if it states the protection of `tenc`, as a `tenc` or `seig` or, without the scheme, as PIFF's box.
    pub fn states(&self, tenc: &Tenc) -> bool {
        let constant_iv = match &tenc.iv {
            TrackIv::PerSample(_) => None,
            TrackIv::Constant(iv) => Some(iv.as_bytes()),
        };
        let EncryptionMethod { scheme, pattern } = tenc.method;
        self.is_protected != 0
            && self.kid == tenc.kid
            && self.per_sample_iv_size == tenc.iv.per_sample_size()
            && self.constant_iv.as_deref() == constant_iv
            && (!scheme.has_pattern() || self.pattern == pattern)
    }

    /// Reads a `tenc`, which has no pattern in version 0.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read_tenc(mut reader: Reader<'_>) -> Result<Self, Error> {
        let version = reader.full_box_header()?.version;
        let mut parsed = Self::read(&mut reader)?;
        if version == 0 {
            parsed.pattern = Pattern::NONE;
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cenc_types::{Scheme, decode_hex};

    fn tenc(scheme: Scheme, pattern: Pattern, iv: TrackIv) -> Vec<u8> {
        let kid = "0c1d2e3f405162738495a6b7c8d9eafb".parse().unwrap();
        let method = EncryptionMethod { scheme, pattern };
        Tenc { method, kid, iv }.to_box().body().to_vec()
    }

    // Bodies of tenc in the files that Shaka Packager 3.8 wrote for KID 0c1d2e3f-….
    #[test]
    fn bodies_are_those_of_another_packager() {
        let constant = decode_hex("102030405060708090a0b0c0d0e0f001").unwrap();
        let constant = TrackIv::Constant(Iv::new(&constant).unwrap());
        let eight = TrackIv::PerSample(IvSize::Eight);
        for (scheme, pattern, iv, body) in [
            (
                Scheme::Cenc,
                Pattern::NONE,
                eight,
                "00000000000001080c1d2e3f405162738495a6b7c8d9eafb",
            ),
            (
                Scheme::Cbcs,
                Pattern::ONE_IN_TEN,
                constant,
                "01000000001901000c1d2e3f405162738495a6b7c8d9eafb10102030405060708090a0b0c0d0e0f001",
            ),
            (
                Scheme::Cbcs,
                Pattern::NONE,
                constant,
                "01000000000001000c1d2e3f405162738495a6b7c8d9eafb10102030405060708090a0b0c0d0e0f001",
            ),
        ] {
            let body = decode_hex(body).unwrap();
            assert_eq!(tenc(scheme, pattern, iv), *body);
            let found = ParsedProtection::read_tenc(Reader::new(FourCc::TENC, &body)).unwrap();
            assert_eq!((found.is_protected, found.pattern), (1, pattern));
            assert_eq!(found.per_sample_iv_size, iv.per_sample_size());
            let constant = match &iv {
                TrackIv::PerSample(_) => None,
                TrackIv::Constant(iv) => Some(iv.as_bytes().to_vec()),
            };
            assert_eq!(found.constant_iv, constant);
        }
    }

    // The box in the PIFF file of the shared vectors (o-piff-scheme-wma).
    #[test]
    fn piff_box_is_that_of_another_packager() {
        let method = EncryptionMethod {
            scheme: Scheme::Cenc,
            pattern: Pattern::NONE,
        };
        let tenc = Tenc {
            method,
            kid: "c5c971897e674646949e0cd4dd92cbd7".parse().unwrap(),
            iv: TrackIv::PerSample(IvSize::Eight),
        };
        let mut bytes = Vec::new();
        tenc.to_piff_box().write(&mut bytes).unwrap();
        let expected = "00000030757569648974dbce7be74c5184f97148f98825540000000000000108c5c971897e674646949e0cd4dd92cbd7";
        assert_eq!(bytes, *decode_hex(expected).unwrap());
    }

    #[test]
    fn constant_iv_may_be_missing_but_not_cut() {
        let mut body = vec![1, 0, 0, 0, 0, 0x19, 1, 0];
        body.extend([7; 16]);
        let read = |body: &[u8]| ParsedProtection::read_tenc(Reader::new(FourCc::TENC, body));
        assert_eq!(read(&body).unwrap().constant_iv, None);
        body.extend([16, 1, 2]);
        assert!(matches!(read(&body), Err(Error::Truncated { .. })));
    }
}
