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
mod gather;
mod movie;
mod rules;
mod tables;

pub use error::{DecryptionError, SampleFault};
pub use file::ProgressiveDecryptor;

use std::sync::Arc;

use common_encryption::KnownKeys;
use isobmff_boxes::FourCc;

use super::progressive::file::Piece;
use super::stream::{
    FragmentAssembler, MediaHeader, MediaPiece, StreamBox, StreamEvent, StreamFragment,
    StreamReader, StreamWriter, WrittenFragment,
};
use super::workers::FragmentMedia;
use super::{Chunk, Error, IndexMode, Output};
use flow::Flow;
use fragment::FragmentDecryptor;
use movie::Movie;
use tables::TableTrack;

/// Decrypts one stream of MP4: a loop over what its reader yields.
pub struct Decryptor<C> {
    reader: StreamReader<C>,
    assembler: FragmentAssembler<C>,
    writer: StreamWriter<C>,
    keys: Arc<KnownKeys>,
    movie: FoundMovie,
    fragments: FragmentDecryptor,
    /// Some where sample tables place samples.
    flow: Option<Flow<C>>,
    /// What the flow gives; kept so that its memory is.
    done: Vec<C>,
}

/// What the last `moov` says.
enum FoundMovie {
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
            reader: StreamReader::new(),
            assembler: FragmentAssembler::new(),
            writer: StreamWriter::new(index_mode),
            keys,
            movie: FoundMovie::Unknown,
            fragments: FragmentDecryptor::default(),
            flow: None,
            done: Vec::new(),
        }
    }

    /// Takes the next chunk and appends to `out` what can be given.
    ///
    /// # Errors
    /// Whatever makes the stream impossible to decrypt: a missing key, damage, what is not understood. What came before the
    /// fragment or sample under way is in `out` then, nothing of that is, and nothing may be pushed any more.
    pub fn push(&mut self, chunk: C, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.reader.add_chunk(chunk);
        let taken = self.take_events();
        self.reader.drop_chunk();
        if !self.assembler.is_waiting() && !self.reader.is_in_box() {
            self.writer.end_boxes();
        }
        self.writer.release(0, out)?;
        taken
    }

    /// Takes note of the end of the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it ends inside a box or fragment, or before its last sample.
    pub fn finish(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.reader.end_stream();
        match self.take_events() {
            Ok(()) => self.writer.finish(out)?,
            failed => return self.writer.release(0, out).and(failed),
        }
        let is_complete = match (&self.movie, &mut self.flow) {
            (FoundMovie::Protected(tracks), Some(flow)) => flow.is_complete(tracks)?,
            _ => true,
        };
        match is_complete {
            true => Ok(()),
            false => Err(Error::Incomplete {
                inside: FourCc::MDAT,
            }),
        }
    }

    /// Forgets all that is not complete, after a jump in the input; the tracks of fragments stay known.
    pub fn flush(&mut self) {
        self.reader = StreamReader::new();
        self.assembler = FragmentAssembler::new();
        self.writer = StreamWriter::new(self.writer.index_mode());
        self.flow = None;
    }

    /// Bytes taken.
    pub const fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Chooses what happens to the `sidx` boxes to come.
    pub const fn set_index_mode(&mut self, index_mode: IndexMode) {
        self.writer.set_index_mode(index_mode);
    }

    fn take_events(&mut self) -> Result<(), Error> {
        while let Some(event) = self.reader.next_event()? {
            match event {
                StreamEvent::Box(found) => self.take_box(found)?,
                StreamEvent::MediaStart(header) => self.start_media(header)?,
                StreamEvent::Media(media) => self.take_media(media)?,
                StreamEvent::MediaEnd(position) => self.end_media(position)?,
                StreamEvent::BoxBytes(chunk) => self.writer.take_box_bytes(chunk),
                StreamEvent::StreamEnd => self.end_stream()?,
            }
        }
        Ok(())
    }

    fn take_box(&mut self, found: StreamBox) -> Result<(), Error> {
        if let Some(fragment) = self.assembler.ended_by(found.box_type) {
            self.decrypt_fragment(fragment)?;
        }
        match (found.box_type, &self.movie) {
            (FourCc::MOOV, _) => {
                let moov = self.read_moov(&found)?;
                self.writer.write_moov(&moov, &found)
            }
            (_, FoundMovie::Clear) => self.writer.write_box(&found),
            _ => match self.assembler.take_box(found)? {
                Some(other) => self.writer.write_moved(&other),
                None => Ok(()),
            },
        }
    }

    fn start_media(&mut self, header: MediaHeader) -> Result<(), Error> {
        if self.assembler.is_waiting() {
            self.assembler.take_media_header(header.bytes);
            return Ok(());
        }
        match (&self.movie, &mut self.flow) {
            // It needs no description.
            _ if header.is_empty => (),
            (FoundMovie::Unknown, _) => return Err(Error::MediaBeforeMoov),
            (FoundMovie::Clear, _) => (),
            (FoundMovie::Protected(_), None) => return Err(Error::MediaWithoutMoof),
            (FoundMovie::Protected(_), Some(flow)) => flow.start(header.payload_at),
        }
        self.writer.write_media_header(&header.bytes);
        Ok(())
    }

    fn take_media(&mut self, media: MediaPiece<C>) -> Result<(), Error> {
        if self.assembler.is_waiting() {
            self.assembler.take_media(media.data);
            return Ok(());
        }
        match (&self.movie, &mut self.flow) {
            (FoundMovie::Protected(tracks), Some(flow)) => {
                flow.take(media.data, tracks, &mut self.done)?;
            }
            _ => self.done.push(media.data),
        }
        self.writer.write_media(self.done.drain(..));
        Ok(())
    }

    fn end_media(&mut self, position: u64) -> Result<(), Error> {
        match (self.assembler.take(), &self.movie, &mut self.flow) {
            (Some(fragment), ..) => self.decrypt_fragment(fragment)?,
            (None, FoundMovie::Protected(tracks), Some(flow)) => flow.finish_media(tracks)?,
            (None, ..) => (),
        }
        self.writer.mark(position)
    }

    fn end_stream(&mut self) -> Result<(), Error> {
        match self.assembler.take() {
            Some(fragment) => self
                .decrypt_fragment(fragment)
                .map_err(Error::at_end_of_stream),
            None => Ok(()),
        }
    }

    fn decrypt_fragment(&mut self, fragment: StreamFragment<C>) -> Result<(), Error> {
        let StreamFragment { boxes, mut media } = fragment;
        let position = self.writer.position();
        let moof = match &self.movie {
            FoundMovie::Unknown => return Err(Error::MediaBeforeMoov),
            FoundMovie::Clear => boxes.moof.clone(),
            FoundMovie::Protected(tracks) => {
                let known = (tracks.as_slice(), &*self.keys);
                self.fragments
                    .decrypt(&boxes, (&mut media, position), known)?
            }
        };
        let written = WrittenFragment {
            moof,
            media: FragmentMedia::Done(media),
            announced: false,
        };
        self.writer.write_fragment(&boxes, written)
    }

    /// A `moov` as it is written.
    fn read_moov(&mut self, found: &StreamBox) -> Result<Vec<u8>, Error> {
        self.flow = None;
        let (bytes, position) = (found.bytes.as_slice(), found.position);
        // Where media ends is not known yet; no file is longer than this.
        let media = found.end..i64::MAX.unsigned_abs();
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
            self.movie = FoundMovie::Clear;
            return Ok(bytes.to_vec());
        };
        if movie.places_samples {
            self.flow = Some(Flow::new(&mut movie.tracks));
        }
        self.movie = FoundMovie::Protected(movie.tracks);
        Ok(movie.moov)
    }
}
