// SPDX-License-Identifier: MPL-2.0
//! Brings the parts of a fragment together: a `moof`, the boxes after it, and the `mdat` that follows.

use isobmff_boxes::FourCc;

use super::index::refuse_unmovable;
use super::reader::StreamBox;
use crate::{Chunk, Error};

/// A fragment of which all is there.
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
    /// The boxes between it and its `mdat`.
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

    /// Whether a `moof` waits for its `mdat`, or for the end of it.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.fragment.is_some()
    }

    /// The fragment that waits for an `mdat` which a box of this type says will not come: a `moof` without samples needs none.
    pub(crate) fn ended_by(&mut self, box_type: FourCc) -> Option<StreamFragment<C>> {
        match box_type {
            FourCc::MOOV | FourCc::MOOF | FourCc::SIDX | FourCc::MFRA => self.take(),
            _ => None,
        }
    }

    /// Takes a `moof`, or a box that comes before the `mdat` of one; returns any other.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a box that measures the stream in a way that is not followed.
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

    /// The fragment, which is complete.
    pub(crate) const fn take(&mut self) -> Option<StreamFragment<C>> {
        self.fragment.take()
    }
}

impl FragmentBoxes {
    /// From the first byte of the `moof` to the first of the payload, in the input.
    pub(crate) fn payload_at(&self) -> usize {
        let between = self.between.iter().map(Vec::len).sum::<usize>();
        self.moof.len() + between + self.mdat_header.len()
    }
}
