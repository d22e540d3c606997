// SPDX-License-Identifier: MPL-2.0
//! `tenc`, the track encryption box, 23001-7 clause 8.2.

use crate::bmff::{BoxTree, FourCc};

use super::{Iv, IvSize, KeyId, Pattern};

/// How a track's samples are encrypted unless a sample group says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenc {
    /// default_crypt_byte_block and default_skip_byte_block.
    pub pattern: Pattern,
    /// default_KID.
    pub kid: KeyId,
    /// default_Per_Sample_IV_Size, or the constant IV.
    pub iv: TrackIv,
}

/// Where the IV of a sample comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackIv {
    /// From the sample's own entry.
    PerSample(IvSize),
    /// From `tenc` itself.
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
    /// The box: version 1 when there is a pattern.
    pub fn to_box(&self) -> BoxTree<'static> {
        let Pattern {
            crypt_byte_block,
            skip_byte_block,
        } = self.pattern;
        let version = u8::from(self.pattern != Pattern::NONE);
        let mut fields = vec![
            0,
            crypt_byte_block << 4 | skip_byte_block,
            1, // default_isProtected
            self.iv.per_sample_size(),
        ];
        fields.extend(self.kid.as_bytes());
        if let TrackIv::Constant(iv) = &self.iv {
            fields.push(if iv.size() == IvSize::Eight { 8 } else { 16 });
            fields.extend(iv.as_bytes());
        }
        BoxTree::full(FourCc::TENC, (version, 0), &fields)
    }
}
