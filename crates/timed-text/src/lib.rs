// SPDX-License-Identifier: MPL-2.0
//! Text tracks: reads WebVTT and TTML, and makes the samples of ISO/IEC 14496-30 for any part of the timeline. It has no I/O.
//!
//! ```
//! use std::time::Duration;
//!
//! use timed_text::{TextFormat, TextTrack, WebVttBlock, WebVttReader};
//!
//! let file = b"WEBVTT\n\n00:01.000 --> 00:03.000\nGood evening\n";
//! let (mut reader, mut blocks) = (WebVttReader::default(), Vec::new());
//! reader.push(file, &mut blocks)?;
//! reader.end(&mut blocks)?;
//!
//! let mut track = TextTrack::new(TextFormat::WebVtt);
//! for block in blocks {
//!     if let WebVttBlock::Cue(cue) = block {
//!         track.push_cue(cue.start..cue.end, cue);
//!     }
//! }
//! track.end();
//! // Two segments of 2 seconds: the cue is in both.
//! let seconds = Duration::from_secs;
//! let first = track.take(seconds(0)..seconds(2));
//! let second = track.take(seconds(2)..seconds(4));
//! assert_eq!(first.len(), 2); // nothing, then the cue
//! assert_eq!(second.len(), 2); // the cue, then nothing
//! # Ok::<(), timed_text::Error>(())
//! ```
//!
//! - [`WebVttReader`], [`TtmlReader`], [`plain_text`] and [`pango_text`] read texts.
//! - [`TextTrack`] holds what is shown when, and makes the samples of a segment.
//! - [`text_trak`] describes a track in a `trak` box.

mod boxes;
mod cue;
mod error;
mod text_track;
mod ttml;
mod ttml_reader;
mod ttml_shift;
mod ttml_time;
mod ttml_xml;
mod web_vtt;

pub use boxes::{TIMESCALE, TextConfiguration, text_trak};
pub use cue::{Cue, Timestamp, pango_text, plain_text};
pub use error::Error;
pub use text_track::{TextFormat, TextSample, TextTrack};
pub use ttml::TtmlDocument;
pub use ttml_reader::TtmlReader;
pub use web_vtt::{WebVttBlock, WebVttReader, is_web_vtt};

/// The most bytes of a document or block: the subtitles of a film have 200 kB.
const MAX_DOCUMENT: usize = 16 << 20;
