// SPDX-License-Identifier: MPL-2.0
//! The protection of files that are cut into segments, for `package` and `protect --fragment`.

mod segment_protector;
mod watched_keys;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cenc_mp4::cutting::{CutTrack, init_segment};
use cenc_mp4::{Encryptor, IndexMode};
use indicatif::ProgressBar;
use protection_policy::Packaging;
pub use segment_protector::{SegmentKey, SegmentProtector, SegmentSink, TrackJob};
pub use watched_keys::{WatchedInit, WatchedKeys, WatchedPackaging};

use crate::protect::clear_file::ClearFile;
use crate::protect::{self, encrypting};

/// Reads the length of a segment.
///
/// # Errors
/// A text that is no duration, or one that no segment has.
pub fn parse_segment_duration(text: &str) -> Result<Duration, String> {
    let duration = protection_policy::duration::parse(text).map_err(|error| error.to_string())?;
    match (Duration::from_millis(100)..=Duration::from_secs(600)).contains(&duration) {
        true => Ok(duration),
        false => Err("a segment has 100 milliseconds to 10 minutes".into()),
    }
}

/// An MP4 file whose tracks are cut.
pub struct Mp4File {
    /// Its name.
    pub path: PathBuf,
    /// The opened file.
    pub file: ClearFile,
}

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

impl<'a> ProtectionPass<'a> {
    /// Protects tracks and writes all their segments to the sink that `create_sink` makes when it knows the init segment of all tracks.
    ///
    /// # Errors
    /// Errors of protection, such as a track without a key; errors of reading and writing.
    pub fn run<S: SegmentSink>(
        self,
        tracks: Vec<TrackJob>,
        create_sink: impl FnOnce(&[u8], &[TrackJob]) -> Result<S, S::Error>,
    ) -> Result<SegmentProtector<'a, S>, S::Error> {
        let failed = |source| protect::Error::mp4(self.path, source);
        let mut packaging = WatchedPackaging {
            protector: self.packaging,
            observer: WatchedKeys::default(),
        };
        let mut encryptor = Encryptor::new(IndexMode::Hold);
        encryptor
            .set_threads(encrypting(usize::from(self.threads)))
            .map_err(failed)?;
        encryptor.look_ahead();
        let cuts: Vec<&CutTrack> = tracks.iter().map(|track| &track.cut).collect();
        let init = init_segment(&cuts)
            .and_then(|init| encryptor.take_init(&init, &mut packaging))
            .map_err(failed)?;
        let sink = create_sink(&init, &tracks)?;
        let sizes = tracks.iter().map(|track| track.cut.source().size());
        self.bar.set_length(sizes.sum());
        let mut protector = SegmentProtector {
            tracks,
            sink,
            packaging,
            key_changes: Vec::new(),
            files: self.files,
            encryptor,
            bar: self.bar,
            pushed: VecDeque::new(),
            media_left: 0,
        };
        protector.run()?;
        Ok(protector)
    }
}
