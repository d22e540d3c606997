// SPDX-License-Identifier: MPL-2.0
//! A segment that was cut from a stream.

use cenc_types::FrameRate;
use isobmff_boxes::RunSample;

use super::muxed_track::MuxedSample;
use crate::Error;
use crate::fragmenting::moof::{MoofContent, MoofForm, SampleColumns, mdat_header};
use crate::frame_rate;

/// A segment of a track: samples from one common start to the next.
#[derive(Debug)]
pub struct StreamSegment<C> {
    /// The number of the start, which all tracks share.
    pub start_index: u64,
    /// Its samples in decoding order; at least one.
    pub samples: Vec<MuxedSample<C>>,
}

/// The times of a segment in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentSpan {
    /// The earliest presentation time.
    pub start: i64,
    /// The sum of the durations of the samples.
    pub duration: u64,
    /// True if the first sample is a sync sample.
    pub starts_with_sync: bool,
    /// The size of the first sample in bytes.
    pub first_sample: u32,
}

impl<C> StreamSegment<C> {
    /// Returns the times.
    pub fn span(&self) -> SegmentSpan {
        let starts = self.samples.iter().map(MuxedSample::start);
        let first = self.samples.first();
        SegmentSpan {
            start: starts.min().unwrap_or(0),
            duration: self
                .samples
                .iter()
                .map(|sample| u64::from(sample.duration))
                .sum(),
            starts_with_sync: first.is_some_and(MuxedSample::is_sync),
            first_sample: first.map_or(0, |first| first.size),
        }
    }

    /// Returns the samples per second as a reduced fraction; None if their durations differ by more than rounding.
    pub fn frame_rate(&self, timescale: u32) -> Option<FrameRate> {
        let samples = self.samples.iter();
        let durations: Vec<u32> = samples.map(|sample| sample.duration).collect();
        frame_rate::of_durations(&durations, timescale)
    }

    /// Writes the clear `moof` of the segment and the header of the `mdat` for the media of its samples.
    ///
    /// # Errors
    /// [`Error::Box`] for a segment that is too large.
    pub fn write_boxes(&self, track_id: u32, sequence_number: u32) -> Result<Vec<u8>, Error> {
        let run = self.samples.iter().map(|sample| RunSample {
            duration: sample.duration,
            size: sample.size,
            flags: sample.flags,
            // The bits of a signed offset; pictures are reordered by seconds at most.
            composition_offset: i32::try_from(sample.composition_offset)
                .unwrap_or(i32::MAX)
                .cast_unsigned(),
        });
        let first = self.samples.first().map_or(0, |first| first.decode_time);
        let mut boxes = MoofContent {
            sequence_number,
            track_id,
            description: None,
            decode_time: u64::try_from(first).unwrap_or(0),
            offset_version: 1,
            run: run.collect::<SampleColumns>(),
            sample_boxes: Vec::new(),
            information: Vec::new(),
            form: MoofForm::Cmaf,
        }
        .write()?;
        let sizes = self.samples.iter().map(|sample| u64::from(sample.size));
        boxes.extend(mdat_header(sizes.sum())?);
        Ok(boxes)
    }
}
