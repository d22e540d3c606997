// SPDX-License-Identifier: MPL-2.0
//! Why a protected stream cannot be decrypted.

use common_encryption::MissingKey;
use isobmff_boxes::FourCc;

/// What keeps a stream from coming out clear, beside damage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptionError {
    /// The key is not in hand.
    #[error(transparent)]
    NoKey(#[from] MissingKey),
    /// The track is protected otherwise than by Common Encryption or PIFF.
    #[error("track {track_id} is protected by scheme '{scheme}', not by Common Encryption")]
    UnknownScheme {
        /// The track.
        track_id: u32,
        /// scheme_type; `none` without a `schm`.
        scheme: FourCc,
    },
    /// The auxiliary information of samples cannot be followed.
    #[error("track {track_id}: its sample auxiliary information {reason}")]
    Information {
        /// The track.
        track_id: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// A sample cannot be decrypted.
    #[error("track {track_id}, sample {sample} of its fragment or table: {fault}")]
    Sample {
        /// The track.
        track_id: u32,
        /// Index of the sample in its track fragment or sample table.
        sample: u32,
        /// What is wrong.
        fault: SampleFault,
    },
}

/// Why one sample cannot be decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleFault {
    /// The key is not in hand.
    #[error(transparent)]
    NoKey(#[from] MissingKey),
    /// Its group or sample description is not there.
    #[error("nothing describes how it is protected")]
    Undescribed,
    /// isProtected has a reserved value.
    #[error("isProtected is {0}, which says nothing")]
    Reserved(u8),
    /// It has neither an IV of its own nor a constant one.
    #[error("it has no IV")]
    NoIv,
    /// The pattern encrypts nothing.
    #[error("a pattern of no encrypted blocks")]
    EmptyPattern,
    /// What is stated of it does not fit it.
    #[error(transparent)]
    Cenc(#[from] common_encryption::Error),
    /// Its entry is cut.
    #[error(transparent)]
    Box(#[from] isobmff_boxes::Error),
}

impl SampleFault {
    /// The error, with where it is.
    pub(super) const fn at(self, track_id: u32, sample: u32) -> DecryptionError {
        match self {
            Self::NoKey(missing) => DecryptionError::NoKey(missing),
            fault => DecryptionError::Sample {
                track_id,
                sample,
                fault,
            },
        }
    }
}
