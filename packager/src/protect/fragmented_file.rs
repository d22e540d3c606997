// SPDX-License-Identifier: MPL-2.0
//! `protect --fragment`: makes one protected file of fragments, with an index, from any MP4 file.

use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use cenc_mp4::cutting::{CutSegment, CutTrack, SegmentStarts, SourceMovie, SourceTrack, TrackKind};
use cenc_mp4::{Output, Totals};
use isobmff_boxes::{SidxReference, build_sidx, sidx_size};
use protection_policy::Packaging;

use super::Error;
use super::clear_file::ClearFile;
use super::output::OutputFile;
use super::report::KeyChangeReport;
use crate::cut::{Mp4File, ProtectedTrack, ProtectionPass, SegmentFiles, TrackJob};

/// A file that is cut and protected.
pub struct FragmentedFileJob<'a> {
    /// The name of the clear file.
    pub path: &'a Path,
    /// The length of a segment.
    pub segment_duration: Duration,
    /// The number of threads.
    pub threads: u8,
    /// The configuration and the keys.
    pub packaging: Packaging,
}

/// The result of the job.
pub struct FragmentedFile {
    /// The amount of media.
    pub totals: Totals,
    /// The size of the file in bytes.
    pub size: u64,
    /// The configuration and the keys.
    pub packaging: Packaging,
    /// The crypto periods that started after the first.
    pub key_changes: Vec<KeyChangeReport>,
}

impl FragmentedFileJob<'_> {
    /// Cuts and protects the file.
    ///
    /// # Errors
    /// Errors of reading, protecting and writing.
    pub fn run(
        mut self,
        mut input: ClearFile,
        output: OutputFile,
    ) -> Result<FragmentedFile, Error> {
        let failed = |source| Error::mp4(self.path, source);
        let movie = SourceMovie::open(&mut input).map_err(failed)?;
        for warning in &movie.warnings {
            input.warn(&warning.to_string());
        }
        for event in &movie.events {
            event.give(&mut self.packaging);
        }
        let sources: Vec<&SourceTrack> = movie.tracks.iter().collect();
        let starts =
            SegmentStarts::choose(&sources, self.segment_duration).map_err(|unaligned| {
                Error::Unaligned {
                    path: self.path.to_owned(),
                    time: unaligned.time,
                }
            })?;
        let tracks = (1..)
            .zip(movie.tracks)
            .map(|(track_id, source)| {
                let cut = CutTrack::new(source, track_id, &starts)?;
                Ok(TrackJob::new(0, cut))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        input.start_pass("protecting");
        let bar = input.bar().clone();
        let mut files = [Mp4File {
            path: self.path.to_owned(),
            file: input,
        }];
        let pass = ProtectionPass {
            path: self.path,
            files: &mut files,
            packaging: self.packaging,
            threads: self.threads,
            bar,
        };
        let protected = pass.run(tracks, |init, tracks| {
            IndexedFile::create(output, init, tracks)
        })?;
        let keys = &protected.keys;
        Ok(FragmentedFile {
            totals: protected.totals,
            size: protected.files.finish(&protected.tracks)?,
            packaging: protected.packaging,
            key_changes: keys
                .key_changes
                .iter()
                .map(|change| KeyChangeReport::new(change, keys.scheme))
                .collect(),
        })
    }
}

/// A file with an index in front of its segments.
struct IndexedFile {
    file: OutputFile,
    /// Offset of the index.
    index: u64,
    /// The bytes of the segments of all tracks from each common start on.
    sizes: Vec<u64>,
    /// Bytes of the segments under way, by track.
    under_way: Vec<u64>,
}

impl IndexedFile {
    fn create(mut file: OutputFile, init: &[u8], tracks: &[TrackJob]) -> Result<Self, Error> {
        let starts = tracks
            .iter()
            .flat_map(|track| track.cut.segments().last())
            .map(|last| last.start_index + 1)
            .max()
            .unwrap_or(0);
        file.write(&Output::Media(BytesMut::from(init)))?;
        file.write(&Output::Media(BytesMut::zeroed(sidx_size(starts))))?;
        Ok(Self {
            file,
            index: init.len() as u64,
            sizes: vec![0; starts],
            under_way: vec![0; tracks.len()],
        })
    }

    fn write(&mut self, track: usize, bytes: &[u8]) -> Result<(), Error> {
        if let Some(len) = self.under_way.get_mut(track) {
            *len += bytes.len() as u64;
        }
        self.file.write_bytes(bytes)
    }

    /// Writes the index, which is in the time of the first track with pictures, and completes the file.
    fn finish(mut self, tracks: &[ProtectedTrack]) -> Result<u64, Error> {
        let cuts = || tracks.iter().map(|track| &track.cut);
        let lead = cuts()
            .find(|cut| cut.source().kind() == TrackKind::Video)
            .or_else(|| cuts().next());
        if let Some(lead) = lead {
            let mut bytes = Vec::new();
            build_sidx(
                lead.track_id(),
                lead.source().timescale(),
                lead.segments()
                    .first()
                    .map_or(0, |first| first.start.max(0).unsigned_abs()),
                &self.references(lead),
            )
            .and_then(|sidx| sidx.write(&mut bytes))
            .map_err(|source| Error::mp4(Path::new(""), source.into()))?;
            self.file.write(&Output::<BytesMut>::Patch {
                position: self.index,
                bytes,
                resume: 0,
            })?;
        }
        self.file.finish()
    }

    fn references(&self, lead: &CutTrack) -> Vec<SidxReference> {
        self.sizes
            .iter()
            .enumerate()
            .map(|(start_index, &size)| {
                let segment = lead
                    .segments()
                    .iter()
                    .find(|own| own.start_index == start_index);
                SidxReference {
                    size,
                    duration: segment.map_or(0, |own| own.duration),
                    starts_with_sync: segment.is_some_and(|own| own.starts_with_sync),
                }
            })
            .collect()
    }
}

impl SegmentFiles for IndexedFile {
    type Error = Error;

    fn start_part(&mut self, _init: &[u8]) -> Result<(), Error> {
        Err(Error::OneFile)
    }

    fn write_boxes(&mut self, track: usize, boxes: &[u8]) -> Result<(), Error> {
        self.write(track, boxes)
    }

    fn write_media(&mut self, track: usize, media: &[u8]) -> Result<(), Error> {
        self.write(track, media)
    }

    fn end_segment(&mut self, track: usize, segment: &CutSegment) -> Result<(), Error> {
        let len = self.under_way.get_mut(track).map_or(0, std::mem::take);
        if let Some(size) = self.sizes.get_mut(segment.start_index) {
            *size += len;
        }
        Ok(())
    }
}
