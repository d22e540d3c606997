// SPDX-License-Identifier: MPL-2.0
//! What the reference frames of a track leave to later headers: the AV1 specification, 7.8, 7.20 and 7.21.

use super::frame_size::FrameSize;
use super::quantization::AlternateQuantizers;
use super::sequence::Sequence;
use crate::Error;

/// NUM_REF_FRAMES
const SLOTS: usize = 8;
/// REFS_PER_FRAME
pub(super) const NAMES: usize = 7;
/// Positions in ref_frame_idx, from LAST_FRAME.
const LAST2: usize = 1;
const LAST3: usize = 2;
const GOLDEN: usize = 3;
const BWDREF: usize = 4;
const ALTREF2: usize = 5;
const ALTREF: usize = 6;

const MISSING: Error = Error::Missing {
    what: "one of its reference frames",
};

/// What is kept of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    pub(super) is_key: bool,
    pub(super) order_hint: u32,
    pub(super) size: FrameSize,
    pub(super) quantizers: AlternateQuantizers,
}

/// A decoded frame and refresh_frame_flags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) reference: Reference,
    pub(super) refresh: u32,
}

/// The frame buffers by their index.
#[derive(Debug, Clone, Default)]
pub(super) struct References {
    slots: [Option<Reference>; SLOTS],
}

impl References {
    /// The frame with this index.
    pub(super) fn find(&self, index: u32) -> Result<&Reference, Error> {
        let slot = usize::try_from(index).ok();
        let slot = slot.and_then(|index| self.slots.get(index));
        slot.and_then(Option::as_ref).ok_or(MISSING)
    }

    /// Reference frame update process.
    pub(super) fn refresh(&mut self, stored: &Stored) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if stored.refresh >> index & 1 == 1 {
                *slot = Some(stored.reference);
            }
        }
    }

    /// Forgets all, as a key frame that is shown does.
    pub(super) fn clear(&mut self) {
        self.slots = [None; SLOTS];
    }

    /// Puts what ref_order_hint says in the place of a frame that has been lost: 7.20, with the largest size as
    /// decoders have it.
    pub(super) fn expect(&mut self, index: usize, order_hint: u32, sequence: &Sequence) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        if slot.is_none_or(|reference| reference.order_hint != order_hint) {
            *slot = Some(Reference {
                is_key: false,
                order_hint,
                size: FrameSize::largest(sequence),
                quantizers: AlternateQuantizers::default(),
            });
        }
    }

    /// set_frame_refs(): ref_frame_idx from two of its members and the order hint of the current frame.
    pub(super) fn infer(
        &self,
        (last, golden): (u32, u32),
        current: u32,
        sequence: &Sequence,
    ) -> Result<[u32; NAMES], Error> {
        let mut distances = [0; SLOTS];
        for (distance, slot) in distances.iter_mut().zip(&self.slots) {
            let hint = slot.as_ref().ok_or(MISSING)?.order_hint;
            *distance = sequence.distance(hint, current);
        }
        let mut choice = Choice {
            distances,
            used: [false; SLOTS],
            chosen: [None; NAMES],
        };
        choice.choose(0, usize::try_from(last).ok());
        choice.choose(GOLDEN, usize::try_from(golden).ok());
        choice.choose(ALTREF, choice.latest(|distance| distance >= 0));
        choice.choose(BWDREF, choice.earliest_backward());
        choice.choose(ALTREF2, choice.earliest_backward());
        for name in [LAST2, LAST3, BWDREF, ALTREF2, ALTREF] {
            if choice.chosen.get(name).is_some_and(Option::is_none) {
                choice.choose(name, choice.latest(|distance| distance < 0));
            }
        }
        // The earliest of all, the first of equals, fills what is left.
        let earliest = (0..).zip(&distances).min_by_key(|(_, distance)| **distance);
        let earliest = earliest.map_or(0, |(index, _)| index);
        Ok(choice.chosen.map(|index| index.unwrap_or(earliest)))
    }

    /// Whether skip_mode_present is there, 5.9.22, in a frame that may refer to two frames at once.
    pub(super) fn allow_skip_mode(
        &self,
        names: &[u32; NAMES],
        current: u32,
        sequence: &Sequence,
    ) -> Result<bool, Error> {
        let mut distances = [0; NAMES];
        for (distance, name) in distances.iter_mut().zip(names) {
            *distance = sequence.distance(self.find(*name)?.order_hint, current);
        }
        let Some(forward) = distances.iter().filter(|&&d| d < 0).max() else {
            return Ok(false);
        };
        let backward = distances.iter().any(|&distance| distance > 0);
        Ok(backward || distances.iter().any(|distance| distance < forward))
    }
}

/// set_frame_refs() under way.
struct Choice {
    /// Of each slot, from the current frame: negative where it comes before.
    distances: [i32; SLOTS],
    used: [bool; SLOTS],
    chosen: [Option<u32>; NAMES],
}

impl Choice {
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
        let all = self.distances.iter().zip(&self.used).enumerate();
        all.filter(|(_, (_, used))| !**used)
            .map(|(index, (distance, _))| (index, *distance))
    }

    /// find_latest_backward() and find_latest_forward(): the last of equals.
    fn latest(&self, fits: impl Fn(i32) -> bool) -> Option<usize> {
        let candidates = self.unused().filter(|&(_, distance)| fits(distance));
        candidates
            .max_by_key(|&(_, distance)| distance)
            .map(|(index, _)| index)
    }

    /// find_earliest_backward(): the first of equals.
    fn earliest_backward(&self) -> Option<usize> {
        let candidates = self.unused().filter(|&(_, distance)| distance >= 0);
        candidates
            .min_by_key(|&(_, distance)| distance)
            .map(|(index, _)| index)
    }
}
