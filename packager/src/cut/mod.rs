// SPDX-License-Identifier: MPL-2.0
//! The protection of files that are cut into segments, for `package` and `protect --fragment`.

mod protection_pass;
mod segment_files;
mod track_job;

use std::path::PathBuf;
use std::time::Duration;

pub use protection_pass::{ProtectedTrack, ProtectionPass};
pub use segment_files::SegmentFiles;
pub use track_job::TrackJob;

use crate::protect::clear_file::ClearFile;

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
