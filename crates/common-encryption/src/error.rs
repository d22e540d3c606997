// SPDX-License-Identifier: MPL-2.0
//! What can go wrong between clear samples and protected ones.

/// Errors of the Common Encryption layer. None of them holds key bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that no field takes.
    #[error(transparent)]
    Value(#[from] cenc_types::Error),
    /// An IV size that the scheme does not take.
    #[error("cbc1 and cbcs take IVs of 16 bytes, cenc and cens of 8 or 16")]
    BadIvSize,
    /// All IVs of a key are spent.
    #[error("the key has no unused IV left: change to a new key")]
    IvsExhausted,
    /// The subsamples do not add up to the sample.
    #[error("the subsample map does not fit the sample")]
    MapMismatch,
    /// A sample has more subsamples than their 16-bit count holds.
    #[error("the sample has more than 65535 subsamples: encode fewer slices")]
    TooManySubsamples,
    /// A block came out of the cipher as it went in.
    #[error("a block that should be protected is still clear; nothing of the sample may leave")]
    StillClear,
}
