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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("unsupported")]
    Unsupported { format: [u8; 4] },
}
pub struct Codec;
impl Codec {
    pub fn new(format: [u8; 4], config: Option<&[u8]>) -> Result<Self, Error> {
        let _ = (format, config);
        Ok(Self)
    }
    pub fn maps_subsamples(&self) -> bool {
        false
    }
    pub fn protectable_ranges(
        &mut self,
        _sample: &[u8],
        _ranges: &mut Vec<ProtectableRange>,
    ) -> Result<(), Error> {
        Ok(())
    }
}
pub fn is_text_or_metadata(_f: [u8; 4]) -> bool {
    true
}
