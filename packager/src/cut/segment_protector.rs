// SPDX-License-Identifier: MPL-2.0
//! Protects the segments of all tracks as one stream.

use std::collections::VecDeque;

use bytes::BytesMut;
use cenc_mp4::cutting::{CutSegment, CutTrack};
use cenc_mp4::{Announcement, Encryptor, Output, Totals, Warning};
use cenc_types::KeyId;
use indicatif::ProgressBar;
use protection_policy::KeyChange;

use super::{Mp4File, WatchedPackaging};
use crate::protect;
use crate::protect::clear_file::ClearFile;

/// Bytes of the size and type of an `mdat`.
const MDAT_HEADER: usize = 8;

/// The destination of protected segments.
pub trait SegmentSink {
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

/// The protection of all tracks.
pub struct SegmentProtector<'a, S> {
    /// The tracks, in the order of their track_IDs.
    pub tracks: Vec<TrackJob>,
    /// The destination of the segments.
    pub sink: S,
    /// The configuration and the keys.
    pub packaging: WatchedPackaging,
    /// The crypto periods that started after the first.
    pub key_changes: Vec<KeyChange>,
    /// The files of the tracks.
    pub(super) files: &'a mut [Mp4File],
    /// The encryptor, which has the init segment.
    pub(super) encryptor: Encryptor<BytesMut>,
    /// The progress bar.
    pub(super) bar: ProgressBar,
    /// The fragments in the encryptor.
    pub(super) pushed: VecDeque<PushedFragment>,
    /// The bytes that the fragment under way still needs.
    pub(super) media_left: u64,
}

/// A track that is cut, protected and written.
pub struct TrackJob {
    /// Index of its file.
    pub file: usize,
    /// The clear track.
    pub cut: CutTrack,
    /// The segments with the first fragment under another key than the one before.
    pub keys: Vec<SegmentKey>,
    /// Index of the next segment.
    pub next_segment: usize,
}

/// The key of the segments from one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentKey {
    /// Index of the first segment.
    pub segment: usize,
    /// The KID; None if they are clear.
    pub kid: Option<KeyId>,
}

/// A fragment in the encryptor.
pub(super) struct PushedFragment {
    /// Index of its track.
    track: usize,
    /// Index of its segment.
    segment: usize,
    /// True if the segment ends with it.
    is_last: bool,
}

impl<S: SegmentSink> SegmentProtector<'_, S> {
    /// Returns the amount of media that was protected.
    pub const fn totals(&self) -> Totals {
        self.encryptor.totals()
    }

    /// Protects and writes all segments, in the order of time.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing.
    pub(super) fn run(&mut self) -> Result<(), S::Error> {
        let mut outputs = Vec::new();
        while let Some(start_index) = self.next_start() {
            for track in 0..self.tracks.len() {
                self.push_segment(track, start_index, &mut outputs)?;
            }
        }
        self.encryptor
            .finish(&mut self.packaging, &mut outputs)
            .map_err(|source| self.failed(source))?;
        self.write_all(&mut outputs)
    }

    /// Returns the first start at which a track has a segment left.
    fn next_start(&self) -> Option<usize> {
        self.tracks
            .iter()
            .filter_map(|track| track.next_segment())
            .map(|segment| segment.start_index)
            .min()
    }

    /// Reads and protects the segment of a track that starts at a common start, if it has one.
    fn push_segment(
        &mut self,
        index: usize,
        start_index: usize,
        outputs: &mut Vec<Output<BytesMut>>,
    ) -> Result<(), S::Error> {
        let Some(track) = self.tracks.get_mut(index) else {
            return Ok(());
        };
        let Some(segment) = track
            .next_segment()
            .filter(|segment| segment.start_index == start_index)
            .cloned()
        else {
            return Ok(());
        };
        let number = track.next_segment;
        track.next_segment += 1;
        for fragment in segment.fragments.clone() {
            self.pushed.push_back(PushedFragment {
                track: index,
                segment: number,
                is_last: fragment + 1 == segment.fragments.end,
            });
            self.push_fragment(index, outputs)?;
            self.write_all(outputs)?;
        }
        Ok(())
    }

    fn push_fragment(
        &mut self,
        index: usize,
        outputs: &mut Vec<Output<BytesMut>>,
    ) -> Result<(), S::Error> {
        let (Some(track), file) = (self.tracks.get_mut(index), &mut *self.files) else {
            return Ok(());
        };
        let Some(Mp4File { path, file }) = file.get_mut(track.file) else {
            return Ok(());
        };
        let failed = |source| protect::Error::mp4(path, source);
        let Some(fragment) = track.cut.next_fragment().map_err(failed)? else {
            return Ok(());
        };
        let media = file
            .read_ranges(fragment.media(), fragment.media_size)
            .map_err(|source| failed(cenc_mp4::Error::Input(source)))?;
        self.bar.inc(fragment.media_size);
        let chunks = [BytesMut::from(&*fragment.boxes), media];
        for chunk in chunks.into_iter().filter(|chunk| !chunk.is_empty()) {
            self.encryptor
                .push(chunk, &mut self.packaging, outputs)
                .map_err(failed)?;
        }
        Ok(())
    }

    /// Writes outputs to the files of their tracks.
    fn write_all(&mut self, outputs: &mut Vec<Output<BytesMut>>) -> Result<(), S::Error> {
        self.take_changes();
        for output in outputs.drain(..) {
            match output {
                Output::Boxes {
                    bytes,
                    announcement: Announcement { new_init: true, .. },
                    ..
                } => self.sink.start_part(&bytes)?,
                Output::Boxes { bytes, .. } => self.write_boxes(&bytes)?,
                Output::Media(media) => self.write_media(media)?,
                // Only an index in the input is patched.
                Output::Patch { .. } => (),
            }
        }
        Ok(())
    }

    fn take_changes(&mut self) {
        while let Some(change) = self.packaging.protector.next_change() {
            self.key_changes.extend(change.keys);
        }
        for warning in self.packaging.protector.warnings() {
            self.warn(&warning.to_string());
        }
        while let Some(warning) = self.encryptor.next_warning() {
            self.warn_of(&warning);
        }
    }

    fn warn_of(&self, warning: &Warning) {
        self.warn(&warning.to_string());
    }

    fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("warning: {text}"));
    }

    /// Writes the `moof` and the `mdat` header of fragments. All but the last have no media.
    fn write_boxes(&mut self, mut boxes: &[u8]) -> Result<(), S::Error> {
        while !boxes.is_empty() {
            let moof = box_size(boxes);
            let mdat = boxes.get(moof..).map_or(0, box_size);
            let Some((own, rest)) = boxes.split_at_checked(moof + MDAT_HEADER) else {
                break;
            };
            self.start_fragment();
            if let Some(fragment) = self.pushed.front() {
                self.sink.write_boxes(fragment.track, own)?;
            }
            self.media_left = mdat.saturating_sub(MDAT_HEADER) as u64;
            if self.media_left == 0 {
                self.end_fragment()?;
            }
            boxes = rest;
        }
        Ok(())
    }

    fn write_media(&mut self, media: BytesMut) -> Result<(), S::Error> {
        if let Some(fragment) = self.pushed.front() {
            self.sink.write_media(fragment.track, &media)?;
        }
        self.media_left = self.media_left.saturating_sub(media.len() as u64);
        if self.media_left == 0 {
            self.end_fragment()?;
        }
        let file = self
            .pushed
            .front()
            .and_then(|fragment| self.tracks.get(fragment.track))
            .and_then(|track| self.files.get_mut(track.file));
        if let Some(Mp4File { file, .. }) = file {
            ClearFile::recycle(file, media);
        }
        Ok(())
    }

    /// Notes the key of the fragment that is written next, if it starts a segment.
    fn start_fragment(&mut self) {
        let Some(fragment) = self.pushed.front() else {
            return;
        };
        let kid = self.packaging.observer.next_kid(fragment.track);
        if let Some(track) = self.tracks.get_mut(fragment.track)
            && track.keys.last().is_none_or(|last| last.kid != kid)
        {
            track.keys.push(SegmentKey {
                segment: fragment.segment,
                kid,
            });
        }
    }

    fn end_fragment(&mut self) -> Result<(), S::Error> {
        let Some(PushedFragment {
            track,
            segment,
            is_last: true,
        }) = self.pushed.pop_front()
        else {
            return Ok(());
        };
        let cut = self
            .tracks
            .get(track)
            .and_then(|job| job.cut.segments().get(segment));
        match cut {
            Some(cut) => self.sink.end_segment(track, cut),
            None => Ok(()),
        }
    }

    /// Returns the error of the last fragments.
    fn failed(&self, source: cenc_mp4::Error) -> protect::Error {
        let file = self.files.first();
        protect::Error::mp4(file.map_or("".as_ref(), |file| &file.path), source)
    }
}

impl TrackJob {
    /// Starts with a track of the file with this index.
    pub const fn new(file: usize, cut: CutTrack) -> Self {
        Self {
            file,
            cut,
            keys: Vec::new(),
            next_segment: 0,
        }
    }

    fn next_segment(&self) -> Option<&CutSegment> {
        self.cut.segments().get(self.next_segment)
    }
}

/// Returns the size in the header of a box.
fn box_size(bytes: &[u8]) -> usize {
    bytes
        .first_chunk()
        .map_or(bytes.len(), |size| u32::from_be_bytes(*size) as usize)
}
