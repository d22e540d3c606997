// SPDX-License-Identifier: MPL-2.0
//! The boxes on the top level of a file, ISO/IEC 14496-12 clause 4.2, without what is inside `mdat`.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use isobmff_boxes::{BoxHeader, FourCc};

/// The largest box that is read into memory: the `moov` of a progressive file of a day has about 100 MB.
const MAX_BOX: u64 = 256 << 20;

/// Why a box cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system's.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The header of a box.
    #[error("{0} at byte {1}")]
    Box(isobmff_boxes::Error, u64),
    /// A box that no real file has.
    #[error(
        "box '{box_type}' at byte {position} has {size} bytes, more than the {MAX_BOX} that are read"
    )]
    TooLarge {
        /// The box.
        box_type: FourCc,
        /// Where it starts.
        position: u64,
        /// Its size.
        size: u64,
    },
    /// A box runs past the end of the file.
    #[error(
        "box '{box_type}' at byte {position} states {size} bytes, the file has {left} from there"
    )]
    Truncated {
        /// The box.
        box_type: FourCc,
        /// Where it starts.
        position: u64,
        /// Its size.
        size: u64,
        /// What is there.
        left: u64,
    },
}

/// A box on the top level.
#[derive(Debug, Clone, Copy)]
pub struct TopBox {
    /// Its type.
    pub box_type: FourCc,
    /// Where it starts in the file.
    pub position: u64,
    /// Header and content, in bytes.
    pub size: u64,
}

/// A file, or bytes in its place.
trait Readable: Read + Seek + fmt::Debug {}

impl<T: Read + Seek + fmt::Debug> Readable for T {}

/// A file that is read box by box.
#[derive(Debug)]
pub struct Source {
    file: Box<dyn Readable>,
    len: u64,
    at: u64,
    information_left: u64,
}

impl Source {
    /// Opens a file and learns its length by seeking.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(Box::new(File::open(path)?))
    }

    /// The bytes of a file.
    pub fn of_bytes(bytes: Vec<u8>) -> io::Result<Self> {
        Self::of(Box::new(Cursor::new(bytes)))
    }

    fn of(mut file: Box<dyn Readable>) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(Self {
            file,
            len,
            at: 0,
            information_left: len,
        })
    }

    /// The next box; None at the end.
    ///
    /// # Errors
    /// All but [`Error::TooLarge`]. Nothing can be read behind any of them.
    pub fn next(&mut self) -> Result<Option<TopBox>, Error> {
        let position = self.at;
        let left = self.len.saturating_sub(position);
        if left == 0 {
            return Ok(None);
        }
        let head = self.bytes_at(position, BoxHeader::MAX_LEN as u64)?;
        let header = BoxHeader::read(&head, FourCc(*b"file"));
        let header = header.map_err(|error| Error::Box(error, position))?;
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
        self.at = position + size;
        Ok(Some(TopBox {
            box_type,
            position,
            size,
        }))
    }

    /// The whole of a box.
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

    /// The bytes at an offset in the file, fewer where the file ends or a box would be too large.
    pub fn bytes_at(&mut self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if offset < self.len {
            self.file.seek(SeekFrom::Start(offset))?;
            let file = Read::by_ref(&mut self.file);
            file.take(len.min(MAX_BOX)).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Like [`Source::bytes_at`], for encryption information; in all no more than the file has bytes, as no part of it is
    /// that of two fragments.
    pub fn information_at(&mut self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let bytes = self.bytes_at(offset, len.min(self.information_left))?;
        self.information_left -= bytes.len() as u64;
        Ok(bytes)
    }
}
