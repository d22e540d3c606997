// SPDX-License-Identifier: MPL-2.0
//! Reads the top-level boxes of a file, ISO/IEC 14496-12 clause 4.2, without the content of `mdat`.

use std::fmt;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use isobmff_boxes::{BoxHeader, FourCc};

use host_access::open_regular_file;

/// The largest box that is read, in bytes. The `moov` of a progressive file of a day has about 100 MB.
const MAX_BOX: u64 = 256 << 20;

/// Errors of reading a box.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The header of a box cannot be read.
    #[error("{0} at byte {1}")]
    Box(isobmff_boxes::Error, u64),
    /// A box is larger than in any real file.
    #[error("box '{box_type}' at byte {position} has {size} bytes, but at most {MAX_BOX} are read")]
    TooLarge {
        /// The type of the box.
        box_type: FourCc,
        /// Its position in the file.
        position: u64,
        /// Its size in bytes.
        size: u64,
    },
    /// A box extends past the end of the file.
    #[error(
        "box '{box_type}' at byte {position} states {size} bytes, but the file ends after {left} bytes of it"
    )]
    Truncated {
        /// The type of the box.
        box_type: FourCc,
        /// Its position in the file.
        position: u64,
        /// Its size in bytes.
        size: u64,
        /// The bytes from there to the end of the file.
        left: u64,
    },
}

/// A top-level box.
#[derive(Debug, Clone, Copy)]
pub struct TopBox {
    /// Its type.
    pub box_type: FourCc,
    /// Its position in the file.
    pub position: u64,
    /// The size of header and content in bytes.
    pub size: u64,
}

/// A file or bytes in memory.
trait Readable: Read + Seek + fmt::Debug {}

impl<T: Read + Seek + fmt::Debug> Readable for T {}

/// A file that is read box by box.
#[derive(Debug)]
pub struct Mp4File {
    file: Box<dyn Readable>,
    len: u64,
    position: u64,
    information_left: u64,
    trailing_bytes: Option<u64>,
}

impl Mp4File {
    /// Opens a regular file; determines its length by seeking.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(Box::new(open_regular_file(path)?))
    }

    /// Reads from bytes in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> io::Result<Self> {
        Self::new(Box::new(Cursor::new(bytes)))
    }

    fn new(mut file: Box<dyn Readable>) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(Self {
            file,
            len,
            position: 0,
            information_left: len,
            trailing_bytes: None,
        })
    }

    /// Returns the next box; None at the end of the file.
    ///
    /// # Errors
    /// All but [`Error::TooLarge`]. No further box can be read after an error.
    pub fn next(&mut self) -> Result<Option<TopBox>, Error> {
        let position = self.position;
        let left = self.len.saturating_sub(position);
        if left == 0 {
            return Ok(None);
        }
        let head = self.bytes_at(position, BoxHeader::MAX_LEN as u64)?;
        let header = match BoxHeader::read(&head, FourCc(*b"file")) {
            Ok(header) if position > 0 && is_trailer(&header, left) => {
                return Ok(self.end_before(left));
            }
            Ok(header) => header,
            Err(_) if position > 0 => return Ok(self.end_before(left)),
            Err(error) => return Err(Error::Box(error, position)),
        };
        let box_type = header.box_type;
        let size = header.size.unwrap_or(left);
        if size > left {
            return Err(Error::Truncated {
                box_type,
                position,
                size,
                left,
            });
        }
        self.position = position + size;
        Ok(Some(TopBox {
            box_type,
            position,
            size,
        }))
    }

    /// Ends the file before bytes that form no box.
    const fn end_before(&mut self, bytes: u64) -> Option<TopBox> {
        self.trailing_bytes = Some(bytes);
        self.position = self.len;
        None
    }

    /// Returns the number of bytes after the last box that form no box, such as the trailer of a phone; None if there are none.
    pub const fn trailing_bytes(&self) -> Option<u64> {
        self.trailing_bytes
    }

    /// Reads a whole box.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Io`].
    pub fn load(&mut self, top: &TopBox) -> Result<Vec<u8>, Error> {
        let TopBox { size, position, .. } = *top;
        if size > MAX_BOX {
            return Err(Error::TooLarge {
                box_type: top.box_type,
                position,
                size,
            });
        }
        Ok(self.bytes_at(position, size)?)
    }

    /// Reads bytes at an offset in the file: fewer than `len` at the end of the file, and at most the size of the largest box.
    pub fn bytes_at(&mut self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if offset < self.len {
            self.file.seek(SeekFrom::Start(offset))?;
            Read::by_ref(&mut self.file)
                .take(len.min(MAX_BOX))
                .read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Reads encryption information like [`Mp4File::bytes_at`]. All calls together read no more bytes than the file has, because
    /// no part of it belongs to two fragments.
    pub fn information_at(&mut self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let bytes = self.bytes_at(offset, len.min(self.information_left))?;
        self.information_left -= bytes.len() as u64;
        Ok(bytes)
    }
}

/// True if a header belongs to no box: it is zeros, or states more bytes than there are and has a type of no MP4 file.
fn is_trailer(header: &BoxHeader, left: u64) -> bool {
    /// The boxes that can be cut off, ISO/IEC 14496-12.
    const TOP_LEVEL: [FourCc; 16] = [
        FourCc(*b"ftyp"),
        FourCc(*b"styp"),
        FourCc(*b"moov"),
        FourCc(*b"moof"),
        FourCc(*b"mdat"),
        FourCc(*b"sidx"),
        FourCc(*b"ssix"),
        FourCc(*b"mfra"),
        FourCc(*b"pssh"),
        FourCc(*b"emsg"),
        FourCc(*b"prft"),
        FourCc(*b"meta"),
        FourCc(*b"uuid"),
        FourCc(*b"free"),
        FourCc(*b"skip"),
        FourCc(*b"wide"),
    ];
    header.box_type.0 == [0; 4]
        || header.size.is_some_and(|size| size > left) && !TOP_LEVEL.contains(&header.box_type)
}
