// SPDX-License-Identifier: MPL-2.0
//! What the packager remembers of the stream, or holds until it is complete.

use isobmff_boxes::{BoxTree, FourCc, Reader};

/// Where the last `moov` stands.
#[derive(Clone, Copy)]
pub(super) struct MoovPlace {
    pub(super) input: u64,
    pub(super) output: u64,
    /// Bytes that it takes in the output.
    pub(super) len: usize,
}

impl MoovPlace {
    /// Where a box stands in the output that stood at `position` in front of the `moov`: behind the first, which may have
    /// grown, all bytes have moved alike.
    pub(super) const fn output_of(&self, position: u64) -> u64 {
        match position {
            0 => 0,
            _ => (position + self.output).saturating_sub(self.input),
        }
    }
}

/// A `moof` whose `mdat` is not complete yet.
pub(super) struct HeldMoof {
    pub(super) bytes: Vec<u8>,
    pub(super) position: u64,
    /// The boxes between it and its `mdat`.
    pub(super) between: Vec<Vec<u8>>,
}

pub(super) struct HeldMdat<C> {
    pub(super) header: Vec<u8>,
    /// Payload still to come; None: all up to the end of the stream.
    pub(super) left: Option<u64>,
    /// None where no `moof` precedes it: they are given as they come.
    pub(super) chunks: Vec<C>,
}

impl HeldMoof {
    /// Bytes of the boxes held, in the input.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.between.iter().map(Vec::len).sum::<usize>()
    }
}

/// Whether a top-level `meta` places items by file offsets, which would have to move.
pub(super) fn places_items(meta: &[u8]) -> bool {
    let Ok(tree) = BoxTree::parse(meta) else {
        return false;
    };
    body_places_items(tree.body())
}

/// The same for the bytes behind the header of a `meta`.
pub(super) fn body_places_items(body: &[u8]) -> bool {
    // ISO's is a FullBox, QuickTime's is not.
    [4, 0].into_iter().any(|fields| {
        let children = body.get(fields..).unwrap_or_default();
        let mut children = Reader::new(FourCc::META, children);
        std::iter::from_fn(|| children.child().ok())
            .any(|(header, _)| header.box_type == FourCc::ILOC)
    })
}
