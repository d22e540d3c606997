// SPDX-License-Identifier: MPL-2.0
//! The errors of decryption.

use common_encryption::MissingKey;
use isobmff_boxes::FourCc;

/// The reason why a stream cannot be decrypted, other than a damaged box.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptionError {
    /// A key is missing.
    #[error(transparent)]
    NoKey(#[from] MissingKey),
    /// The track is not protected by Common Encryption or PIFF.
    #[error(
        "track {track_id} is protected by scheme '{scheme}', not by Common Encryption: decrypt it with the tools of that scheme"
    )]
    UnknownScheme {
        /// Its track_ID.
        track_id: u32,
        /// scheme_type; `none` without a `schm`.
        scheme: FourCc,
    },
    /// The sample auxiliary information is damaged or missing.
    #[error("track {track_id}: its sample auxiliary information ('senc', 'saiz', 'saio') {reason}")]
    Information {
        /// Its track_ID.
        track_id: u32,
        /// The damage, as a verb phrase.
        reason: &'static str,
    },
    /// A sample cannot be decrypted.
    #[error("track {track_id}, sample {sample} of its fragment or table: {fault}")]
    Sample {
        /// Its track_ID.
        track_id: u32,
        /// Index of the sample in its track fragment or sample table.
        sample: u32,
        /// The cause.
        fault: SampleFault,
    },
}

/// The reason why one sample cannot be decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleFault {
    /// A key is missing.
    #[error(transparent)]
    NoKey(#[from] MissingKey),
    /// Its group or sample description is missing.
    #[error("its sample description or 'seig' group is missing")]
    Undescribed,
    /// isProtected has a reserved value.
    #[error("isProtected is {0}, a reserved value")]
    Reserved(u8),
    /// It has neither an IV of its own nor a constant one.
    #[error("it has no IV of its own, and there is no constant IV")]
    NoIv,
    /// The pattern encrypts nothing.
    #[error("its pattern encrypts no blocks")]
    EmptyPattern,
    /// Its IV or subsamples do not match its data.
    #[error(transparent)]
    Cenc(#[from] common_encryption::Error),
    /// Its entry is truncated.
    #[error(transparent)]
    Box(#[from] isobmff_boxes::Error),
}

impl SampleFault {
    /// Returns the error of a sample of a track.
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
