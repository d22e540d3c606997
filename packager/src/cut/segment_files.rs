// SPDX-License-Identifier: MPL-2.0
//! The files of protected segments, and notes of the keys in them.

use bytes::BytesMut;
use cenc_mp4::cutting::CutSegment;
use indicatif::ProgressBar;
use protection_policy::KeyChange;
use segment_packaging::{
    InitKeys, SegmentKey, SegmentSink, StartedFragment, StartedInit, StreamWarning,
};

use super::TrackJob;
use crate::protect;

/// The files to which protected segments are written.
pub trait SegmentFiles {
    /// The caller's error.
    type Error: From<protect::Error>;

    /// Takes an init segment of all tracks that replaces the one in force.
    ///
    /// # Errors
    /// A file that cannot be written, or that has one init segment only.
    fn start_part(&mut self, init: &[u8]) -> Result<(), Self::Error>;

    /// Writes the boxes of a fragment of a track, which start a segment unless one is under way.
    ///
    /// # Errors
    /// A file that cannot be written.
    fn write_boxes(&mut self, track: usize, boxes: &[u8]) -> Result<(), Self::Error>;

    /// Writes media of the segment under way.
    ///
    /// # Errors
    /// A file that cannot be written.
    fn write_media(&mut self, track: usize, media: &[u8]) -> Result<(), Self::Error>;

    /// Ends the segment under way, which was cut as `segment`.
    ///
    /// # Errors
    /// A file that cannot be written.
    fn end_segment(&mut self, track: usize, segment: &CutSegment) -> Result<(), Self::Error>;
}

/// Writes segments to files, and notes the keys in them.
pub(super) struct FileSink<F> {
    pub(super) files: F,
    /// The keys of the init segments so far.
    pub(super) inits: Vec<InitKeys>,
    /// The crypto periods that started after the first.
    pub(super) key_changes: Vec<KeyChange>,
    pub(super) tracks: Vec<NotedTrack>,
    /// The buffers of media that is written.
    pub(super) spare: Vec<SpareBuffer>,
    /// Shows warnings.
    bar: ProgressBar,
}

/// A track whose segments are written.
pub(super) struct NotedTrack {
    segments: Vec<CutSegment>,
    /// The segments with the first fragment under another key than the one before.
    pub(super) keys: Vec<SegmentKey>,
}

/// A buffer of media that is written.
pub(super) struct SpareBuffer {
    /// Index of its track.
    pub(super) track: usize,
    pub(super) buffer: BytesMut,
}

impl<F> FileSink<F> {
    pub(super) fn new(files: F, init: &InitKeys, jobs: &[TrackJob], bar: ProgressBar) -> Self {
        let tracks = jobs.iter().map(|job| NotedTrack {
            segments: job.cut.segments().to_vec(),
            keys: Vec::new(),
        });
        Self {
            files,
            inits: vec![init.clone()],
            key_changes: Vec::new(),
            tracks: tracks.collect(),
            spare: Vec::new(),
            bar,
        }
    }
}

impl<F: SegmentFiles> SegmentSink<BytesMut> for FileSink<F> {
    type Error = F::Error;

    fn start_part(&mut self, init: StartedInit<'_>) -> Result<(), F::Error> {
        self.inits.push(init.keys.clone());
        self.files.start_part(init.bytes)
    }

    fn start_fragment(&mut self, fragment: StartedFragment<'_>) -> Result<(), F::Error> {
        if let Some(track) = self.tracks.get_mut(fragment.track)
            && track
                .keys
                .last()
                .is_none_or(|last| last.kid != fragment.kid)
        {
            track.keys.push(SegmentKey {
                segment: usize::try_from(fragment.segment).unwrap_or(usize::MAX),
                kid: fragment.kid,
            });
        }
        self.files.write_boxes(fragment.track, fragment.boxes)
    }

    fn write_media(&mut self, track: usize, media: BytesMut) -> Result<(), F::Error> {
        self.files.write_media(track, &media)?;
        self.spare.push(SpareBuffer {
            track,
            buffer: media,
        });
        Ok(())
    }

    fn end_segment(&mut self, track: usize, segment: u64) -> Result<(), F::Error> {
        let index = usize::try_from(segment).unwrap_or(usize::MAX);
        let cut = self
            .tracks
            .get(track)
            .and_then(|track| track.segments.get(index));
        cut.map_or(Ok(()), |cut| self.files.end_segment(track, cut))
    }

    fn change_keys(&mut self, change: KeyChange) {
        self.key_changes.push(change);
    }

    fn warn(&mut self, warning: StreamWarning) {
        self.bar.suspend(|| eprintln!("warning: {warning}"));
    }
}
