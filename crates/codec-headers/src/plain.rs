// SPDX-License-Identifier: MPL-2.0
//! Bits without emulation prevention: the AV1 specification 4.10, the VP9 specification 4.10, ETSI TS 103 190-1.

use super::Error;

/// Reads bits from the top of each byte.
#[derive(Debug, Clone)]
pub(super) struct PlainBits<'a> {
    bytes: &'a [u8],
    structure: &'static str,
    /// Bytes read whole.
    next: usize,
    /// Bits read of the byte behind them, below 8.
    used: u32,
}

impl<'a> PlainBits<'a> {
    /// Starts at the first bit; `structure` is for error messages.
    pub(super) const fn new(bytes: &'a [u8], structure: &'static str) -> Self {
        Self {
            bytes,
            structure,
            next: 0,
            used: 0,
        }
    }

    /// f(1) as a truth value.
    #[inline]
    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.u(1)? == 1)
    }

    /// f(n), n up to 32.
    #[inline]
    pub(super) fn u(&mut self, count: u32) -> Result<u32, Error> {
        debug_assert!(count <= 32, "f({count})");
        let mut value = 0;
        let mut wanted = count;
        while wanted > 0 {
            let byte = self.bytes.get(self.next).copied();
            let byte = byte.ok_or_else(|| self.truncated())?;
            let left = 8 - self.used;
            let taken = wanted.min(left);
            let bits = (u32::from(byte) >> (left - taken)) & ((1 << taken) - 1);
            value = (value << taken) | bits;
            self.advance(taken);
            wanted -= taken;
        }
        Ok(value)
    }

    /// Passes over `count` bits, up to 2^31.
    pub(super) fn skip(&mut self, count: u32) -> Result<(), Error> {
        self.advance(count);
        if self.bytes_read() > self.bytes.len() {
            return Err(self.truncated());
        }
        Ok(())
    }

    /// su(n) of AV1: n bits in two's complement.
    pub(super) fn su(&mut self, count: u32) -> Result<i32, Error> {
        let value = self.u(count)?.cast_signed();
        let sign = 1 << (count - 1);
        Ok(if value & sign == 0 {
            value
        } else {
            value - 2 * sign
        })
    }

    /// ns(n) of AV1: a number below `n`, `n` below 2^31 and not 0.
    pub(super) fn ns(&mut self, n: u32) -> Result<u32, Error> {
        let width = u32::BITS - n.leading_zeros();
        let short = (1 << width) - n;
        let value = self.u(width - 1)?;
        if value < short {
            return Ok(value);
        }
        Ok((value << 1) - short + self.u(1)?)
    }

    /// uvlc() of AV1; its value tells no length.
    pub(super) fn skip_uvlc(&mut self) -> Result<(), Error> {
        let mut leading_zeros = 0;
        while !self.flag()? {
            leading_zeros += 1;
        }
        // 32 and more zeros stand for 2^32 - 1 and have no further bits.
        if leading_zeros < 32 {
            self.skip(leading_zeros)?;
        }
        Ok(())
    }

    /// Bytes up to here; a started byte counts whole.
    pub(super) const fn bytes_read(&self) -> usize {
        self.next + (self.used > 0) as usize
    }

    /// The error for a value outside of its range.
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

/// le(n) of AV1 and of the superframe index of VP9: an integer, its lowest byte first.
pub(super) fn little_endian(field: &[u8]) -> usize {
    let highest_first = field.iter().rev();
    highest_first.fold(0, |value, byte| (value << 8) | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_the_top_and_cross_bytes() {
        let mut bits = PlainBits::new(&[0b1010_0101, 0xff, 0, 0, 0, 1], "test");
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
        let mut bits = PlainBits::new(&[0b0111_1000, 0b1111_0000], "test");
        assert_eq!([0; 4].map(|_| bits.su(4).unwrap()), [7, -8, -1, 0]);
    }

    /// The example of the AV1 specification, 4.10.7: n = 5.
    #[test]
    fn non_symmetric_numbers_are_those_of_the_standard() {
        let mut bits = PlainBits::new(&[0b0001_1011, 0b0111_0000], "test");
        assert_eq!([0; 5].map(|_| bits.ns(5).unwrap()), [0, 1, 2, 3, 4]);
        assert_eq!(bits.ns(1), Ok(0));
        assert_eq!(bits.bytes_read(), 2);
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        let truncated = Err(Error::Truncated { structure: "test" });
        assert_eq!(PlainBits::new(&[1], "test").skip(9), truncated);
        assert_eq!(PlainBits::new(&[0; 9], "test").skip_uvlc(), truncated);
        assert!(PlainBits::new(&[0x20, 0], "test").skip_uvlc().is_ok());
    }
}
