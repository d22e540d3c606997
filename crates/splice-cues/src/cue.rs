// SPDX-License-Identifier: MPL-2.0
//! What a cue says about the stream.

use std::time::Duration;

use super::Error;
use super::section;

/// Bits of a time on the clock of 90 kHz, after which it starts again.
const TIME_BITS: u32 = 33;

/// A cue, as far as it says what begins and ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cue {
    /// The splice point; None if it is where the cue itself is (splice_immediate_flag, or a time that is not specified).
    pub time: Option<CueTime>,
    /// What happens there; empty for a cue that marks no point.
    pub marks: Vec<CueMark>,
}

/// A time on the clock of the stream's PTS: 90 kHz, 33 bits, with pts_adjustment added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CueTime(u64);

/// A beginning, an end or a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CueMark {
    /// The event.
    pub event: CueEvent,
    /// What happens to it.
    pub kind: MarkKind,
}

/// The identity of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CueEvent {
    /// splice_event_id of a `splice_insert`.
    Splice(u32),
    /// An event of a segmentation_descriptor.
    Segmentation {
        /// segmentation_event_id.
        id: u32,
        /// segmentation_type_id with which it begins; None in a cancellation, which names the id alone.
        start_type: Option<u8>,
    },
}

/// What a cue says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// It begins.
    Begin {
        /// True for an advertisement or another break out of the programme.
        is_break: bool,
        /// The ticks of 90 kHz after which it ends without another cue.
        duration: Option<u64>,
    },
    /// It ends.
    End,
    /// It will not take place.
    Cancel,
}

impl Cue {
    /// Reads a whole splice_info_section, from its table_id to its CRC_32.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        section::read(bytes)
    }
}

impl CueTime {
    /// The number of ticks after which the clock starts again.
    pub const PERIOD: u64 = 1 << TIME_BITS;
    /// Ticks per second.
    pub const TIMESCALE: u32 = 90_000;

    /// Converts a time to ticks, rounded down.
    pub fn ticks_of(time: Duration) -> u64 {
        let ticks = time.as_nanos() * u128::from(Self::TIMESCALE) / 1_000_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX / 2)
    }

    /// Converts ticks to a time, rounded down to nanoseconds.
    pub fn duration(ticks: u64) -> Duration {
        let scale = u64::from(Self::TIMESCALE);
        Duration::from_secs(ticks / scale)
            + Duration::from_nanos(ticks % scale * 1_000_000_000 / scale)
    }

    /// Returns what the clock shows after `ticks`.
    pub const fn new(ticks: u64) -> Self {
        Self(ticks % Self::PERIOD)
    }

    /// Returns the ticks since the clock started.
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Returns the moment nearest to `near` at which the clock shows this time, both in ticks since it started first.
    ///
    /// # Examples
    /// ```
    /// # use splice_cues::{Cue, CueTime};
    /// // A `time_signal` at 10 ticks, with a pts_adjustment of 2^33 - 4, which is 6 after the clock has started again.
    /// # let section = [0xfc, 0x30, 0x16, 0, 1, 0xff, 0xff, 0xff, 0xfc, 0, 0xff, 0xf0, 5, 6, 0xfe, 0, 0, 0, 0x0a, 0, 0, 3, 0xe9, 0xa8, 0x41];
    /// let time = Cue::read(&section)?.time.unwrap();
    /// assert_eq!(time.ticks(), 6);
    /// assert_eq!(time.nearest(CueTime::PERIOD - 90_000), CueTime::PERIOD + 6);
    /// # Ok::<(), splice_cues::Error>(())
    /// ```
    pub fn nearest(self, near: u64) -> u64 {
        let ahead = (self.0 + Self::PERIOD - near % Self::PERIOD) % Self::PERIOD;
        match near.checked_sub(Self::PERIOD - ahead) {
            Some(behind) if ahead > Self::PERIOD / 2 => behind,
            _ => near + ahead,
        }
    }
}
