// SPDX-License-Identifier: MPL-2.0
//! Subsamples, 23001-7 clause 9.5.

/// Bytes of an AES block.
pub const BLOCK: usize = 16;

/// A run of clear bytes and the run of protected bytes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsample {
    /// BytesOfClearData.
    pub clear_bytes: u16,
    /// BytesOfProtectedData.
    pub protected_bytes: u32,
}
