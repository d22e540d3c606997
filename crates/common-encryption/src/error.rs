// SPDX-License-Identifier: MPL-2.0
//! The errors of protecting samples.

/// An error of this crate; none holds key bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value is malformed.
    #[error(transparent)]
    Value(#[from] cenc_types::Error),
    /// The scheme does not allow the size of the IV.
    #[error("cbc1 and cbcs take IVs of 16 bytes, cenc and cens of 8 or 16")]
    BadIvSize,
    /// All IVs of a key are used.
    #[error("the key has no unused IV left: change to a new key")]
    IvsExhausted,
    /// The subsamples do not add up to the sample, or leave a cipher block clear that must be protected.
    #[error(
        "the subsamples do not add up to the size of the sample, or leave a part clear that must be protected"
    )]
    MapMismatch,
    /// A sample has more subsamples than their 16-bit count holds.
    #[error("the sample has more than 65535 subsamples: encode fewer slices")]
    TooManySubsamples,
    /// The cipher did not change a block that should be protected.
    #[error(
        "a block that should be protected is still clear: discard the sample, which must not be sent"
    )]
    StillClear,
}
