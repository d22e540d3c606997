// SPDX-License-Identifier: MPL-2.0
//! A big-endian reader that cannot leave its box.

use super::{BoxHeader, Error, FourCc, FullBoxHeader};

/// Reads the fields of one box; every read is checked against the bytes left.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    left: &'a [u8],
    in_box: FourCc,
}

/// A box inside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildBox<'a> {
    /// Type, size and header length.
    pub header: BoxHeader,
    /// The bytes after the header.
    pub body: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `body`, the bytes behind the header of box `in_box`.
    pub const fn new(in_box: FourCc, body: &'a [u8]) -> Self {
        Self { left: body, in_box }
    }

    /// The bytes not yet read.
    pub const fn left(&self) -> &'a [u8] {
        self.left
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`], as for all reads here.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, left) = self.left.split_at_checked(len).ok_or(Error::Truncated {
            in_box: self.in_box,
            needed: len,
            left: self.left.len(),
        })?;
        self.left = left;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.bytes(N)?;
        Ok(bytes.try_into().expect("bytes(N) returns N bytes"))
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next 16-bit number.
    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next 32-bit number.
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next signed 32-bit number.
    pub fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_be_bytes)
    }

    /// The next 64-bit number.
    pub fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// The version and flags that a FullBox starts with.
    pub fn full_box_header(&mut self) -> Result<FullBoxHeader, Error> {
        let [version, a, b, c] = self.array()?;
        Ok(FullBoxHeader {
            version,
            flags: u32::from_be_bytes([0, a, b, c]),
        })
    }

    /// The next child box.
    pub fn child(&mut self) -> Result<ChildBox<'a>, Error> {
        let header = BoxHeader::read(self.left, self.in_box)?;
        let whole = self.bytes(header.size_within(self.left.len())?)?;
        Ok(ChildBox {
            header,
            body: whole.get(header.len..).unwrap_or_default(),
        })
    }
}
