// SPDX-License-Identifier: MPL-2.0
//! The settings that choose one of several ways.

use cenc_types::{Iv, IvSize};

/// The choice of the first IV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IvConfig {
    /// A random first IV of this size. The CBC schemes always use 16 bytes.
    Random(IvSize),
    /// This IV.
    First(Iv),
}

/// The clock by which crypto periods are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeriodClock {
    /// Media time from 0, for files. The stream waits for its keys.
    #[default]
    Stream,
    /// Wall clock time from 1970-01-01 UTC, for live streams. Redundant packagers agree on the number.
    Utc,
}

/// The reaction to a crypto period whose key is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnKeyMissing {
    /// The stream ends with an error.
    #[default]
    Stop,
    /// The stream continues with the last key until the next one is available.
    Hold,
}

/// The signaling of a new crypto period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyChangeForm {
    /// A `seig` sample group in the `traf`, and `pssh` boxes in the `moof`.
    #[default]
    InBand,
    /// A new init segment with the new KID in `tenc`, and the `pssh` boxes.
    Init,
    /// As [`Self::InBand`], with an ONDEMAND header at the start and leaf licences in the `moof`.
    Embedded,
}

/// The signaling of clear parts of protected tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClearSignaling {
    /// A `seig` sample group in the `traf`.
    #[default]
    SampleGroup,
    /// A new init segment with clear sample entries.
    Init,
}

/// What a cue changes at its splice point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CueAction {
    /// Nothing.
    #[default]
    None,
    /// A new crypto period starts where something begins or ends.
    Key,
    /// Breaks are clear.
    Clear,
}

/// The parts of the stream that have `pssh` boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PsshPlaces {
    /// True for the `moov` of init segments.
    pub init: bool,
    /// True for each `moof` where decoding can start under keys that no `moov` before it lists.
    pub moof: bool,
}

impl PsshPlaces {
    /// Reads a name of `pssh-in`, such as `init+moof`.
    pub(super) fn of_choice(name: &str) -> Self {
        let has = |place| name.split('+').any(|part| part == place);
        Self {
            init: has("init"),
            moof: has("moof"),
        }
    }
}

impl Default for PsshPlaces {
    fn default() -> Self {
        Self {
            init: true,
            moof: true,
        }
    }
}
