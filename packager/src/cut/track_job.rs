// SPDX-License-Identifier: MPL-2.0
//! A track that is cut, and how far it is read.

use std::ops::Range;

use cenc_mp4::cutting::CutTrack;

/// A track that is cut, protected and written.
pub struct TrackJob {
    /// Index of its file.
    pub file: usize,
    /// The clear track.
    pub cut: CutTrack,
    /// Index of the next segment.
    next_segment: usize,
}

/// The place of a segment that is read next.
pub(super) struct NextSegment {
    /// Its index.
    pub(super) index: usize,
    /// The indices of its fragments.
    pub(super) fragments: Range<usize>,
}

impl TrackJob {
    /// Starts with a track of the file with this index.
    pub const fn new(file: usize, cut: CutTrack) -> Self {
        Self {
            file,
            cut,
            next_segment: 0,
        }
    }

    /// Returns the common start of the next segment; None after the last.
    pub(super) fn next_start(&self) -> Option<usize> {
        let segment = self.cut.segments().get(self.next_segment)?;
        Some(segment.start_index)
    }

    /// Goes on to the segment that starts at a common start; None if there is none.
    pub(super) fn next_segment(&mut self, start_index: usize) -> Option<NextSegment> {
        let segment = self.cut.segments().get(self.next_segment)?;
        if segment.start_index != start_index {
            return None;
        }
        let index = self.next_segment;
        self.next_segment += 1;
        Some(NextSegment {
            index,
            fragments: segment.fragments.clone(),
        })
    }
}
