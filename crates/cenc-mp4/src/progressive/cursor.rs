// SPDX-License-Identifier: MPL-2.0
//! The samples of all tracks in the order in which they lie in the file.

use cenc_types::Subsample;

use super::tables::{SampleChunk, SampleTable};
use crate::Error;

/// A track whose samples are changed in the order of the file.
pub(crate) trait FileTrack {
    fn table(&self) -> &SampleTable;

    fn table_mut(&mut self) -> &mut SampleTable;

    /// Where the auxiliary information of the sample behind this one starts.
    fn entry_behind(&self, sample: &Placed) -> Result<usize, Error>;

    /// En- or decrypts a sample in place, if it is to be; `map` is room for its subsamples.
    fn edit(
        &self,
        bytes: &mut [u8],
        sample: &Placed,
        map: &mut Vec<Subsample>,
    ) -> Result<(), Error>;
}

/// A sample with its place in the input.
#[derive(Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) offset: u64,
    pub(crate) len: u32,
    /// Index of its track.
    pub(crate) track: usize,
    /// Index of its sample description.
    pub(crate) description: usize,
    /// Its number in the track, from 0.
    pub(crate) number: u32,
    /// Where its auxiliary information starts among that of its track.
    pub(crate) entry: usize,
}

impl Placed {
    pub(crate) fn end(&self) -> u64 {
        self.offset + u64::from(self.len)
    }
}

/// The next sample in the order of the file.
#[derive(Default)]
pub(crate) struct Cursor {
    /// All chunks that have bytes, in the order of the file.
    chunks: Vec<SampleChunk>,
    /// Index of the chunk under way.
    chunk: usize,
    /// The sample's number in it, from 0.
    sample: u32,
    offset: u64,
    /// Where its entry stands.
    entry: usize,
}

impl Cursor {
    /// Takes the chunks out of the tracks.
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

    /// The next sample, if there is one.
    pub(crate) fn peek<T: FileTrack>(&mut self, tracks: &[T]) -> Option<Placed> {
        let mut chunk = self.chunks.get(self.chunk)?;
        if self.sample == chunk.count {
            self.chunk += 1;
            self.sample = 0;
            chunk = self.chunks.get(self.chunk)?;
        }
        if self.sample == 0 {
            (self.offset, self.entry) = (chunk.offset, chunk.entries_at);
        }
        let track = chunk.track as usize;
        let number = chunk.first + self.sample;
        Some(Placed {
            offset: self.offset,
            len: tracks.get(track)?.table().sizes.get(number),
            track,
            description: chunk.description as usize,
            number,
            entry: self.entry,
        })
    }

    /// Goes on behind the sample that was looked at.
    pub(crate) fn advance<T: FileTrack>(
        &mut self,
        sample: &Placed,
        tracks: &[T],
    ) -> Result<(), Error> {
        self.sample += 1;
        self.offset = sample.end();
        if let Some(track) = tracks.get(sample.track) {
            self.entry = track.entry_behind(sample)?;
        }
        Ok(())
    }
}
