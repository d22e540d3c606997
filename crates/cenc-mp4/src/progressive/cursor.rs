// SPDX-License-Identifier: MPL-2.0
//! The samples of all tracks in the order of the file.

use cenc_types::Subsample;

use super::tables::{SampleChunk, SampleTable};
use crate::Error;

/// A track whose samples are changed in the order of the file.
pub(crate) trait FileTrack {
    fn table(&self) -> &SampleTable;

    fn table_mut(&mut self) -> &mut SampleTable;

    /// Returns the start of the auxiliary information of the next sample.
    fn entry_after(&self, sample: &FileSample) -> Result<usize, Error>;

    /// Encrypts or decrypts a sample in place if it is protected; `map` is a buffer for its subsamples.
    fn edit(
        &self,
        bytes: &mut [u8],
        sample: &FileSample,
        map: &mut Vec<Subsample>,
    ) -> Result<(), Error>;
}

/// A sample with its offset in the input.
#[derive(Clone, Copy)]
pub(crate) struct FileSample {
    pub(crate) offset: u64,
    pub(crate) len: u32,
    /// Index of its track.
    pub(crate) track: usize,
    /// Index of its sample description.
    pub(crate) description: usize,
    /// Its number in the track, from 0.
    pub(crate) number: u32,
    /// Start of its auxiliary information among that of its track.
    pub(crate) entry: usize,
}

impl FileSample {
    pub(crate) fn end(&self) -> u64 {
        self.offset + u64::from(self.len)
    }
}

/// Visits the samples in the order of the file.
#[derive(Default)]
pub(crate) struct SampleCursor {
    /// All chunks that have bytes, in the order of the file.
    chunks: Vec<SampleChunk>,
    /// Index of the chunk under way.
    chunk: usize,
    /// Number of the next sample in it, from 0.
    sample: u32,
    offset: u64,
    /// Start of its auxiliary information.
    entry: usize,
}

impl SampleCursor {
    /// Creates a cursor, which takes the chunks out of the tracks.
    pub(crate) fn new<T: FileTrack>(tracks: &mut [T]) -> Self {
        let count = tracks.iter().map(|track| track.table().chunks.len()).sum();
        let mut chunks = Vec::with_capacity(count);
        for track in tracks {
            chunks.append(&mut track.table_mut().chunks);
        }
        chunks.retain(|chunk| chunk.len > 0);
        chunks.sort_unstable_by_key(|chunk| chunk.offset);
        Self {
            chunks,
            ..Self::default()
        }
    }

    /// Returns the next sample, if there is one.
    pub(crate) fn peek<T: FileTrack>(&mut self, tracks: &[T]) -> Option<FileSample> {
        let mut chunk = self.chunks.get(self.chunk)?;
        if self.sample == chunk.count {
            self.chunk += 1;
            self.sample = 0;
            chunk = self.chunks.get(self.chunk)?;
        }
        if self.sample == 0 {
            (self.offset, self.entry) = (chunk.offset, chunk.entries_at);
        }
        let number = chunk.first + self.sample;
        Some(FileSample {
            offset: self.offset,
            len: tracks.get(chunk.track as usize)?.table().sizes.get(number),
            track: chunk.track as usize,
            description: chunk.description as usize,
            number,
            entry: self.entry,
        })
    }

    /// Moves past the sample that [`Self::peek`] returned.
    pub(crate) fn advance<T: FileTrack>(
        &mut self,
        sample: &FileSample,
        tracks: &[T],
    ) -> Result<(), Error> {
        self.sample += 1;
        self.offset = sample.end();
        if let Some(track) = tracks.get(sample.track) {
            self.entry = track.entry_after(sample)?;
        }
        Ok(())
    }
}
