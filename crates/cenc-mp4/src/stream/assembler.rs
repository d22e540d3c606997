// SPDX-License-Identifier: MPL-2.0
//! Collects the parts of a fragment: a `moof`, the boxes after it, and the `mdat` that follows.

use isobmff_boxes::FourCc;

use super::index::refuse_unmovable;
use super::reader::StreamBox;
use crate::{Chunk, Error};

/// A complete fragment.
pub(crate) struct StreamFragment<C> {
    pub(crate) boxes: FragmentBoxes,
    /// The payload of its `mdat`.
    pub(crate) media: Vec<C>,
}

/// The boxes of a fragment, up to its payload.
pub(crate) struct FragmentBoxes {
    pub(crate) moof: Vec<u8>,
    /// Offset of the `moof` in the input.
    pub(crate) position: u64,
    /// The boxes between the `moof` and its `mdat`.
    pub(crate) between: Vec<Vec<u8>>,
    /// Empty without an `mdat`.
    pub(crate) mdat_header: Vec<u8>,
}

/// Holds a fragment until it is complete.
pub(crate) struct FragmentAssembler<C> {
    fragment: Option<StreamFragment<C>>,
}

impl<C: Chunk> FragmentAssembler<C> {
    pub(crate) const fn new() -> Self {
        Self { fragment: None }
    }

    /// True if a `moof` waits for its `mdat`, or for the end of it.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.fragment.is_some()
    }

    /// Returns the fragment under way if a box of this type means that it has no `mdat`: a `moof` without samples needs
    /// none.
    pub(crate) fn ended_by(&mut self, box_type: FourCc) -> Option<StreamFragment<C>> {
        match box_type {
            FourCc::MOOV | FourCc::MOOF | FourCc::SIDX | FourCc::MFRA => self.take(),
            _ => None,
        }
    }

    /// Takes a `moof`, or a box between a `moof` and its `mdat`; returns any other box.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a box with offsets or sizes that cannot be updated.
    pub(crate) fn take_box(&mut self, found: StreamBox) -> Result<Option<StreamBox>, Error> {
        if found.box_type == FourCc::MOOF {
            self.fragment = Some(StreamFragment {
                boxes: FragmentBoxes {
                    moof: found.bytes,
                    position: found.position,
                    between: Vec::new(),
                    mdat_header: Vec::new(),
                },
                media: Vec::new(),
            });
            return Ok(None);
        }
        let Some(fragment) = &mut self.fragment else {
            return Ok(Some(found));
        };
        refuse_unmovable(&found)?;
        fragment.boxes.between.push(found.bytes);
        Ok(None)
    }

    /// Takes the header of the fragment's `mdat`.
    pub(crate) fn take_media_header(&mut self, header: Vec<u8>) {
        if let Some(fragment) = &mut self.fragment {
            fragment.boxes.mdat_header = header;
        }
    }

    /// Takes payload of the fragment's `mdat`.
    pub(crate) fn take_media(&mut self, data: C) {
        if let Some(fragment) = &mut self.fragment {
            fragment.media.push(data);
        }
    }

    /// Returns the fragment under way, which is complete.
    pub(crate) const fn take(&mut self) -> Option<StreamFragment<C>> {
        self.fragment.take()
    }
}

impl FragmentBoxes {
    /// Returns the distance from the first byte of the `moof` to the first byte of the payload in the input.
    pub(crate) fn payload_at(&self) -> usize {
        self.moof.len() + self.between.iter().map(Vec::len).sum::<usize>() + self.mdat_header.len()
    }
}
