// SPDX-License-Identifier: MPL-2.0
//! A big-endian reader that is limited to its box.

use super::{BoxHeader, Error, FourCc, FullBoxHeader};

/// Reads the fields of one box. A read beyond the end of the box returns [`Error::Truncated`].
///
/// ```
/// use isobmff_boxes::{Error, FourCc, Reader};
///
/// let mut reader = Reader::new(FourCc::TFDT, &[0, 0, 0, 0, 0, 0, 1, 0]);
/// reader.full_box_header()?;
/// assert_eq!(reader.u32()?, 256);
/// assert!(matches!(reader.u8(), Err(Error::Truncated { needed: 1, left: 0, .. })));
/// # Ok::<(), Error>(())
/// ```
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
    /// Creates a reader of `body`, the bytes after the header of box `in_box`.
    pub const fn new(in_box: FourCc, body: &'a [u8]) -> Self {
        Self { left: body, in_box }
    }

    /// Returns the bytes that are not read yet.
    pub const fn left(&self) -> &'a [u8] {
        self.left
    }

    /// True if all bytes are read.
    pub const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Reads `len` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`], as for all other reads.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, left) = self.left.split_at_checked(len).ok_or(Error::Truncated {
            in_box: self.in_box,
            needed: len,
            left: self.left.len(),
        })?;
        self.left = left;
        Ok(taken)
    }

    /// Reads `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        Ok(*self
            .bytes(N)?
            .first_chunk()
            .expect("bytes(N) returns N bytes"))
    }

    /// Reads a byte.
    pub fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Reads a 16-bit number.
    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// Reads a 32-bit number.
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads a signed 32-bit number.
    pub fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_be_bytes)
    }

    /// Reads a 64-bit number.
    pub fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads the bytes before a zero byte, and that byte.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Error> {
        let end = self.left.iter().position(|byte| *byte == 0);
        let text = self.bytes(end.unwrap_or(self.left.len()))?;
        self.u8()?;
        Ok(text)
    }

    /// Returns the error of a version that the box does not have.
    pub(super) const fn unknown_version(&self, version: u8) -> Error {
        Error::UnknownVersion {
            box_type: self.in_box,
            version,
        }
    }

    /// Reads a 32-bit number if it is there.
    pub(super) fn optional_u32(&mut self, is_there: bool) -> Result<Option<u32>, Error> {
        is_there.then(|| self.u32()).transpose()
    }

    /// Reads a 32-bit count and that many entries of `SIZE` bytes.
    pub(super) fn table<const SIZE: usize>(&mut self) -> Result<&'a [[u8; SIZE]], Error> {
        let count = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        Ok(self.bytes(count.saturating_mul(SIZE))?.as_chunks().0)
    }

    /// Reads the version and flags, and skips creation_time and modification_time, which are longer in version 1.
    pub(super) fn skip_times(&mut self) -> Result<(), Error> {
        match self.full_box_header()?.version {
            0 => self.bytes(2 * 4)?,
            1 => self.bytes(2 * 8)?,
            version => return Err(self.unknown_version(version)),
        };
        Ok(())
    }

    /// Reads the version and flags at the start of a FullBox.
    pub fn full_box_header(&mut self) -> Result<FullBoxHeader, Error> {
        let [version, a, b, c] = self.array()?;
        Ok(FullBoxHeader {
            version,
            flags: u32::from_be_bytes([0, a, b, c]),
        })
    }

    /// Reads the next child box; None at the end of the list. QuickTime ends a list of boxes with zero bytes, which may be fewer than a
    /// box header has.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::BadSize`].
    pub fn next_child(&mut self) -> Result<Option<ChildBox<'a>>, Error> {
        match self.left.first_chunk::<8>() {
            None | Some([0, 0, 0, 0, 0, 0, 0, 0]) => Ok(None),
            Some(_) => self.child().map(Some),
        }
    }

    /// Reads a child box.
    pub fn child(&mut self) -> Result<ChildBox<'a>, Error> {
        let header = BoxHeader::read(self.left, self.in_box)?;
        let whole = self.bytes(header.size_within(self.left.len())?)?;
        Ok(ChildBox {
            header,
            body: whole.get(header.len..).unwrap_or_default(),
        })
    }
}
