// SPDX-License-Identifier: MPL-2.0
//! Cuts the tracks of clear MP4 files into CMAF segments (ISO/IEC 23000-19 clause 7.3) or fragments of Smooth Streaming (MS-SSTR 2.2.4),
//! without demultiplexing and muxing again.
//!
//! [`SourceMovie`] reads where the samples of a file are, progressive or fragmented. [`SegmentStarts`] chooses the times at which
//! segments start, so that those of all qualities are aligned. A [`CutTrack`] has the plan of its segments and writes their
//! fragments one after the other. [`init_segment`] describes tracks of several files in one `moov`, as an
//! [`Encryptor`](crate::Encryptor) needs them, and [`track_init`] takes one track out of its output.

mod cut_track;
mod fragment_tables;
mod init_segment;
mod sample_boxes;
mod segment_starts;
mod smooth_time;
mod source_event;
mod source_movie;
mod source_track;

pub use cut_track::{CutFragment, CutSegment, CutTrack};
pub(crate) use init_segment::{InitTrack, movie_init};
pub use init_segment::{init_segment, track_init};
pub use segment_starts::{SegmentStarts, UnalignedTracks};
pub use smooth_time::{SMOOTH_TIMESCALE, smooth_delay};
pub use source_event::SourceEvent;
pub use source_movie::SourceMovie;
pub(crate) use source_track::timescale;
pub use source_track::{SourceTrack, TrackKind};

#[cfg(test)]
mod tests;
