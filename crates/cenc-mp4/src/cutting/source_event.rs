// SPDX-License-Identifier: MPL-2.0
//! Event messages of a fragmented file that is cut anew.

use std::ops::Range;
use std::time::Duration;

use common_encryption::{EventMessage, EventStart, Protector};
use isobmff_boxes::BoxTree;

use crate::encryptor::read_event;
use crate::progressive::file::read_box;
use crate::time::{TrackClock, segment_start};
use crate::{Error, SeekableInput};

/// The longest message that is read: a cue has 4 KiB at most.
const MAX_LEN: u64 = 64 << 10;

/// An event message of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEvent {
    /// The whole `emsg`.
    emsg: Vec<u8>,
    /// The first presentation time of the `moof` that follows.
    segment_start: Duration,
}

impl SourceEvent {
    /// Reads the `emsg` at `place`, which `moof` follows.
    pub(super) fn read<S: SeekableInput>(
        input: &mut S,
        place: &Range<u64>,
        moof: &[u8],
        clocks: &[TrackClock],
    ) -> Result<Option<Self>, Error> {
        if place.end - place.start > MAX_LEN {
            return Ok(None);
        }
        Ok(Some(Self {
            emsg: read_box(input, place.clone())?,
            segment_start: segment_start(&BoxTree::parse(moof)?, clocks).unwrap_or_default(),
        }))
    }

    /// Gives the message to `protector`, which may be at any place of the presentation.
    pub fn give(&self, protector: &mut dyn Protector) {
        let Some(event) = read_event(&self.emsg) else {
            return;
        };
        let at = match event.start {
            EventStart::AfterSegmentStart(delta) => self.segment_start.saturating_add(delta),
            EventStart::At(at) => at,
        };
        protector.event(&EventMessage {
            start: EventStart::At(at),
            ..event
        });
    }
}
