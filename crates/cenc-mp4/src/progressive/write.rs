// SPDX-License-Identifier: MPL-2.0
//! The last pass: writes the file in its new order, with the samples encrypted or decrypted.

use std::ops::Range;

use cenc_types::Subsample;

use super::BLOCK;
use super::cursor::{FileSample, FileTrack, SampleCursor};
use super::file::FilePiece;
use super::source::{SeekableInput, read};
use crate::{Announcement, Error, Output, Totals};

/// Returns the file piece by piece.
#[derive(Default)]
pub(crate) struct ProgressiveWriter {
    moov: Vec<u8>,
    /// Index of the piece under way.
    piece: usize,
    /// Bytes of that piece that are written.
    written: u64,
    cursor: SampleCursor,
    /// Auxiliary information of other kinds, ascending, which stays as it is.
    kept: Vec<Range<u64>>,
    /// The samples of one block.
    samples: Vec<FileSample>,
    map: Vec<Subsample>,
    totals: Totals,
}

impl ProgressiveWriter {
    /// Creates a writer, which takes the chunks out of the tracks.
    pub(crate) fn new<T: FileTrack>(moov: Vec<u8>, tracks: &mut [T]) -> Self {
        let mut kept: Vec<_> = tracks
            .iter()
            .flat_map(|track| track.table().kept())
            .collect();
        kept.sort_unstable_by_key(|bytes| bytes.start);
        Self {
            moov,
            cursor: SampleCursor::new(tracks),
            kept,
            ..Self::default()
        }
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns the next part of the file; None at its end.
    pub(crate) fn next_output<S: SeekableInput, T: FileTrack>(
        &mut self,
        source: &mut S,
        pieces: &[FilePiece],
        tracks: &[T],
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        while let Some(piece) = pieces.get(self.piece) {
            let (FilePiece::Kept(bytes) | FilePiece::Media(bytes)) = piece else {
                self.piece += 1;
                return Ok(Some(self.moov()));
            };
            let start = bytes.start + self.written;
            if start == bytes.end {
                self.piece += 1;
                self.written = 0;
                continue;
            }
            let block = match piece {
                FilePiece::Media(_) => self.read_media(source, start..bytes.end, tracks)?,
                _ => read(source, start, bytes.end.min(start + BLOCK))?,
            };
            self.written += block.as_ref().len() as u64;
            return Ok(Some(Output::Media(block)));
        }
        Ok(None)
    }

    fn moov<C>(&mut self) -> Output<C> {
        Output::Boxes {
            bytes: std::mem::take(&mut self.moov),
            from: None,
            announcement: Announcement {
                init: true,
                ..Announcement::default()
            },
        }
    }

    /// Reads whole samples and the bytes between them, about a block, and encrypts or decrypts the samples.
    fn read_media<S: SeekableInput, T: FileTrack>(
        &mut self,
        source: &mut S,
        left: Range<u64>,
        tracks: &[T],
    ) -> Result<S::Chunk, Error> {
        let end = self.collect_samples(&left, tracks)?;
        let mut block = read(source, left.start, end)?;
        let samples = std::mem::take(&mut self.samples);
        let mut rest = block.as_mut();
        let mut at = left.start;
        for sample in &samples {
            let (gap, from_sample) = split(rest, sample.offset - at);
            clear_gap(gap, at, &self.kept);
            let (bytes, after) = split(from_sample, sample.len.into());
            if let Some(track) = tracks.get(sample.track) {
                track.edit(bytes, sample, &mut self.map)?;
            }
            rest = after;
            at = sample.end();
        }
        clear_gap(rest, at, &self.kept);
        self.totals.bytes += end - left.start;
        self.samples = samples;
        Ok(block)
    }

    /// Collects the samples of the next block and returns where it ends.
    fn collect_samples<T: FileTrack>(
        &mut self,
        left: &Range<u64>,
        tracks: &[T],
    ) -> Result<u64, Error> {
        self.samples.clear();
        let mut end = left.start;
        let block_end = left.end.min(left.start + BLOCK);
        while end < block_end {
            match self
                .cursor
                .peek(tracks)
                .filter(|sample| sample.len == 0 || sample.offset < block_end)
            {
                Some(sample) => {
                    self.cursor.advance(&sample, tracks)?;
                    self.totals.samples += 1;
                    // An empty sample may have any offset.
                    if sample.len > 0 {
                        end = sample.end();
                        self.samples.push(sample);
                    }
                }
                None => end = block_end,
            }
        }
        Ok(end)
    }
}

/// Zeroes the bytes of a gap that starts at `at`, apart from those in `kept`: nobody knows whether they may be clear.
fn clear_gap(gap: &mut [u8], at: u64, kept: &[Range<u64>]) {
    let end = at + gap.len() as u64;
    let index = |offset: u64| usize::try_from(offset.clamp(at, end) - at).unwrap_or(usize::MAX);
    let mut done = 0;
    let first = kept.partition_point(|bytes| bytes.end <= at);
    for bytes in kept
        .iter()
        .skip(first)
        .take_while(|bytes| bytes.start < end)
    {
        if let Some(before) = gap.get_mut(done..index(bytes.start)) {
            before.fill(0);
        }
        done = index(bytes.end);
    }
    if let Some(rest) = gap.get_mut(done..) {
        rest.fill(0);
    }
}

/// Returns the first `len` bytes and the rest.
fn split(bytes: &mut [u8], len: u64) -> (&mut [u8], &mut [u8]) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.split_at_mut(len.min(bytes.len()))
}
