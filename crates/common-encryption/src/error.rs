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
    /// The subsamples do not add up to the sample.
    #[error("the subsamples do not add up to the size of the sample")]
    MapMismatch,
    /// The subsamples leave media clear that must be protected, or protect what must be clear.
    #[error(
        "the slice, tile or frame at byte {position} of the sample would not be protected as it must be ({fault}), so the sample was \
         not encrypted: please report this file"
    )]
    WrongMap {
        /// Offset in the sample.
        position: usize,
        /// The fault.
        fault: &'static str,
    },
    /// A sample has more subsamples than their 16-bit count holds.
    #[error("the sample has more than 65535 subsamples: encode fewer slices")]
    TooManySubsamples,
    /// The cipher did not change a block that should be protected.
    #[error(
        "a block that should be protected is still clear: discard the sample, which must not be sent"
    )]
    StillClear,
}
