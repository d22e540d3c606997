// SPDX-License-Identifier: MPL-2.0
//! A reader of fields that need not fill whole bytes.

use super::Error;

/// Reads bits from the highest of each byte on.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The number of bits that were read.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads a number of up to 64 bits.
    pub(super) fn number(&mut self, bits: usize) -> Result<u64, Error> {
        (0..bits).try_fold(0, |number, _| Ok(number << 1 | u64::from(self.flag()?)))
    }

    /// Reads a byte.
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        Ok(u8::try_from(self.number(8)?).unwrap_or(u8::MAX))
    }

    /// Reads 32 bits.
    pub(super) fn word(&mut self) -> Result<u32, Error> {
        Ok(u32::try_from(self.number(32)?).unwrap_or(u32::MAX))
    }

    /// Reads one bit.
    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        let byte = self.bytes.get(self.at / 8).ok_or(Error::Truncated)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// Skips bits.
    pub(super) fn skip(&mut self, bits: usize) -> Result<(), Error> {
        self.at += bits;
        match self.at <= 8 * self.bytes.len() {
            true => Ok(()),
            false => Err(Error::Truncated),
        }
    }

    /// Reads bytes, from the start of one on.
    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let start = self.at.div_ceil(8);
        self.at = 8 * (start + len);
        self.bytes.get(start..start + len).ok_or(Error::Truncated)
    }

    /// Returns the bytes that are not read yet.
    pub(super) fn left(&self) -> &'a [u8] {
        self.bytes.get(self.at.div_ceil(8)..).unwrap_or_default()
    }
}
