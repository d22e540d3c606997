// SPDX-License-Identifier: MPL-2.0
//! Protected MP4 goes in and comes out clear: ISO/IEC 23001-7 and PIFF 1.1, fragmented and progressive. Pure bytes, no I/O.
//!
//! [`Decryptor`] takes a stream in chunks of any size. A fragment is held until its `mdat` is complete; what a sample table
//! places goes on sample by sample. [`ProgressiveDecryptor`] takes a progressive file that can be read anywhere, where also
//! `moov` may stand behind the media. A stream in which nothing is protected stays as it is, byte for byte.
//!
//! Nothing that should be decrypted leaves undecrypted: what is not understood is an error, and bytes of an `mdat` that no sample
//! claims, such as auxiliary information, come out as zeros.

mod error;
mod file;
mod flow;
mod fragment;
mod groups;
mod information;
mod movie;
mod rules;
mod tables;

pub use error::{DecryptionError, SampleFault};
pub use file::ProgressiveDecryptor;

use std::sync::Arc;

use common_encryption::KnownKeys;
use isobmff_boxes::FourCc;

use super::fragment::{Fragment, Written};
use super::passage::Passage;
use super::progressive::file::Piece;
use super::stream::Work;
use super::workers::Media;
use super::{Chunk, Error, IndexMode, Output};
use flow::Flow;
use fragment::FragmentDecryptor;
use movie::Movie;
use tables::TableTrack;

/// Decrypts one stream of MP4.
pub struct Decryptor<C> {
    passage: Passage<C>,
    work: Decryption<C>,
}

/// What is known of the movie, and its samples under way.
struct Decryption<C> {
    keys: Arc<KnownKeys>,
    movie: State,
    fragments: FragmentDecryptor,
    /// Some where sample tables place samples.
    flow: Option<Flow<C>>,
    /// What the flow gives; kept so that its memory is.
    done: Vec<C>,
}

/// What the last `moov` says.
enum State {
    /// There was none.
    Unknown,
    /// Nothing is protected.
    Clear,
    Protected(Vec<TableTrack>),
}

impl<C: Chunk> Decryptor<C> {
    /// A decryptor at the start of a stream.
    pub fn new(index_mode: IndexMode, keys: Arc<KnownKeys>) -> Self {
        Self {
            passage: Passage::new(index_mode),
            work: Decryption {
                keys,
                movie: State::Unknown,
                fragments: FragmentDecryptor::default(),
                flow: None,
                done: Vec::new(),
            },
        }
    }

    /// Takes the next chunk and appends to `out` what can be given.
    ///
    /// # Errors
    /// Whatever makes the stream impossible to decrypt: a missing key, damage, what is not understood. What came before the
    /// fragment or sample under way is in `out` then, nothing of that is, and nothing may be pushed any more.
    pub fn push(&mut self, chunk: C, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.passage.push(chunk, &mut self.work, out)
    }

    /// Takes note of the end of the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it ends inside a box or fragment, or before its last sample.
    pub fn finish(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.passage.finish(&mut self.work, out)?;
        let inside = FourCc::MDAT;
        let is_complete = match (&self.work.movie, &mut self.work.flow) {
            (State::Protected(tracks), Some(flow)) => flow.is_complete(tracks)?,
            _ => true,
        };
        match is_complete {
            true => Ok(()),
            false => Err(Error::Incomplete { inside }),
        }
    }

    /// Forgets all that is not complete, after a jump in the input; the tracks of fragments stay known.
    pub fn flush(&mut self) {
        self.passage = Passage::new(self.passage.index_mode);
        self.work.flow = None;
    }

    /// Bytes taken.
    pub const fn position(&self) -> u64 {
        self.passage.position
    }

    /// Chooses what happens to the `sidx` boxes to come.
    pub const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.passage.index_mode = index_mode;
    }
}

impl<C: Chunk> Work<C> for Decryption<C> {
    fn take_box(
        &mut self,
        box_type: FourCc,
        (bytes, position): (Vec<u8>, u64),
        passage: &mut Passage<C>,
    ) -> Result<Option<Vec<u8>>, Error> {
        match (box_type, &self.movie) {
            (FourCc::MOOV, _) => {
                let moov = self.moov(&bytes, position)?;
                passage.give_moov(&moov)?;
                Ok(None)
            }
            (_, State::Clear) => {
                passage.out.boxes(&bytes);
                passage.mark(passage.position)?;
                Ok(None)
            }
            _ => Ok(Some(bytes)),
        }
    }

    fn fragment(
        &mut self,
        fragment: &Fragment<'_>,
        mut chunks: Vec<C>,
    ) -> Result<Written<C>, Error> {
        let moof = match &self.movie {
            State::Unknown => Err(Error::MediaBeforeMoov),
            State::Clear => Ok(fragment.moof.to_vec()),
            State::Protected(tracks) => {
                let known = (tracks.as_slice(), &*self.keys);
                self.fragments.decrypt(fragment, &mut chunks, known)
            }
        };
        Ok(Written {
            moof: moof?,
            media: Media::Done(chunks),
            announced: false,
        })
    }

    fn start_loose(&mut self, is_empty: bool, passage: &mut Passage<C>) -> Result<(), Error> {
        match (&self.movie, &mut self.flow) {
            // It needs no description.
            _ if is_empty => (),
            (State::Unknown, _) => return Err(Error::MediaBeforeMoov),
            (State::Clear, _) => (),
            (State::Protected(_), None) => return Err(Error::MediaWithoutMoof),
            (State::Protected(_), Some(flow)) => flow.start(passage.position),
        }
        passage.give_mdat_header();
        Ok(())
    }

    fn loose(&mut self, media: C, passage: &mut Passage<C>) -> Result<(), Error> {
        match (&self.movie, &mut self.flow) {
            (State::Protected(tracks), Some(flow)) => flow.take(media, tracks, &mut self.done)?,
            _ => self.done.push(media),
        }
        passage.out.chunks(self.done.drain(..));
        Ok(())
    }

    fn end_loose(&mut self) -> Result<(), Error> {
        match (&self.movie, &mut self.flow) {
            (State::Protected(tracks), Some(flow)) => flow.finish_media(tracks),
            _ => Ok(()),
        }
    }

    fn end(&mut self, _: &mut Passage<C>) -> Result<(), Error> {
        Ok(())
    }
}

impl<C: Chunk> Decryption<C> {
    /// A whole `moov`, which stood at `position`, as it is written.
    fn moov(&mut self, bytes: &[u8], position: u64) -> Result<Vec<u8>, Error> {
        self.flow = None;
        let end = position + bytes.len() as u64;
        // Where media ends is not known yet; no file is longer than this.
        let media = end..i64::MAX.unsigned_abs();
        let pieces = [
            Piece::Kept(0..position),
            Piece::Moov,
            Piece::Media(media.clone()),
        ];
        let mut fetch = |at: i64, len: usize| {
            let start = u64::try_from(at)
                .ok()
                .and_then(|at| at.checked_sub(position));
            let start = start.and_then(|start| usize::try_from(start).ok());
            let bytes = start.and_then(|start| bytes.get(start..)?.get(..len));
            Ok(bytes.map(<[u8]>::to_vec))
        };
        let Some(mut movie) = Movie::read(bytes, (&pieces, &[media]), &mut fetch, &self.keys)?
        else {
            self.movie = State::Clear;
            return Ok(bytes.to_vec());
        };
        if movie.places_samples {
            self.flow = Some(Flow::new(&mut movie.tracks));
        }
        self.movie = State::Protected(movie.tracks);
        Ok(movie.moov)
    }
}
