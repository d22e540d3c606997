// SPDX-License-Identifier: MPL-2.0
//! Finds the top-level boxes of a stream that comes in chunks of any size.

use isobmff_boxes::{BoxHeader, FourCc};

use crate::Error;

/// The largest box other than `mdat` that is taken, in bytes.
pub(crate) const MAX_BOX: u64 = 64 << 20;

/// What the next bytes of the stream are.
pub(super) enum Split {
    /// Bytes of a box; the box is not complete yet.
    Partial,
    /// The box held is complete, and of this type; [`BoxSplitter::take_box`] gives it.
    Box(FourCc),
    /// The header held starts an `mdat`; its payload follows.
    Media(BoxHeader),
}

/// Collects boxes byte by byte; payload of `mdat` never passes through it.
#[derive(Default)]
pub(super) struct BoxSplitter {
    held: Vec<u8>,
}

impl BoxSplitter {
    /// Takes bytes from the front of `data` and returns their count with what they made of the box.
    pub(super) fn take(&mut self, data: &[u8]) -> Result<(usize, Split), Error> {
        let mut taken = 0;
        loop {
            let wanted = match self.header()? {
                Some(header) if header.box_type == FourCc::MDAT => {
                    return Ok((taken, Split::Media(header)));
                }
                Some(header) => {
                    let size = Self::held_size(&header)?;
                    if self.held.len() == size {
                        return Ok((taken, Split::Box(header.box_type)));
                    }
                    size - self.held.len()
                }
                None => 1,
            };
            let left = data.get(taken..).unwrap_or_default();
            if left.is_empty() {
                return Ok((taken, Split::Partial));
            }
            let now = wanted.min(left.len());
            self.held.extend_from_slice(left.split_at(now).0);
            taken += now;
        }
    }

    /// Hands over the bytes of the box or `mdat` header that was found.
    pub(super) fn take_box(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// How many bytes complete the box under way, or its header while its size is not known.
    pub(super) fn wanted(&self) -> u64 {
        let held = self.held.len() as u64;
        let header = self.header().ok().flatten();
        match header.and_then(|header| header.size) {
            Some(size) => size.saturating_sub(held),
            None => {
                let lengths = [8, 16, BoxHeader::MAX_LEN as u64];
                let more = lengths.iter().find(|&&len| len > held);
                more.map_or(1, |len| len - held)
            }
        }
    }

    /// The type of the box that is not complete yet; `free` when its type did not arrive.
    pub(super) fn unfinished(&self) -> Option<FourCc> {
        let box_type = self.held.get(4..8).and_then(|code| code.try_into().ok());
        (!self.held.is_empty()).then_some(box_type.map_or(FourCc(*b"free"), FourCc))
    }

    /// The header of the box held, once enough of it is there.
    fn header(&self) -> Result<Option<BoxHeader>, Error> {
        match BoxHeader::read(&self.held, FourCc(*b"file")) {
            Ok(header) => Ok(Some(header)),
            Err(isobmff_boxes::Error::Truncated { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn held_size(header: &BoxHeader) -> Result<usize, Error> {
        let size = header.size.filter(|&size| size <= MAX_BOX);
        let size = size.and_then(|size| usize::try_from(size).ok());
        size.ok_or(Error::TooLarge {
            what: "a box other than 'mdat', in bytes,",
            limit: MAX_BOX,
        })
    }
}
