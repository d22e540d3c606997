// SPDX-License-Identifier: MPL-2.0
//! Splits a stream into its top-level boxes.

use isobmff_boxes::{BoxHeader, FourCc};

use super::recognition::{Recognized, cut_movie_box, recognize};
use crate::Error;

/// The largest size of a box other than `mdat`, in bytes.
pub(crate) const MAX_BOX: u64 = 64 << 20;

/// The next bytes of the stream.
pub(super) enum Split {
    /// Part of a box.
    Partial,
    /// The end of a box of this type; [`BoxSplitter::take_box`] returns the box.
    Box(FourCc),
    /// The end of the header of an `mdat`; [`BoxSplitter::take_box`] returns the header, and the payload follows.
    Media(BoxHeader),
    /// Bytes that form no box; [`BoxSplitter::take_box`] returns those that were taken.
    NoBox,
}

/// Collects boxes byte by byte; payload of `mdat` does not pass through it.
#[derive(Default)]
pub(super) struct BoxSplitter {
    held: Vec<u8>,
}

impl BoxSplitter {
    /// Takes bytes from the front of `data`, up to the end of a box or of an `mdat` header. Adds their number to `taken`.
    /// `is_first` is true for the first box of the input.
    pub(super) fn take(
        &mut self,
        data: &[u8],
        is_first: bool,
        taken: &mut usize,
    ) -> Result<Split, Error> {
        let mut left = data;
        loop {
            let wanted = match recognize(&self.held, is_first)? {
                Recognized::Box(header) if header.box_type == FourCc::MDAT => {
                    return Ok(Split::Media(header));
                }
                Recognized::Box(header) => {
                    let size = Self::held_size(&header)?;
                    if self.held.len() == size {
                        return Ok(Split::Box(header.box_type));
                    }
                    size - self.held.len()
                }
                Recognized::NoBox => return Ok(Split::NoBox),
                Recognized::Partial => 1,
            };
            if left.is_empty() {
                return Ok(Split::Partial);
            }
            let (part, rest) = left.split_at(wanted.min(left.len()));
            self.held.extend_from_slice(part);
            *taken += part.len();
            left = rest;
        }
    }

    /// Returns the bytes of the box or `mdat` header that was found.
    pub(super) fn take_box(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Returns the number of bytes that complete the box under way, or its header while its size is not known.
    pub(super) fn wanted(&self) -> u64 {
        let held = self.held.len() as u64;
        let header = BoxHeader::read(&self.held, FourCc(*b"file")).ok();
        match header.and_then(|header| header.size) {
            Some(size) => size.saturating_sub(held),
            None => [8, 16, BoxHeader::MAX_LEN as u64]
                .iter()
                .find(|&&len| len > held)
                .map_or(1, |len| len - held),
        }
    }

    /// Returns the number of bytes of the box under way.
    pub(super) const fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// True inside a box.
    pub(super) const fn is_in_box(&self) -> bool {
        !self.held.is_empty()
    }

    /// Returns the type of the incomplete box if it belongs to the movie.
    pub(super) fn cut_movie_box(&self) -> Option<FourCc> {
        cut_movie_box(&self.held)
    }

    fn held_size(header: &BoxHeader) -> Result<usize, Error> {
        header
            .size
            .filter(|&size| size <= MAX_BOX)
            .and_then(|size| usize::try_from(size).ok())
            .ok_or(Error::TooLarge {
                what: "a box other than 'mdat', in bytes,",
                limit: MAX_BOX,
            })
    }
}
