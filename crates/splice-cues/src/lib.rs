// SPDX-License-Identifier: MPL-2.0
//! The cues of ANSI/SCTE 35: reads a `splice_info_section`, and says what begins and ends at its splice point.
//!
//! ```
//! use splice_cues::{Cue, CueEvent, CueMark, MarkKind};
//!
//! // SCTE 35 clause 14.2, "Splice insert": 48 00 00 8f goes out of the network for 60.293567 seconds.
//! let section = [
//!     0xfc, 0x30, 0x2f, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xf0, 0x14, 0x05, 0x48, 0, 0, 0x8f, 0x7f, 0xef, 0xfe, 0x73, 0x69, 0xc0, 0x2e,
//!     0xfe, 0, 0x52, 0xcc, 0xf5, 0, 0, 0, 0, 0, 0x0a, 0, 0x08, 0x43, 0x55, 0x45, 0x49, 0, 0, 1, 0x35, 0x62, 0xdb, 0xa3, 0x0a,
//! ];
//! let cue = Cue::read(&section)?;
//! assert_eq!(cue.time.map(|time| time.ticks()), Some(0x0_7369_c02e));
//! let CueMark { event, kind } = cue.marks[0];
//! assert_eq!(event, CueEvent::Splice(0x4800_008f));
//! assert_eq!(kind, MarkKind::Begin { is_break: true, duration: Some(0x52_ccf5) });
//! # Ok::<(), splice_cues::Error>(())
//! ```
//!
//! Commands that mark no point of the stream (`splice_null`, `splice_schedule`, `bandwidth_reservation`, `private_command`) give a
//! [`Cue`] without marks. `splice_schedule` names times of day in advance; `splice_insert` follows it at the point itself.

mod bits;
mod command;
mod crc;
mod cue;
mod error;
mod section;
mod segmentation;

pub use cue::{Cue, CueEvent, CueMark, CueTime, MarkKind};
pub use error::Error;
