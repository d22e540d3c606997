// SPDX-License-Identifier: MPL-2.0
//! Collects the parts of a fragment: a `moof` and its `mdat` boxes, which follow it or come before it (ISO/IEC 14496-12 clause 8.1.1),
//! with the boxes between them.

use isobmff_boxes::FourCc;

use super::index::refuse_unmovable;
use super::reader::StreamBox;
use crate::{Chunk, Error};

/// The most bytes of media that wait for a `moof` after them.
const MAX_EARLY_MEDIA: u64 = 256 << 20;

/// A fragment, complete or not.
pub(crate) struct StreamFragment<C> {
    pub(crate) boxes: FragmentBoxes,
    /// The payloads of its `mdat` boxes, one after the other.
    pub(crate) media: Vec<C>,
    /// The end of its last sample, counted from the `moof`, once it is known.
    pub(crate) samples_end: Option<i64>,
}

/// The boxes of a fragment without the payload.
#[derive(Default)]
pub(crate) struct FragmentBoxes {
    /// Empty until it arrives.
    pub(crate) moof: Vec<u8>,
    /// Offset of the `moof` in the input.
    pub(crate) position: u64,
    /// The boxes before the `moof`, from its first `mdat` on.
    pub(crate) before: FragmentParts,
    /// The boxes after the `moof`, up to its last `mdat`.
    pub(crate) after: FragmentParts,
    /// True if it is cut from the samples of a `moov`, so that its boxes are at no offset of the input.
    pub(crate) is_cut: bool,
}

/// Boxes on one side of the `moof`.
#[derive(Default)]
pub(crate) struct FragmentParts {
    parts: Vec<FragmentPart>,
    /// Bytes of all of them.
    len: u64,
}

/// A box of a fragment other than the `moof`.
pub(crate) enum FragmentPart {
    Box(Vec<u8>),
    Mdat {
        header: Vec<u8>,
        /// The number of chunks of its payload.
        chunks: usize,
        /// Bytes of its payload.
        len: u64,
    },
}

/// The payload of one `mdat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MediaExtent {
    /// Distance from the first byte of the `moof` to the first byte of the payload in the input.
    pub(crate) offset: i64,
    pub(crate) len: i64,
    /// Offset in the payloads of the fragment, one after the other.
    pub(crate) payload_at: i64,
}

/// Holds a fragment until it is complete.
pub(crate) struct FragmentAssembler<C> {
    fragment: Option<StreamFragment<C>>,
}

impl<C: Chunk> FragmentAssembler<C> {
    pub(crate) const fn new() -> Self {
        Self { fragment: None }
    }

    /// True if a fragment is not complete.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.fragment.is_some()
    }

    /// True if a `moof` waits for its media.
    pub(crate) fn has_moof(&self) -> bool {
        self.fragment
            .as_ref()
            .is_some_and(|fragment| fragment.boxes.has_moof())
    }

    /// True if an `mdat` of the fragment under way has arrived.
    pub(crate) fn has_media(&self) -> bool {
        self.fragment
            .as_ref()
            .is_some_and(|fragment| fragment.boxes.has_media())
    }

    /// Returns the fragment under way if a box of this type means that no more of it follows: a `moof` without samples needs no
    /// `mdat`.
    pub(crate) fn ended_by(&mut self, box_type: FourCc) -> Option<StreamFragment<C>> {
        match box_type {
            FourCc::MOOF if !self.has_moof() => None,
            FourCc::MOOV | FourCc::MOOF | FourCc::SIDX | FourCc::MFRA => self.take(),
            _ => None,
        }
    }

    /// Takes a `moof`, or a box of the fragment under way; returns any other box.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a box with offsets or sizes that cannot be updated.
    pub(crate) fn take_box(&mut self, found: StreamBox) -> Result<Option<StreamBox>, Error> {
        if found.box_type == FourCc::MOOF {
            let boxes = &mut self.fragment.get_or_insert_default().boxes;
            boxes.moof = found.bytes;
            boxes.position = found.position;
            return Ok(None);
        }
        let Some(fragment) = &mut self.fragment else {
            return Ok(Some(found));
        };
        refuse_unmovable(&found)?;
        fragment
            .boxes
            .last_parts()
            .push(FragmentPart::Box(found.bytes));
        Ok(None)
    }

    /// Takes the header of an `mdat`: one of the fragment under way, or of a `moof` that follows.
    pub(crate) fn take_media_header(&mut self, header: Vec<u8>) {
        self.fragment
            .get_or_insert_default()
            .boxes
            .last_parts()
            .push(FragmentPart::Mdat {
                header,
                chunks: 0,
                len: 0,
            });
    }

    /// Takes payload of that `mdat`.
    ///
    /// # Errors
    /// [`Error::MediaWithoutMoof`] for too much media without a `moof`.
    pub(crate) fn take_media(&mut self, data: C) -> Result<(), Error> {
        let Some(fragment) = &mut self.fragment else {
            return Ok(());
        };
        fragment
            .boxes
            .last_parts()
            .add_payload(data.as_ref().len() as u64);
        fragment.media.push(data);
        match !fragment.boxes.has_moof() && fragment.boxes.before.len > MAX_EARLY_MEDIA {
            true => Err(Error::MediaWithoutMoof),
            false => Ok(()),
        }
    }

    /// Returns the fragment under way.
    pub(crate) const fn take(&mut self) -> Option<StreamFragment<C>> {
        self.fragment.take()
    }

    /// Keeps a fragment whose media is still to come.
    pub(crate) fn put_back(&mut self, fragment: StreamFragment<C>) {
        self.fragment = Some(fragment);
    }
}

impl<C> Default for StreamFragment<C> {
    fn default() -> Self {
        Self {
            boxes: FragmentBoxes::default(),
            media: Vec::new(),
            samples_end: None,
        }
    }
}

impl<C> StreamFragment<C> {
    /// True if media is known to be still to come.
    pub(crate) fn lacks_media(&self) -> bool {
        self.samples_end.is_some_and(|end| end > self.boxes.end())
    }
}

impl<C: Chunk> StreamFragment<C> {
    /// True if its payload is nothing but zeros.
    pub(crate) fn is_blank(&self) -> bool {
        self.media
            .iter()
            .all(|chunk| chunk.as_ref().iter().all(|&byte| byte == 0))
    }
}

impl FragmentBoxes {
    /// Creates a fragment that is cut from the samples of a `moov`, with one `mdat` right after the `moof`.
    pub(crate) fn cut(moof: Vec<u8>, position: u64, mdat: FragmentPart) -> Self {
        let mut after = FragmentParts::default();
        after.push(mdat);
        Self {
            moof,
            position,
            after,
            is_cut: true,
            ..Self::default()
        }
    }

    pub(crate) const fn has_moof(&self) -> bool {
        !self.moof.is_empty()
    }

    /// True if there is an `mdat`.
    pub(crate) fn has_media(&self) -> bool {
        self.mdats().next().is_some()
    }

    /// True if the only `mdat` is after the `moof`.
    pub(crate) fn is_plain(&self) -> bool {
        self.before.parts.is_empty() && self.mdats().count() == 1
    }

    /// Returns the offset in the input of the first box.
    pub(crate) const fn start(&self) -> u64 {
        self.position.saturating_sub(self.before.len)
    }

    /// Returns the distance from the first byte of the `moof` to the end of the last box so far.
    pub(crate) fn end(&self) -> i64 {
        signed(self.moof.len() as u64 + self.after.len)
    }

    /// Returns the payload of each `mdat`.
    pub(crate) fn media(&self) -> Vec<MediaExtent> {
        let before = -signed(self.before.len);
        let mut payload_at = 0;
        let mut extents = Vec::new();
        for (parts, mut offset) in [
            (&self.before, before),
            (&self.after, signed(self.moof.len() as u64)),
        ] {
            for part in &parts.parts {
                offset += signed(part.header_len());
                if let FragmentPart::Mdat { len, .. } = part {
                    let len = signed(*len);
                    extents.push(MediaExtent {
                        offset,
                        len,
                        payload_at,
                    });
                    offset += len;
                    payload_at += len;
                }
            }
        }
        extents
    }

    fn mdats(&self) -> impl Iterator<Item = &FragmentPart> {
        self.before
            .parts
            .iter()
            .chain(&self.after.parts)
            .filter(|part| matches!(part, FragmentPart::Mdat { .. }))
    }

    /// Returns the side of the `moof` that grows.
    const fn last_parts(&mut self) -> &mut FragmentParts {
        match self.has_moof() {
            true => &mut self.after,
            false => &mut self.before,
        }
    }
}

impl FragmentParts {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, FragmentPart> {
        self.parts.iter()
    }

    /// Returns the bytes of all boxes.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    fn push(&mut self, part: FragmentPart) {
        self.len += part.header_len();
        if let FragmentPart::Mdat { len, .. } = part {
            self.len += len;
        }
        self.parts.push(part);
    }

    /// Counts a chunk of `added` bytes of the last `mdat`.
    fn add_payload(&mut self, added: u64) {
        if let Some(FragmentPart::Mdat { chunks, len, .. }) = self.parts.last_mut() {
            *chunks += 1;
            *len += added;
            self.len += added;
        }
    }
}

impl FragmentPart {
    /// Returns the bytes that are boxes.
    pub(crate) const fn bytes(&self) -> &[u8] {
        match self {
            Self::Box(bytes) | Self::Mdat { header: bytes, .. } => bytes.as_slice(),
        }
    }

    const fn header_len(&self) -> u64 {
        self.bytes().len() as u64
    }
}

impl MediaExtent {
    /// Returns the offset of the first byte after it.
    pub(crate) const fn end(&self) -> i64 {
        self.offset.saturating_add(self.len)
    }
}

/// Returns a number of bytes that are in memory.
fn signed(len: u64) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
