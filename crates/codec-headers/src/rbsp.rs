// SPDX-License-Identifier: MPL-2.0
//! The bits of a NAL unit's payload, its RBSP: ISO/IEC 14496-10 7.2 and 9.1, ISO/IEC 23008-2 7.2 and 9.2.
//!
//! The reader skips emulation prevention bytes as it meets them: nothing is copied, and the position counts bytes as stored.

use super::Error;

/// Reads the RBSP of one NAL unit. A byte is loaded only when one of its bits is needed.
#[derive(Debug, Clone)]
pub(super) struct RbspReader<'a> {
    nal: &'a [u8],
    structure: &'static str,
    /// The number of bytes loaded, emulation prevention bytes and NAL unit header included.
    next: usize,
    /// The number of zero bytes directly before `next`.
    zeros: u8,
    /// The unread bits of the last byte loaded, from the top.
    byte: u8,
    /// The number of unread bits in `byte`.
    left: u32,
}

impl<'a> RbspReader<'a> {
    /// Creates a reader after the NAL unit header of `header` bytes (whose last byte is never zero); `structure` is for error
    /// messages.
    pub(super) const fn new(nal: &'a [u8], header: usize, structure: &'static str) -> Self {
        Self {
            nal,
            structure,
            next: header,
            zeros: 0,
            byte: 0,
            left: 0,
        }
    }

    /// Reads u(1) as a boolean.
    #[inline]
    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.u(1)? == 1)
    }

    /// Reads u(n), n up to 32.
    #[inline]
    pub(super) fn u(&mut self, count: u32) -> Result<u32, Error> {
        debug_assert!(count <= 32, "u({count})");
        let mut value = 0;
        let mut wanted = count;
        while wanted > 0 {
            self.load_if_empty()?;
            let taken = wanted.min(self.left);
            value = (value << taken) | (u32::from(self.byte) >> (8 - taken));
            self.consume(taken);
            wanted -= taken;
        }
        Ok(value)
    }

    /// Skips `count` bits.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), Error> {
        let mut wanted = count;
        while wanted > 0 {
            self.load_if_empty()?;
            let taken = u32::try_from(wanted).map_or(self.left, |few| few.min(self.left));
            self.consume(taken);
            wanted -= u64::from(taken);
        }
        Ok(())
    }

    /// Reads ue(v): 0 to 2^32 - 2.
    #[inline]
    pub(super) fn ue(&mut self) -> Result<u32, Error> {
        let mut leading_zeros = 0;
        loop {
            self.load_if_empty()?;
            let run = self.byte.leading_zeros().min(self.left);
            leading_zeros += run;
            if leading_zeros > 31 {
                return Err(self.out_of_range("Exp-Golomb code"));
            }
            self.consume(run);
            if self.left > 0 {
                self.consume(1);
                break;
            }
        }
        Ok((1 << leading_zeros) - 1 + self.u(leading_zeros)?)
    }

    /// Reads ue(v) that may be at most `max`; `element` is its name in the standard.
    #[inline]
    pub(super) fn ue_max(&mut self, max: u32, element: &'static str) -> Result<u32, Error> {
        let value = self.ue()?;
        if value > max {
            return Err(self.out_of_range(element));
        }
        Ok(value)
    }

    /// Reads se(v): -(2^31 - 1) to 2^31 - 1.
    pub(super) fn se(&mut self) -> Result<i32, Error> {
        let code = self.ue()?;
        let magnitude = (code / 2 + code % 2).cast_signed();
        Ok(if code % 2 == 0 { -magnitude } else { magnitude })
    }

    /// Skips byte_alignment() of HEVC: a one bit, then the rest of its byte.
    pub(super) fn skip_byte_alignment(&mut self) -> Result<(), Error> {
        if !self.flag()? {
            return Err(self.out_of_range("alignment_bit_equal_to_one"));
        }
        self.consume(self.left);
        Ok(())
    }

    /// Skips the rest of a started byte.
    pub(super) fn skip_to_byte(&mut self) {
        self.consume(self.left);
    }

    /// Returns the number of bytes read of the NAL unit as stored: its header and emulation prevention bytes count, and a
    /// started byte counts as read.
    pub(super) const fn bytes_read(&self) -> usize {
        self.next
    }

    /// Returns the error for a value outside of its range.
    pub(super) const fn out_of_range(&self, element: &'static str) -> Error {
        Error::OutOfRange {
            structure: self.structure,
            element,
        }
    }

    #[inline]
    fn consume(&mut self, count: u32) {
        self.byte = self.byte.checked_shl(count).unwrap_or(0);
        self.left -= count;
    }

    #[inline]
    fn load_if_empty(&mut self) -> Result<(), Error> {
        if self.left > 0 {
            return Ok(());
        }
        let mut byte = self.byte_at_next()?;
        if self.zeros >= 2 && byte == 3 {
            self.next += 1;
            self.zeros = 0;
            byte = self.byte_at_next()?;
        }
        self.zeros = if byte == 0 {
            self.zeros.saturating_add(1)
        } else {
            0
        };
        self.next += 1;
        self.byte = byte;
        self.left = 8;
        Ok(())
    }

    #[inline]
    fn byte_at_next(&self) -> Result<u8, Error> {
        self.nal.get(self.next).copied().ok_or(Error::Truncated {
            structure: self.structure,
        })
    }
}

/// Returns Ceil(Log2(n)), 0 for n = 0.
pub(super) const fn ceil_log2(n: u32) -> u32 {
    match n.checked_sub(1) {
        Some(below) => u32::BITS - below.leading_zeros(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> RbspReader<'_> {
        RbspReader::new(bytes, 0, "test")
    }

    /// Codes of ISO/IEC 14496-10, tables 9-2 and 9-3: 1, 010, 011, 00100, 00101.
    #[test]
    fn exp_golomb_codes_are_those_of_the_standard() {
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut unsigned = reader(&bytes);
        let mut signed = reader(&bytes);
        assert_eq!([0; 5].map(|_: u32| unsigned.ue().unwrap()), [0, 1, 2, 3, 4]);
        assert_eq!([0; 5].map(|_: i32| signed.se().unwrap()), [0, 1, -1, 2, -2]);
    }

    #[test]
    fn an_exp_golomb_code_of_more_than_31_zeros_is_refused() {
        let longest = [0, 0, 3, 0, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(reader(&longest).ue(), Ok(u32::MAX - 1));
        let too_long = [0, 0, 3, 0, 0, 3, 0x80, 0, 0, 3, 0, 0];
        assert!(matches!(
            reader(&too_long).ue(),
            Err(Error::OutOfRange { .. })
        ));
    }

    #[test]
    fn emulation_prevention_bytes_hold_no_bits_but_count_as_bytes() {
        let mut bits = reader(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3]);
        assert_eq!(bits.u(24), Ok(1));
        assert_eq!(bits.bytes_read(), 4);
        assert_eq!(bits.u(16), Ok(0));
        assert_eq!(bits.bytes_read(), 6, "not read ahead of need");
        assert_eq!(bits.u(24), Ok(3));
        assert_eq!(bits.bytes_read(), 11);
    }

    #[test]
    fn a_started_byte_counts_as_read() {
        let mut bits = reader(&[0xff, 0xff, 0xff]);
        assert_eq!(bits.u(9), Ok(0x1ff));
        assert_eq!(bits.bytes_read(), 2);
        bits.skip(7).unwrap();
        assert_eq!(bits.bytes_read(), 2);
    }

    #[test]
    fn byte_alignment_takes_a_whole_byte_when_aligned_already() {
        let mut bits = reader(&[0xff, 0x80, 0xff]);
        bits.skip(8).unwrap();
        bits.skip_byte_alignment().unwrap();
        assert_eq!(bits.bytes_read(), 2);
    }

    #[test]
    fn the_end_is_an_error_and_not_a_zero() {
        let truncated = Err(Error::Truncated { structure: "test" });
        assert_eq!(reader(&[]).u(1), truncated);
        assert_eq!(reader(&[0xff]).u(9), truncated);
        assert_eq!(reader(&[0, 0, 3]).u(17), truncated);
        assert_eq!(
            reader(&[0]).skip(u64::MAX),
            Err(Error::Truncated { structure: "test" })
        );
    }

    #[test]
    fn logarithms_are_rounded_up() {
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 256, 257].map(ceil_log2),
            [0, 0, 1, 2, 2, 3, 8, 9]
        );
    }
}
