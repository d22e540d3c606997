// SPDX-License-Identifier: MPL-2.0
//! A pass over tracks: reads their fragments in the order of time, and writes them protected.

use std::path::Path;

use bytes::BytesMut;
use cenc_mp4::Totals;
use cenc_mp4::cutting::{CutTrack, init_segment};
use indicatif::ProgressBar;
use protection_policy::Packaging;
use segment_packaging::{
    PresentationKeys, PushedFragment, SegmentError, SegmentKey, SegmentProtector, StreamStart,
};

use super::segment_files::{FileSink, SpareBuffer};
use super::{Mp4File, SegmentFiles, TrackJob};
use crate::protect::{self, encrypting};

/// A pass over tracks, which protects them as one stream.
pub struct ProtectionPass<'a> {
    /// The file or folder that errors of the init segment name.
    pub path: &'a Path,
    /// The files of the tracks.
    pub files: &'a mut [Mp4File],
    /// The configuration and the keys.
    pub packaging: Packaging,
    /// The number of threads.
    pub threads: u8,
    /// The progress bar.
    pub bar: ProgressBar,
}

/// The tracks after a pass.
pub struct ProtectedTracks<F> {
    /// The files, to be completed.
    pub files: F,
    /// The tracks, in the order of their track_IDs.
    pub tracks: Vec<ProtectedTrack>,
    /// The keys of all tracks.
    pub keys: PresentationKeys,
    /// The configuration and the keys, for another pass.
    pub packaging: Packaging,
    /// The amount of media.
    pub totals: Totals,
}

/// A track after a pass.
pub struct ProtectedTrack {
    /// The clear track.
    pub cut: CutTrack,
    /// The segments with the first fragment under another key than the one before.
    pub keys: Vec<SegmentKey>,
}

/// The tracks while they are read, and the protection to which their fragments go.
struct RunningPass<'a, F: SegmentFiles> {
    tracks: Vec<TrackJob>,
    files: &'a mut [Mp4File],
    bar: ProgressBar,
    protector: SegmentProtector<BytesMut, FileSink<F>>,
}

impl ProtectionPass<'_> {
    /// Protects tracks and writes all their segments to the files that `create_files` makes when it knows the init segment of all tracks.
    ///
    /// # Errors
    /// Errors of protection, such as a track without a key; errors of reading and writing.
    pub fn run<F: SegmentFiles>(
        self,
        tracks: Vec<TrackJob>,
        create_files: impl FnOnce(&[u8], &[TrackJob]) -> Result<F, F::Error>,
    ) -> Result<ProtectedTracks<F>, F::Error> {
        let scheme = self.packaging.config().scheme;
        let cuts: Vec<&CutTrack> = tracks.iter().map(|track| &track.cut).collect();
        let init = init_segment(&cuts).map_err(|source| protect::Error::mp4(self.path, source))?;
        let start = StreamStart {
            init: &init,
            packaging: self.packaging,
            threads: encrypting(usize::from(self.threads)),
            looks_ahead: true,
        };
        let protector = SegmentProtector::start(start, |init| {
            let files = create_files(init.bytes, &tracks)?;
            Ok(FileSink::new(files, init.keys, &tracks, self.bar.clone()))
        })
        .map_err(|error| named(self.path, error))?;
        let sizes = tracks.iter().map(|track| track.cut.source().size());
        self.bar.set_length(sizes.sum());
        let mut pass = RunningPass {
            tracks,
            files: self.files,
            bar: self.bar,
            protector,
        };
        pass.run()?;
        let totals = pass.protector.totals();
        let parts = pass.protector.into_parts();
        let sink = parts.sink;
        Ok(ProtectedTracks {
            files: sink.files,
            tracks: pass
                .tracks
                .into_iter()
                .zip(sink.tracks)
                .map(|(job, noted)| ProtectedTrack {
                    cut: job.cut,
                    keys: noted.keys,
                })
                .collect(),
            keys: PresentationKeys {
                scheme,
                inits: sink.inits,
                key_changes: sink.key_changes,
            },
            packaging: parts.packaging,
            totals,
        })
    }
}

impl<F: SegmentFiles> RunningPass<'_, F> {
    /// Protects and writes all segments, in the order of time.
    fn run(&mut self) -> Result<(), F::Error> {
        while let Some(start_index) = self.next_start() {
            for track in 0..self.tracks.len() {
                self.push_segment(track, start_index)?;
            }
        }
        let path = self
            .files
            .first()
            .map_or("".as_ref(), |file| file.path.as_path());
        self.protector.finish().map_err(|error| named(path, error))
    }

    /// Returns the first start at which a track has a segment left.
    fn next_start(&self) -> Option<usize> {
        self.tracks.iter().filter_map(TrackJob::next_start).min()
    }

    /// Reads and protects the segment of a track that starts at a common start, if it has one.
    fn push_segment(&mut self, track: usize, start_index: usize) -> Result<(), F::Error> {
        let job = self.tracks.get_mut(track);
        let Some(segment) = job.and_then(|job| job.next_segment(start_index)) else {
            return Ok(());
        };
        for fragment in segment.fragments.clone() {
            self.push_fragment(PushedFragment {
                track,
                segment: segment.index as u64,
                is_last: fragment + 1 == segment.fragments.end,
            })?;
        }
        Ok(())
    }

    fn push_fragment(&mut self, pushed: PushedFragment) -> Result<(), F::Error> {
        let Some(job) = self.tracks.get_mut(pushed.track) else {
            return Ok(());
        };
        let Some(Mp4File { path, file }) = self.files.get_mut(job.file) else {
            return Ok(());
        };
        let failed = |source| protect::Error::mp4(path, source);
        let Some(fragment) = job.cut.next_fragment().map_err(failed)? else {
            return Ok(());
        };
        let media = file
            .read_ranges(fragment.media(), fragment.media_size)
            .map_err(|source| failed(cenc_mp4::Error::Input(source)))?;
        self.bar.inc(fragment.media_size);
        self.protector
            .push(pushed, [BytesMut::from(&*fragment.boxes), media])
            .map_err(|error| named(path, error))?;
        self.recycle();
        Ok(())
    }

    /// Gives buffers back to the files from which they were filled.
    fn recycle(&mut self) {
        for SpareBuffer { track, buffer } in self.protector.sink.spare.drain(..) {
            let file = self
                .tracks
                .get(track)
                .and_then(|job| self.files.get_mut(job.file));
            if let Some(Mp4File { file, .. }) = file {
                file.recycle(buffer);
            }
        }
    }
}

/// Returns the caller's error, which names the file.
fn named<E: From<protect::Error>>(path: &Path, error: SegmentError<E>) -> E {
    match error {
        SegmentError::Protection(source) => protect::Error::mp4(path, source).into(),
        SegmentError::Sink(error) => error,
    }
}
