// SPDX-License-Identifier: MPL-2.0
//! The properties of reference frames on which later headers depend: the AV1 specification, 7.8, 7.20 and 7.21.

use super::frame_size::Av1FrameSize;
use super::quantization::AlternateQuantizers;
use super::sequence::SequenceHeader;
use crate::Error;

/// NUM_REF_FRAMES
const SLOTS: usize = 8;
/// REFS_PER_FRAME
pub(super) const NAMES: usize = 7;
/// The positions in ref_frame_idx, from LAST_FRAME.
const LAST: usize = 0;
const LAST2: usize = 1;
const LAST3: usize = 2;
const GOLDEN: usize = 3;
const BWDREF: usize = 4;
const ALTREF2: usize = 5;
const ALTREF: usize = 6;

const MISSING: Error = Error::Missing {
    what: "one of its reference frames",
};

/// The properties of a reference frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReferenceFrame {
    pub(super) is_key: bool,
    pub(super) order_hint: u32,
    pub(super) size: Av1FrameSize,
    pub(super) quantizers: AlternateQuantizers,
}

/// A decoded frame, to be stored in frame buffers.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredFrame {
    pub(super) reference: ReferenceFrame,
    /// refresh_frame_flags
    pub(super) refresh: u32,
}

/// The frame buffers, by index.
#[derive(Debug, Clone, Default)]
pub(super) struct ReferenceFrames {
    slots: [Option<ReferenceFrame>; SLOTS],
}

impl ReferenceFrames {
    /// Returns the frame with this index.
    pub(super) fn find(&self, index: u32) -> Result<&ReferenceFrame, Error> {
        self.slots
            .get(index as usize)
            .and_then(Option::as_ref)
            .ok_or(MISSING)
    }

    /// Runs the reference frame update process: 7.20.
    pub(super) fn refresh(&mut self, stored: &StoredFrame) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if stored.refresh >> index & 1 == 1 {
                *slot = Some(stored.reference);
            }
        }
    }

    /// Empties all frame buffers, as a key frame that is shown does.
    pub(super) fn clear(&mut self) {
        self.slots = [None; SLOTS];
    }

    /// Replaces a lost frame by one with this ref_order_hint: 7.20. Its size is the largest, as in decoders.
    pub(super) fn expect(&mut self, index: usize, order_hint: u32, sequence: &SequenceHeader) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        if slot.is_none_or(|reference| reference.order_hint != order_hint) {
            *slot = Some(ReferenceFrame {
                is_key: false,
                order_hint,
                size: Av1FrameSize::largest(sequence),
                quantizers: AlternateQuantizers::default(),
            });
        }
    }

    /// Returns ref_frame_idx by set_frame_refs(), from last_frame_idx, gold_frame_idx and the order hint of the current frame.
    pub(super) fn infer(
        &self,
        last: u32,
        golden: u32,
        current: u32,
        sequence: &SequenceHeader,
    ) -> Result<[u32; NAMES], Error> {
        let mut distances = [0; SLOTS];
        for (distance, slot) in distances.iter_mut().zip(&self.slots) {
            *distance = sequence.distance(slot.as_ref().ok_or(MISSING)?.order_hint, current);
        }
        let mut choice = ReferenceChoice {
            distances,
            used: [false; SLOTS],
            chosen: [None; NAMES],
        };
        choice.choose(LAST, Some(last as usize));
        choice.choose(GOLDEN, Some(golden as usize));
        choice.choose(ALTREF, choice.latest(|distance| distance >= 0));
        choice.choose(BWDREF, choice.earliest_backward());
        choice.choose(ALTREF2, choice.earliest_backward());
        for name in [LAST2, LAST3, BWDREF, ALTREF2, ALTREF] {
            if choice.chosen.get(name).is_some_and(Option::is_none) {
                choice.choose(name, choice.latest(|distance| distance < 0));
            }
        }
        // The earliest of all, the first of equals, fills the others.
        let earliest = (0..)
            .zip(&distances)
            .min_by_key(|(_, distance)| **distance)
            .map_or(0, |(index, _)| index);
        Ok(choice.chosen.map(|index| index.unwrap_or(earliest)))
    }

    /// True if skip_mode_present is coded in a frame that may refer to two frames at once: 5.9.22.
    pub(super) fn allow_skip_mode(
        &self,
        names: &[u32; NAMES],
        current: u32,
        sequence: &SequenceHeader,
    ) -> Result<bool, Error> {
        let mut distances = [0; NAMES];
        for (distance, name) in distances.iter_mut().zip(names) {
            *distance = sequence.distance(self.find(*name)?.order_hint, current);
        }
        let Some(forward) = distances.iter().filter(|&&d| d < 0).max() else {
            return Ok(false);
        };
        Ok(distances
            .iter()
            .any(|distance| *distance > 0 || distance < forward))
    }
}

/// The state of set_frame_refs().
struct ReferenceChoice {
    /// The distance of each slot from the current frame: negative for earlier frames.
    distances: [i32; SLOTS],
    used: [bool; SLOTS],
    chosen: [Option<u32>; NAMES],
}

impl ReferenceChoice {
    fn choose(&mut self, name: usize, slot: Option<usize>) {
        let Some(slot) = slot else { return };
        if let Some(used) = self.used.get_mut(slot) {
            *used = true;
        }
        if let Some(chosen) = self.chosen.get_mut(name) {
            *chosen = u32::try_from(slot).ok();
        }
    }

    fn unused(&self) -> impl Iterator<Item = (usize, i32)> {
        self.distances
            .iter()
            .zip(&self.used)
            .enumerate()
            .filter(|(_, (_, used))| !**used)
            .map(|(index, (distance, _))| (index, *distance))
    }

    /// Implements find_latest_backward() and find_latest_forward(): the last of equals.
    fn latest(&self, fits: impl Fn(i32) -> bool) -> Option<usize> {
        self.unused()
            .filter(|&(_, distance)| fits(distance))
            .max_by_key(|&(_, distance)| distance)
            .map(|(index, _)| index)
    }

    /// Implements find_earliest_backward(): the first of equals.
    fn earliest_backward(&self) -> Option<usize> {
        self.unused()
            .filter(|&(_, distance)| distance >= 0)
            .min_by_key(|&(_, distance)| distance)
            .map(|(index, _)| index)
    }
}
