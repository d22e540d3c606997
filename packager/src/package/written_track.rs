// SPDX-License-Identifier: MPL-2.0
//! The files of a track that are complete.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use isobmff_boxes::{BoxTree, FourCc, SidxReference, build_sidx, sidx_size};
use presentation::ByteRange;
use presentation::model::{Segment, TrackFiles};

/// Bytes of the size and type of a `free` box.
const FREE_HEADER: usize = 8;

/// The files of the segments under one init segment.
pub struct WrittenPart {
    /// Their names in the folder of the presentation.
    pub files: TrackFiles,
    /// Index of the first segment.
    pub first_segment: usize,
    /// Index of the init segment among those of the presentation.
    pub init_index: usize,
}

/// The files of a track that are complete.
pub struct WrittenTrack {
    /// The part that starts it.
    pub first: WrittenPart,
    /// The parts under other init segments.
    pub later: Vec<WrittenPart>,
    /// Ticks per second of the times in `segments`.
    pub timescale: u32,
    /// The segments in them.
    pub segments: Vec<Segment>,
}

/// Writes the `sidx` of segments to the end of the bytes in `index`, after a `free` box if there is room left, and returns its place.
///
/// # Errors
/// Errors of the file, and of an index with too many segments.
pub fn write_index(
    file: &File,
    index: ByteRange,
    track: IndexedTrack,
    segments: &[Segment],
) -> io::Result<ByteRange> {
    let references: Vec<SidxReference> = segments
        .iter()
        .map(|segment| SidxReference {
            size: segment.bytes.end - segment.bytes.start,
            duration: segment.duration,
            starts_with_sync: segment.sap_type == 1,
        })
        .collect();
    let start = index.end - sidx_size(references.len()) as u64;
    let first_time = segments.first().map_or(0, |first| first.start);
    let mut bytes = Vec::new();
    if start > index.start {
        let unused = usize::try_from(start - index.start).unwrap_or_default();
        BoxTree::leaf(
            FourCc(*b"free"),
            vec![0; unused.saturating_sub(FREE_HEADER)],
        )
        .write(&mut bytes)
        .map_err(io::Error::other)?;
    }
    build_sidx(track.track_id, track.timescale, first_time, &references)
        .and_then(|sidx| sidx.write(&mut bytes))
        .map_err(io::Error::other)?;
    file.write_all_at(&bytes, index.start)?;
    Ok(ByteRange {
        start,
        end: index.end,
    })
}

/// The track of an index.
#[derive(Debug, Clone, Copy)]
pub struct IndexedTrack {
    /// Its track_ID.
    pub track_id: u32,
    /// Ticks per second.
    pub timescale: u32,
}
