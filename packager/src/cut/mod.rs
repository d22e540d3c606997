// SPDX-License-Identifier: MPL-2.0
//! The protection of files that are cut into segments, for `package` and `protect --fragment`.

mod segment_protector;
mod watched_keys;

use std::path::PathBuf;
use std::time::Duration;

use bytes::BytesMut;
use cenc_mp4::cutting::{CutTrack, init_segment};
use cenc_mp4::{Encryptor, IndexMode};
use protection_policy::Packaging;
pub use segment_protector::{SegmentKey, SegmentProtector, SegmentSink, TrackJob};
pub use watched_keys::{WatchedInit, WatchedKeys, WatchedPackaging};

use crate::protect::clear_file::ClearFile;
use crate::protect::encrypting;

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

/// The protected init segment of all tracks, and the encryptor of their segments.
pub struct ProtectedInit {
    /// `ftyp` and `moov`.
    pub bytes: Vec<u8>,
    /// The configuration and the keys.
    pub packaging: WatchedPackaging,
    encryptor: Encryptor<BytesMut>,
}

impl ProtectedInit {
    /// Protects the init segment of tracks, with this number of threads for their segments.
    ///
    /// # Errors
    /// Errors of protection, such as a track without a key; [`cenc_mp4::Error::Threads`].
    pub fn new(
        tracks: &[&CutTrack],
        packaging: Packaging,
        threads: u8,
    ) -> Result<Self, cenc_mp4::Error> {
        let mut packaging = WatchedPackaging {
            protector: packaging,
            observer: WatchedKeys::default(),
        };
        let mut encryptor = Encryptor::new(IndexMode::Hold);
        encryptor.set_threads(encrypting(usize::from(threads)))?;
        encryptor.look_ahead();
        Ok(Self {
            bytes: encryptor.take_init(&init_segment(tracks)?, &mut packaging)?,
            packaging,
            encryptor,
        })
    }
}
