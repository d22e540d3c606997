// SPDX-License-Identifier: MPL-2.0
//! The second pass: the file in its new order, with the samples encrypted.

use std::ops::Range;

use crate::cenc::{self, Subsample};

use super::super::{Error, News, Output, SampleError, Totals};
use super::BLOCK;
use super::file::Piece;
use super::measure::TrackPlan;
use super::source::{Source, read};
use super::tables::SampleChunk;

/// Gives the file piece by piece.
#[derive(Default)]
pub(super) struct Writer {
    moov: Vec<u8>,
    /// All chunks that have bytes, in the order of the file.
    chunks: Vec<SampleChunk>,
    /// Index of the piece under way.
    piece: usize,
    /// What of that piece was given.
    given: u64,
    cursor: Cursor,
    /// The samples of one block.
    samples: Vec<Placed>,
    map: Vec<Subsample>,
    totals: Totals,
}

/// The next sample in the order of the file.
#[derive(Default)]
struct Cursor {
    /// Index of its chunk.
    chunk: usize,
    /// Its number in the chunk, from 0.
    sample: u32,
    offset: u64,
    /// Where its entry stands in `senc`.
    entry: usize,
}

/// A sample with its place in the input.
#[derive(Clone, Copy)]
struct Placed {
    offset: u64,
    len: u32,
    track: usize,
    /// Its number in the track, from 0.
    number: u32,
    /// Where its entry stands in `senc`.
    entry: usize,
}

impl Placed {
    fn end(&self) -> u64 {
        self.offset + u64::from(self.len)
    }
}

impl Writer {
    /// Takes the chunks out of the tracks.
    pub(super) fn new(moov: Vec<u8>, tracks: &mut [TrackPlan]) -> Self {
        let mut chunks = Vec::with_capacity(tracks.iter().map(|t| t.table.chunks.len()).sum());
        for track in tracks {
            chunks.append(&mut track.table.chunks);
        }
        chunks.retain(|chunk| chunk.len > 0);
        chunks.sort_unstable_by_key(|chunk| chunk.offset);
        Self {
            moov,
            chunks,
            ..Self::default()
        }
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn next_output<S: Source>(
        &mut self,
        source: &mut S,
        (pieces, tracks): (&[Piece], &[TrackPlan]),
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        while let Some(piece) = pieces.get(self.piece) {
            let (bytes, media) = match piece {
                Piece::Moov => {
                    self.piece += 1;
                    return Ok(Some(Output::Boxes {
                        bytes: std::mem::take(&mut self.moov),
                        from: None,
                        news: News {
                            init: true,
                            ..News::default()
                        },
                    }));
                }
                Piece::Kept(bytes) => (bytes, false),
                Piece::Media(bytes) => (bytes, true),
            };
            let start = bytes.start + self.given;
            if start == bytes.end {
                (self.piece, self.given) = (self.piece + 1, 0);
                continue;
            }
            let block = match media {
                false => read(source, start, bytes.end.min(start + BLOCK))?,
                true => self.media(source, start..bytes.end, tracks)?,
            };
            self.given += block.as_ref().len() as u64;
            return Ok(Some(Output::Media(block)));
        }
        Ok(None)
    }

    /// Whole samples and what lies between them, about a block.
    fn media<S: Source>(
        &mut self,
        source: &mut S,
        left: Range<u64>,
        tracks: &[TrackPlan],
    ) -> Result<S::Chunk, Error> {
        let end = self.gather(&left, tracks)?;
        let mut block = read(source, left.start, end)?;
        let samples = std::mem::take(&mut self.samples);
        let mut rest = block.as_mut();
        let mut at = left.start;
        for sample in &samples {
            let (gap, from) = split(rest, sample.offset - at);
            // Whether what no sample claims may leave in the clear cannot be known.
            gap.fill(0);
            let (bytes, behind) = split(from, sample.len.into());
            self.protect(bytes, sample, tracks)?;
            (rest, at) = (behind, sample.end());
        }
        rest.fill(0);
        self.totals.bytes += end - left.start;
        self.samples = samples;
        Ok(block)
    }

    /// Collects the samples of the next block and returns where it ends.
    fn gather(&mut self, left: &Range<u64>, tracks: &[TrackPlan]) -> Result<u64, Error> {
        self.samples.clear();
        let mut end = left.start;
        let enough = left.start + BLOCK;
        while end < left.end.min(enough) {
            let next = self.cursor.peek(&self.chunks, tracks);
            match next.filter(|sample| sample.len == 0 || sample.offset < left.end.min(enough)) {
                Some(sample) => {
                    self.cursor.advance(&sample, tracks)?;
                    self.totals.samples += 1;
                    // One without bytes may lie anywhere.
                    if sample.len > 0 {
                        end = sample.end();
                        self.samples.push(sample);
                    }
                }
                None => end = left.end.min(enough),
            }
        }
        Ok(end)
    }

    fn protect(
        &mut self,
        bytes: &mut [u8],
        sample: &Placed,
        tracks: &[TrackPlan],
    ) -> Result<(), Error> {
        let Some(plan) = tracks.get(sample.track) else {
            return Ok(());
        };
        let Some(protection) = &plan.track.protection else {
            return Ok(());
        };
        let (information, _) = plan.information(sample.entry)?;
        self.map.clear();
        self.map.extend(information.subsamples());
        let encrypted = plan.iv(&information).and_then(|iv| {
            let cipher = protection.key.cipher();
            let done = cipher.encrypt(protection.method, &iv, bytes, &self.map);
            Ok(done.map_err(cenc::SampleError::Cenc)?)
        });
        encrypted.map_err(|reason: SampleError| Error::Sample {
            track_id: plan.track.track_id,
            sample: sample.number as usize,
            reason,
        })
    }
}

impl Cursor {
    /// The next sample, if there is one.
    fn peek(&mut self, chunks: &[SampleChunk], tracks: &[TrackPlan]) -> Option<Placed> {
        let mut chunk = chunks.get(self.chunk)?;
        if self.sample == chunk.count {
            self.chunk += 1;
            self.sample = 0;
            chunk = chunks.get(self.chunk)?;
        }
        if self.sample == 0 {
            (self.offset, self.entry) = (chunk.offset, chunk.entries_at);
        }
        let track = chunk.track as usize;
        let number = chunk.first + self.sample;
        Some(Placed {
            offset: self.offset,
            len: tracks.get(track)?.table.sizes.get(number),
            track,
            number,
            entry: self.entry,
        })
    }

    /// Goes on behind the sample that was looked at.
    fn advance(&mut self, sample: &Placed, tracks: &[TrackPlan]) -> Result<(), Error> {
        self.sample += 1;
        self.offset = sample.end();
        if let Some(plan) = tracks.get(sample.track)
            && plan.track.protection.is_some()
        {
            self.entry = plan.information(self.entry)?.1;
        }
        Ok(())
    }
}

/// The first `len` bytes and the rest.
fn split(bytes: &mut [u8], len: u64) -> (&mut [u8], &mut [u8]) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.split_at_mut(len.min(bytes.len()))
}
