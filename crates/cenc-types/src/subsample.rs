// SPDX-License-Identifier: MPL-2.0
//! Subsamples, 23001-7 clause 9.5.

/// The size of an AES block in bytes.
pub const BLOCK: usize = 16;

/// A run of clear bytes followed by a run of protected bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsample {
    /// BytesOfClearData.
    pub clear_bytes: u16,
    /// BytesOfProtectedData.
    pub protected_bytes: u32,
}
