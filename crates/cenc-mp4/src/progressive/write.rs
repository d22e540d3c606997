// SPDX-License-Identifier: MPL-2.0
//! The last pass: the file in its new order, with the samples en- or decrypted.

use std::ops::Range;

use cenc_types::Subsample;

use super::BLOCK;
use super::cursor::{Cursor, FileTrack, Placed};
use super::file::Piece;
use super::source::{SeekableInput, read};
use crate::{Announcement, Error, Output, Totals};

/// Gives the file piece by piece.
#[derive(Default)]
pub(crate) struct Writer {
    moov: Vec<u8>,
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

impl Writer {
    /// Takes the chunks out of the tracks.
    pub(crate) fn new<T: FileTrack>(moov: Vec<u8>, tracks: &mut [T]) -> Self {
        Self {
            moov,
            cursor: Cursor::new(tracks),
            ..Self::default()
        }
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }

    pub(crate) fn next_output<S: SeekableInput, T: FileTrack>(
        &mut self,
        source: &mut S,
        (pieces, tracks): (&[Piece], &[T]),
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        while let Some(piece) = pieces.get(self.piece) {
            let (bytes, media) = match piece {
                Piece::Moov => {
                    self.piece += 1;
                    return Ok(Some(Output::Boxes {
                        bytes: std::mem::take(&mut self.moov),
                        from: None,
                        announcement: Announcement {
                            init: true,
                            ..Announcement::default()
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
    fn media<S: SeekableInput, T: FileTrack>(
        &mut self,
        source: &mut S,
        left: Range<u64>,
        tracks: &[T],
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
            if let Some(track) = tracks.get(sample.track) {
                track.edit(bytes, sample, &mut self.map)?;
            }
            (rest, at) = (behind, sample.end());
        }
        rest.fill(0);
        self.totals.bytes += end - left.start;
        self.samples = samples;
        Ok(block)
    }

    /// Collects the samples of the next block and returns where it ends.
    fn gather<T: FileTrack>(&mut self, left: &Range<u64>, tracks: &[T]) -> Result<u64, Error> {
        self.samples.clear();
        let mut end = left.start;
        let enough = left.start + BLOCK;
        while end < left.end.min(enough) {
            let next = self.cursor.peek(tracks);
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
}

/// The first `len` bytes and the rest.
fn split(bytes: &mut [u8], len: u64) -> (&mut [u8], &mut [u8]) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.split_at_mut(len.min(bytes.len()))
}
