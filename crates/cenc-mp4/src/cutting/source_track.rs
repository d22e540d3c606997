// SPDX-License-Identifier: MPL-2.0
//! A track of a clear file, with the times of its samples in the presentation.

use std::ops::Range;

use cenc_types::FrameRate;
use isobmff_boxes::{BoxTree, FourCc, Tkhd};

use super::sample_boxes::SampleBoxes;
use crate::Error;
use crate::fragmenting::moov::trak_without_samples;
use crate::fragmenting::timing::{SampleTiming, TimingCursor, TrackTiming};
use crate::fragmenting::track::ProgressiveTrack;
pub use crate::fragmenting::track::TrackKind;
use crate::frame_rate;
use crate::media_start::MediaStart;
use crate::progressive::tables::SampleTable;

/// A track of a clear file.
#[derive(Clone)]
pub struct SourceTrack {
    pub(super) track: ProgressiveTrack,
    /// The ticks from the decode time 0 to the presentation time 0.
    pub(super) skipped: i64,
    /// The whole `trak`, without samples in its tables.
    trak: Vec<u8>,
}

/// The places and times of the samples of a track.
pub(super) struct SampleTables {
    pub(super) table: SampleTable,
    pub(super) timing: TrackTiming,
    pub(super) first_decode_time: u64,
    /// The groups and sub-samples of fragments; None for those in `stbl`.
    pub(super) boxes: Option<SampleBoxes>,
}

/// A sample and its times in ticks.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimedSample {
    pub(super) decode_time: u64,
    /// Its time in the presentation.
    pub(super) start: i64,
    pub(super) duration: u32,
    pub(super) is_sync: bool,
}

impl SourceTrack {
    pub(super) fn read(
        trak: &BoxTree<'_>,
        tables: SampleTables,
        movie_timescale: u32,
    ) -> Result<Self, Error> {
        let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
        let timescale = timescale(trak)?;
        let start = MediaStart::read(trak, track_id, timescale, movie_timescale)?;
        let mut track = ProgressiveTrack::of(trak, tables.table, tables.timing)?;
        if let Some(boxes) = tables.boxes {
            (track.groups, track.sub_samples) = boxes.build();
        }
        track.first_decode_time = tables.first_decode_time.saturating_add(start.delay);
        Ok(Self {
            track,
            skipped: i64::try_from(start.skipped).unwrap_or(i64::MAX),
            trak: trak_without_samples(trak)?,
        })
    }

    /// Returns the kind of media.
    pub const fn kind(&self) -> TrackKind {
        self.track.kind
    }

    /// Returns the ticks per second of its times.
    pub const fn timescale(&self) -> u32 {
        self.track.timing.timescale
    }

    /// Returns the whole `trak` box, without samples in its tables.
    pub fn trak(&self) -> &[u8] {
        &self.trak
    }

    /// Returns the number of its samples.
    pub fn sample_count(&self) -> u32 {
        let chunks = &self.track.table.chunks;
        chunks.last().map_or(0, |last| last.first + last.count)
    }

    /// Returns the bytes of its samples.
    pub fn size(&self) -> u64 {
        let chunks = &self.track.table.chunks;
        chunks.iter().map(|chunk| chunk.len).sum()
    }

    /// True if both tracks have samples of the same sizes and durations from the same time on, as copies of one track in several files
    /// do. Times may differ by rounding.
    pub fn has_samples_of(&self, other: &Self) -> bool {
        let sizes = |track: &Self| {
            let sizes = &track.track.table.sizes;
            let samples = 0..track.sample_count();
            samples.map(|sample| sizes.get(sample)).collect::<Vec<_>>()
        };
        let durations = |track: &Self| {
            let durations = track.samples().map(|sample| sample.duration);
            // That of the last sample is often made up.
            let all_but_last = track.sample_count().saturating_sub(1) as usize;
            durations.take(all_but_last).collect::<Vec<_>>()
        };
        self.timescale() == other.timescale()
            && self.sample_count() == other.sample_count()
            && self.size() == other.size()
            && (self.start().abs_diff(other.start())) <= u64::from(self.timescale() / 500)
            && sizes(self) == sizes(other)
            && durations(self) == durations(other)
    }

    /// Returns the earliest presentation time in ticks.
    pub fn start(&self) -> i64 {
        // Pictures are reordered by 16 at most.
        let first = self.samples().take(64).map(|sample| sample.start);
        first.min().unwrap_or(0)
    }

    /// Moves all samples by ticks in the presentation.
    pub fn move_by(&mut self, ticks: i64) {
        if let Ok(later) = u64::try_from(ticks) {
            self.track.first_decode_time = self.track.first_decode_time.saturating_add(later);
            return;
        }
        let earlier = ticks.unsigned_abs();
        let decoded_earlier = earlier.min(self.track.first_decode_time);
        self.track.first_decode_time -= decoded_earlier;
        self.skipped = self
            .skipped
            .saturating_add_unsigned(earlier - decoded_earlier);
    }

    /// Returns the samples per second as a reduced fraction; None if their durations differ by more than rounding.
    pub fn frame_rate(&self) -> Option<FrameRate> {
        let mut durations: Vec<u32> = self.samples().map(|sample| sample.duration).collect();
        // That of the last sample is often made up.
        durations.pop();
        frame_rate::of_durations(&durations, self.timescale())
    }

    /// Returns the ranges of the file that have its first samples, of `size` bytes at most.
    pub fn first_bytes(&self, size: usize) -> Vec<Range<u64>> {
        let mut left = size as u64;
        self.track
            .table
            .chunks
            .iter()
            .map_while(|chunk| {
                let len = chunk.len.min(left);
                left -= len;
                (len > 0).then_some(chunk.offset..chunk.offset + len)
            })
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.track.table.chunks.is_empty()
    }

    /// Returns the samples in decoding order.
    pub(super) fn samples(&self) -> impl Iterator<Item = TimedSample> + '_ {
        let mut at = TimingCursor::default();
        let mut decode_time = self.track.first_decode_time;
        (0..self.sample_count()).map_while(move |_| {
            let timing: SampleTiming = self.track.timing.next(&mut at)?;
            let start = decode_time
                .cast_signed()
                .saturating_add(self.track.timing.composition_offset(&timing))
                .saturating_sub(self.skipped);
            let sample = TimedSample {
                decode_time,
                start,
                duration: timing.duration,
                is_sync: timing.is_sync(),
            };
            decode_time = decode_time.saturating_add(timing.duration.into());
            Some(sample)
        })
    }
}

/// Returns the ticks per second of a `trak`; an error if there are none.
pub(crate) fn timescale(trak: &BoxTree<'_>) -> Result<u32, Error> {
    let mdhd = trak.descend(&[FourCc::MDIA, FourCc::MDHD])?;
    match isobmff_boxes::read_timescale(mdhd.reader())? {
        0 => Err(Error::Unsupported(FourCc::MDHD)),
        timescale => Ok(timescale),
    }
}
