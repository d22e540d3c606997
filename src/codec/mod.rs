// SPDX-License-Identifier: MPL-2.0
//! Placeholder until the codec module lands.

/// A run of bytes of a sample that may be protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectableRange {
    /// Offset in the sample.
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
}
