// SPDX-License-Identifier: MPL-2.0
//! Media that sample tables place, as it comes: a chunk is given once all samples in it are decrypted.

use super::tables::TableTrack;
use crate::payload::Payload;
use crate::progressive::MAX_SAMPLE;
use crate::progressive::cursor::{Cursor, FileTrack, Placed};
use crate::{Chunk, Error};
use cenc_types::Subsample;

/// The samples of a movie on their way.
pub(super) struct Flow<C> {
    cursor: Cursor,
    /// Chunks that hold the start of a sample, or come behind it.
    held: Vec<C>,
    /// Offset in the input of the first byte held.
    start: u64,
    /// Offset of the first byte that is not done.
    done: u64,
    /// Offset behind the last byte held.
    end: u64,
    map: Vec<Subsample>,
}

/// What to do with the next bytes that are not done.
enum Step {
    /// They are no sample's: whether they may leave in the clear cannot be known.
    Blank(u64),
    /// They are the whole of a sample.
    Sample(Placed),
}

impl<C: Chunk> Flow<C> {
    /// Takes the chunks out of the tracks.
    pub(super) fn new(tracks: &mut [TableTrack]) -> Self {
        Self {
            cursor: Cursor::new(tracks),
            held: Vec::new(),
            start: 0,
            done: 0,
            end: 0,
            map: Vec::new(),
        }
    }

    /// An `mdat` whose payload starts at `position`.
    pub(super) fn start(&mut self, position: u64) {
        (self.start, self.done, self.end) = (position, position, position);
    }

    /// Takes payload and appends to `out` the chunks that are done.
    pub(super) fn take(
        &mut self,
        chunk: C,
        tracks: &[TableTrack],
        out: &mut Vec<C>,
    ) -> Result<(), Error> {
        self.end += chunk.as_ref().len() as u64;
        self.held.push(chunk);
        let mut step = self.step(tracks)?;
        if step.is_some() {
            let mut held = std::mem::take(&mut self.held);
            let mut payload = Payload::new(&mut held);
            while let Some(next) = step {
                self.carry_out(&next, &mut payload, tracks)?;
                step = self.step(tracks)?;
            }
            self.held = held;
        }
        self.release(out);
        Ok(())
    }

    /// The end of an `mdat`, which must be the end of a sample too.
    pub(super) fn finish_media(&mut self, tracks: &[TableTrack]) -> Result<(), Error> {
        match (self.done == self.end, self.cursor.peek(tracks)) {
            (false, Some(sample)) => Err(elsewhere(&sample, tracks)),
            _ => Ok(()),
        }
    }

    /// Whether all samples have come.
    pub(super) fn is_complete(&mut self, tracks: &[TableTrack]) -> Result<bool, Error> {
        while let Some(sample) = self.cursor.peek(tracks) {
            if sample.len > 0 {
                return Ok(false);
            }
            self.cursor.advance(&sample, tracks)?;
        }
        Ok(true)
    }

    /// Looks at the next bytes, and moves behind the sample that they are; None: more must come.
    fn step(&mut self, tracks: &[TableTrack]) -> Result<Option<Step>, Error> {
        if self.done == self.end {
            return Ok(None);
        }
        loop {
            let Some(sample) = self.cursor.peek(tracks) else {
                return Ok(Some(Step::Blank(self.end)));
            };
            // One without bytes may lie anywhere.
            if sample.len > 0 {
                if sample.offset < self.done || u64::from(sample.len) > MAX_SAMPLE {
                    return Err(elsewhere(&sample, tracks));
                }
                if sample.offset > self.done {
                    return Ok(Some(Step::Blank(sample.offset.min(self.end))));
                }
                if sample.end() > self.end {
                    return Ok(None);
                }
            }
            self.cursor.advance(&sample, tracks)?;
            if sample.len > 0 {
                return Ok(Some(Step::Sample(sample)));
            }
        }
    }

    fn carry_out(
        &mut self,
        step: &Step,
        payload: &mut Payload<'_, C>,
        tracks: &[TableTrack],
    ) -> Result<(), Error> {
        match step {
            Step::Blank(end) => self.edit(payload, *end, |bytes, _| {
                bytes.fill(0);
                Ok(())
            }),
            Step::Sample(sample) => self.edit(payload, sample.end(), |bytes, map| {
                let track = tracks.get(sample.track);
                track.map_or(Ok(()), |track| track.edit(bytes, sample, map))
            }),
        }
    }

    /// Changes the bytes from the first that is not done up to `end`.
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
        let edited = payload.edit(offset, len, |bytes| edit(bytes, map));
        edited.expect("step() stays between what is done and what is held")
    }

    fn release(&mut self, out: &mut Vec<C>) {
        let len = |chunk: &C| chunk.as_ref().len() as u64;
        let mut count = 0;
        for chunk in &self.held {
            if self.start + len(chunk) > self.done {
                break;
            }
            self.start += len(chunk);
            count += 1;
        }
        out.extend(self.held.drain(..count));
    }
}

fn elsewhere(sample: &Placed, tracks: &[TableTrack]) -> Error {
    let track_id = tracks.get(sample.track);
    Error::SampleTable {
        track_id: track_id.map_or(0, |track| track.track.track_id),
        reason: "a sample that lies in no 'mdat', or is larger than any",
    }
}
