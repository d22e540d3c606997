// SPDX-License-Identifier: MPL-2.0
//! The cues of SCTE 35 that come to a pad.

use std::time::Duration;

use protection_policy::CuePlace;
use splice_cues::{Cue, CueTime, MarkKind};

use crate::cue_event::CueFromUpstream;
use crate::logging::media_time;

/// A cue on the clock of the pipeline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CueInput {
    /// The whole splice_info_section.
    pub(super) section: Vec<u8>,
    pub(super) place: CuePlace,
    /// The running times at which something begins or ends, where segments should start.
    pub(super) splices: Vec<Duration>,
}

/// The position of a pad in its stream.
pub(super) struct StreamPosition<'a> {
    pub(super) segment: &'a gst::FormattedSegment<gst::ClockTime>,
    /// That of the last buffer; None before the first one.
    pub(super) pts: Option<gst::ClockTime>,
}

impl CueInput {
    /// Gives a cue its running time. The time in a cue is one of the PTS of the pad; a cue without a time is at the position of the pad.
    pub(super) fn new(cue: CueFromUpstream, position: &StreamPosition<'_>) -> Self {
        let CueFromUpstream { section, place } = cue;
        // The stream warns of a cue that cannot be read.
        let Ok(read) = Cue::read(&section) else {
            return Self {
                section,
                place,
                splices: Vec::new(),
            };
        };
        let at = match place {
            CuePlace::RunningTime(at) => Some(at),
            _ => position.running_time(read.time),
        };
        let lengths = read.marks.iter().flat_map(|mark| match mark.kind {
            MarkKind::Begin { duration, .. } => [Some(0), duration],
            MarkKind::End => [Some(0), None],
            MarkKind::Cancel => [None, None],
        });
        Self {
            place: at.map_or(place, CuePlace::RunningTime),
            splices: lengths
                .flatten()
                .filter_map(|ticks| at?.checked_add(CueTime::duration(ticks)))
                .collect(),
            section,
        }
    }
}

impl StreamPosition<'_> {
    fn running_time(&self, time: Option<CueTime>) -> Option<Duration> {
        let now = self.pts.or_else(|| self.segment.start())?;
        let pts = time.map_or(now, |time| {
            media_time(CueTime::duration(
                time.nearest(CueTime::ticks_of(now.into())),
            ))
        });
        self.segment.to_running_time(pts).map(Duration::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `time_signal` with a PTS of 6 ticks, after the clock has started again.
    const SIGNAL: [u8; 25] = [
        0xfc, 0x30, 0x16, 0, 1, 0xff, 0xff, 0xff, 0xfc, 0, 0xff, 0xf0, 5, 6, 0xfe, 0, 0, 0, 0x0a,
        0, 0, 3, 0xe9, 0xa8, 0x41,
    ];

    #[test]
    fn time_of_a_cue_becomes_a_running_time() {
        gst::init().unwrap();
        let period = media_time(CueTime::duration(CueTime::PERIOD));
        let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
        segment.set_start(period - gst::ClockTime::SECOND);
        let position = StreamPosition {
            segment: &segment,
            pts: None,
        };
        let cue = |place| CueFromUpstream {
            section: SIGNAL.to_vec(),
            place,
        };
        let CuePlace::RunningTime(at) = CueInput::new(cue(CuePlace::OwnTime), &position).place
        else {
            panic!("no running time");
        };
        assert_eq!(at.as_micros(), 1_000_066);
        let stated = CuePlace::RunningTime(Duration::from_secs(3));
        assert_eq!(CueInput::new(cue(stated), &position).place, stated);
    }
}
