// SPDX-License-Identifier: MPL-2.0
//! Cuts files with the library.

use std::time::Duration;

use cenc_mp4::cutting::{CutTrack, SegmentStarts, SourceMovie, SourceTrack, init_segment};

use crate::progressive::Memory;

/// Cuts all tracks of a clear file into segments of half a second. The result has the fragments of one track after the other.
///
/// # Errors
/// The message of the library, and that of video tracks without common key frames.
pub fn cut(file: &[u8]) -> Result<Vec<u8>, String> {
    let mut input = Memory(file);
    let said = |error: cenc_mp4::Error| error.to_string();
    let movie = SourceMovie::open(&mut input).map_err(said)?;
    let sources: Vec<&SourceTrack> = movie.tracks.iter().collect();
    let starts = SegmentStarts::choose(&sources, Duration::from_millis(500))
        .map_err(|unaligned| format!("{unaligned:?}"))?;
    let mut cuts = (1..)
        .zip(movie.tracks)
        .map(|(track_id, source)| CutTrack::new(source, track_id, &starts))
        .collect::<Result<Vec<_>, _>>()
        .map_err(said)?;
    let mut out = init_segment(&cuts.iter().collect::<Vec<_>>()).map_err(said)?;
    for cut in &mut cuts {
        while let Some(fragment) = cut.next_fragment().map_err(said)? {
            out.extend(&fragment.boxes);
            for range in fragment.media() {
                let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
                let media = file.get(index(range.start)..index(range.end));
                out.extend_from_slice(media.ok_or("a sample beyond the file")?);
            }
        }
    }
    Ok(out)
}
