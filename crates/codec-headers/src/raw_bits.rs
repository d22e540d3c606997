// SPDX-License-Identifier: MPL-2.0
//! Bits without emulation prevention: the AV1 specification 4.10, the VP9 specification 4.10, ETSI TS 103 190-1.

use super::Error;

/// Reads bits from the top of each byte.
#[derive(Debug, Clone)]
pub(super) struct RawBitReader<'a> {
    bytes: &'a [u8],
    structure: &'static str,
    /// The number of bytes read to their last bit.
    next: usize,
    /// The number of bits read of the next byte, 0 to 7.
    used: u32,
}

impl<'a> RawBitReader<'a> {
    /// Creates a reader at the first bit of `bytes`; `structure` is for error messages.
    pub(super) const fn new(bytes: &'a [u8], structure: &'static str) -> Self {
        Self {
            bytes,
            structure,
            next: 0,
            used: 0,
        }
    }

    /// Reads f(1) as a boolean.
    #[inline]
    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.u(1)? == 1)
    }

    /// Reads f(n), n up to 32.
    #[inline]
    pub(super) fn u(&mut self, count: u32) -> Result<u32, Error> {
        debug_assert!(count <= 32, "f({count})");
        let mut value = 0;
        let mut wanted = count;
        while wanted > 0 {
            let Some(byte) = self.bytes.get(self.next).copied() else {
                return Err(self.truncated());
            };
            let left = 8 - self.used;
            let taken = wanted.min(left);
            value = (value << taken) | ((u32::from(byte) >> (left - taken)) & ((1 << taken) - 1));
            self.advance(taken);
            wanted -= taken;
        }
        Ok(value)
    }

    /// Reads f(n), n up to 8.
    pub(super) fn small(&mut self, count: u32) -> Result<u8, Error> {
        Ok(self.u(count.min(8))?.to_le_bytes()[0])
    }

    /// Reads f(8).
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        self.small(8)
    }

    /// Skips to the next byte that is not started.
    pub(super) fn align(&mut self) -> Result<(), Error> {
        self.skip((8 - self.used) % 8)
    }

    /// Skips `count` bits, up to 2^31.
    pub(super) fn skip(&mut self, count: u32) -> Result<(), Error> {
        self.advance(count);
        if self.bytes_read() > self.bytes.len() {
            return Err(self.truncated());
        }
        Ok(())
    }

    /// Reads su(n) of AV1: n bits in two's complement.
    pub(super) fn su(&mut self, count: u32) -> Result<i32, Error> {
        let value = self.u(count)?.cast_signed();
        let sign = 1 << (count - 1);
        Ok(if value & sign == 0 {
            value
        } else {
            value - 2 * sign
        })
    }

    /// Reads ns(n) of AV1: a number below `n`, which is 1 to 2^31 - 1.
    pub(super) fn ns(&mut self, n: u32) -> Result<u32, Error> {
        let width = u32::BITS - n.leading_zeros();
        let short = (1 << width) - n;
        let value = self.u(width - 1)?;
        if value < short {
            return Ok(value);
        }
        Ok((value << 1) - short + self.u(1)?)
    }

    /// Skips uvlc() of AV1; no length depends on its value.
    pub(super) fn skip_uvlc(&mut self) -> Result<(), Error> {
        let mut leading_zeros = 0;
        while !self.flag()? {
            leading_zeros += 1;
        }
        // 32 and more zeros mean 2^32 - 1 and have no further bits.
        if leading_zeros < 32 {
            self.skip(leading_zeros)?;
        }
        Ok(())
    }

    /// Returns the number of bytes read; a started byte counts as read.
    pub(super) const fn bytes_read(&self) -> usize {
        self.next + (self.used > 0) as usize
    }

    /// Returns the error for a value outside of its range.
    pub(super) const fn out_of_range(&self, element: &'static str) -> Error {
        Error::OutOfRange {
            structure: self.structure,
            element,
        }
    }

    #[inline]
    fn advance(&mut self, count: u32) {
        let used = self.used + count;
        self.next += (used / 8) as usize;
        self.used = used % 8;
    }

    const fn truncated(&self) -> Error {
        Error::Truncated {
            structure: self.structure,
        }
    }
}

/// Reads le(n) of AV1, which the superframe index of VP9 has too: an integer, its lowest byte first.
pub(super) fn read_little_endian(field: &[u8]) -> usize {
    field
        .iter()
        .rev()
        .fold(0, |value, byte| (value << 8) | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_the_top_and_cross_bytes() {
        let mut bits = RawBitReader::new(&[0b1010_0101, 0xff, 0, 0, 0, 1], "test");
        assert_eq!(bits.u(3), Ok(5));
        assert_eq!(bits.u(7), Ok(0b001_0111));
        assert_eq!(bits.bytes_read(), 2);
        bits.skip(6).unwrap();
        assert_eq!(bits.u(32), Ok(1));
        assert_eq!(bits.u(0), Ok(0));
        assert_eq!(bits.u(1), Err(Error::Truncated { structure: "test" }));
    }

    #[test]
    fn signed_numbers_are_in_twos_complement() {
        let mut bits = RawBitReader::new(&[0b0111_1000, 0b1111_0000], "test");
        assert_eq!([0; 4].map(|_| bits.su(4).unwrap()), [7, -8, -1, 0]);
    }

    /// The example of the AV1 specification, 4.10.7: n = 5.
    #[test]
    fn non_symmetric_numbers_are_those_of_the_standard() {
        let mut bits = RawBitReader::new(&[0b0001_1011, 0b0111_0000], "test");
        assert_eq!([0; 5].map(|_| bits.ns(5).unwrap()), [0, 1, 2, 3, 4]);
        assert_eq!(bits.ns(1), Ok(0));
        assert_eq!(bits.bytes_read(), 2);
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        let truncated = Err(Error::Truncated { structure: "test" });
        assert_eq!(RawBitReader::new(&[1], "test").skip(9), truncated);
        assert_eq!(RawBitReader::new(&[0; 9], "test").skip_uvlc(), truncated);
        assert!(RawBitReader::new(&[0x20, 0], "test").skip_uvlc().is_ok());
    }
}
