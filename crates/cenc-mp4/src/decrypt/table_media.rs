// SPDX-License-Identifier: MPL-2.0
//! Decrypts the media of a progressive stream: a chunk is output once all samples in it are decrypted.

use cenc_types::Subsample;

use super::tables::TableTrack;
use crate::payload::Payload;
use crate::progressive::MAX_SAMPLE;
use crate::progressive::cursor::{FileSample, FileTrack, SampleCursor};
use crate::{Chunk, Error};

/// Decrypts the samples of a movie as they arrive.
pub(super) struct TableMediaDecryptor<C> {
    cursor: SampleCursor,
    /// Chunks that are not decrypted to their end.
    held: Vec<C>,
    /// Offset in the input of the first byte held.
    start: u64,
    /// Offset of the first byte that is not decrypted.
    done: u64,
    /// Offset of the end of the last chunk held.
    end: u64,
    map: Vec<Subsample>,
}

/// The next bytes to process.
enum MediaPart {
    /// Bytes up to this offset that belong to no sample. Nobody knows whether they may be clear, so they become zeros.
    Unclaimed(u64),
    /// A whole sample.
    Sample(FileSample),
}

impl<C: Chunk> TableMediaDecryptor<C> {
    /// Creates a decryptor, which takes the chunks out of the tracks.
    pub(super) fn new(tracks: &mut [TableTrack]) -> Self {
        Self {
            cursor: SampleCursor::new(tracks),
            held: Vec::new(),
            start: 0,
            done: 0,
            end: 0,
            map: Vec::new(),
        }
    }

    /// Starts an `mdat` whose payload is at `position`.
    pub(super) fn start(&mut self, position: u64) {
        (self.start, self.done, self.end) = (position, position, position);
    }

    /// Takes payload and appends the decrypted chunks to `out`.
    pub(super) fn take(
        &mut self,
        chunk: C,
        tracks: &[TableTrack],
        out: &mut Vec<C>,
    ) -> Result<(), Error> {
        self.end += chunk.as_ref().len() as u64;
        self.held.push(chunk);
        let mut part = self.next_part(tracks)?;
        if part.is_some() {
            let mut held = std::mem::take(&mut self.held);
            let mut payload = Payload::new(&mut held);
            while let Some(next) = part {
                self.process(&next, &mut payload, tracks)?;
                part = self.next_part(tracks)?;
            }
            self.held = held;
        }
        self.release(out);
        Ok(())
    }

    /// Ends an `mdat`, which must end with a sample.
    pub(super) fn finish_media(&mut self, tracks: &[TableTrack]) -> Result<(), Error> {
        match (self.done == self.end, self.cursor.peek(tracks)) {
            (false, Some(sample)) => Err(elsewhere(&sample, tracks)),
            _ => Ok(()),
        }
    }

    /// True if all samples have arrived.
    pub(super) fn is_complete(&mut self, tracks: &[TableTrack]) -> Result<bool, Error> {
        while let Some(sample) = self.cursor.peek(tracks) {
            if sample.len > 0 {
                return Ok(false);
            }
            self.cursor.advance(&sample, tracks)?;
        }
        Ok(true)
    }

    /// Returns the next part and moves past it; None if more bytes must arrive first.
    fn next_part(&mut self, tracks: &[TableTrack]) -> Result<Option<MediaPart>, Error> {
        if self.done == self.end {
            return Ok(None);
        }
        loop {
            let Some(sample) = self.cursor.peek(tracks) else {
                return Ok(Some(MediaPart::Unclaimed(self.end)));
            };
            // An empty sample may have any offset.
            if sample.len > 0 {
                if sample.offset < self.done || u64::from(sample.len) > MAX_SAMPLE {
                    return Err(elsewhere(&sample, tracks));
                }
                if sample.offset > self.done {
                    return Ok(Some(MediaPart::Unclaimed(sample.offset.min(self.end))));
                }
                if sample.end() > self.end {
                    return Ok(None);
                }
            }
            self.cursor.advance(&sample, tracks)?;
            if sample.len > 0 {
                return Ok(Some(MediaPart::Sample(sample)));
            }
        }
    }

    fn process(
        &mut self,
        part: &MediaPart,
        payload: &mut Payload<'_, C>,
        tracks: &[TableTrack],
    ) -> Result<(), Error> {
        match part {
            MediaPart::Unclaimed(end) => self.edit(payload, *end, |bytes, _| {
                bytes.fill(0);
                Ok(())
            }),
            MediaPart::Sample(sample) => {
                self.edit(payload, sample.end(), |bytes, map| {
                    match tracks.get(sample.track) {
                        Some(track) => track.edit(bytes, sample, map),
                        None => Ok(()),
                    }
                })
            }
        }
    }

    /// Changes the bytes from the first that is not decrypted up to `end`.
    fn edit(
        &mut self,
        payload: &mut Payload<'_, C>,
        end: u64,
        edit: impl FnOnce(&mut [u8], &mut Vec<Subsample>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let offset = usize::try_from(self.done - self.start).unwrap_or(usize::MAX);
        let len = usize::try_from(end - self.done).unwrap_or(usize::MAX);
        self.done = end;
        let map = &mut self.map;
        payload
            .edit(offset, len, |bytes| edit(bytes, map))
            .expect("next_part() returns only bytes that are held")
    }

    fn release(&mut self, out: &mut Vec<C>) {
        let mut count = 0;
        for chunk in &self.held {
            let end = self.start + chunk.as_ref().len() as u64;
            if end > self.done {
                break;
            }
            self.start = end;
            count += 1;
        }
        out.extend(self.held.drain(..count));
    }
}

fn elsewhere(sample: &FileSample, tracks: &[TableTrack]) -> Error {
    Error::SampleTable {
        track_id: tracks
            .get(sample.track)
            .map_or(0, |track| track.track.track_id),
        reason: "a sample is outside of every 'mdat', or larger than any",
    }
}
