// SPDX-License-Identifier: MPL-2.0
//! Decrypts MP4 that is protected by ISO/IEC 23001-7 or PIFF 1.1, fragmented and progressive, without I/O.
//!
//! [`Decryptor`] takes a stream in chunks of any size. A fragment is held until its `mdat` is complete; the media of sample tables is
//! output sample by sample. [`ProgressiveDecryptor`] takes a progressive file with random access, whose `moov` may also be
//! at the end. A stream without protection stays as it is, byte for byte.
//!
//! No encrypted byte is output as it is. Anything that is not understood is an error, and bytes of an `mdat` that belong to no sample,
//! such as auxiliary information, become zeros.

mod error;
mod file;
mod fragment;
mod gather;
mod movie;
mod rules;
mod table_media;
mod tables;

pub use error::{DecryptionError, SampleFault};
pub use file::ProgressiveDecryptor;

use std::sync::Arc;

use common_encryption::KnownKeys;
use isobmff_boxes::FourCc;

use super::progressive::file::FilePiece;
use super::stream::{
    FragmentAssembler, MediaHeader, MediaPiece, StreamBox, StreamEvent, StreamFragment,
    StreamReader, StreamWriter, WrittenFragment,
};
use super::workers::FragmentMedia;
use super::{Chunk, Error, IndexMode, Output};
use fragment::FragmentDecryptor;
use gather::InformationReader;
use movie::EncryptedMovie;
pub(super) use movie::{EncryptedTrack, FoundScheme, read_tracks};
use table_media::TableMediaDecryptor;
use tables::TableTrack;

/// Decrypts one MP4 stream, fragmented or with `moov` in front.
///
/// Pass the stream in chunks of any size to [`Self::push`] and end it with [`Self::finish`]. The output does not depend on the
/// chunks.
///
/// ```
/// use std::sync::Arc;
///
/// use bytes::BytesMut;
/// use cenc_mp4::{Decryptor, IndexMode, Output};
/// use cenc_types::{ContentKey, KeyId};
/// use common_encryption::KnownKeys;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // "a key for tests." in hex.
/// let key = ContentKey::parse("61206b657920666f722074657374732e")?;
/// let kid = KeyId::from_bytes(*b"a KID for tests.");
/// let keys: KnownKeys = [(kid, &key)].into_iter().collect();
/// let protected_mp4 = &include_bytes!("../../../../fuzz/corpus/mp4_decrypt/ffmpeg-av-cenc")[..];
///
/// let (mut decryptor, mut outputs) = (Decryptor::new(IndexMode::Hold, Arc::new(keys)), Vec::new());
/// decryptor.push(BytesMut::from(protected_mp4), &mut outputs)?;
/// decryptor.finish(&mut outputs)?;
///
/// let Some(Output::Boxes { bytes: init, .. }) = outputs.first() else {
///     return Err("the stream starts with its init segment".into());
/// };
/// assert!(init.windows(4).any(|name| name == b"avc1"));
/// assert!(!init.windows(4).any(|name| name == b"encv"));
/// # Ok(())
/// # }
/// ```
pub struct Decryptor<C> {
    reader: StreamReader<C>,
    assembler: FragmentAssembler<C>,
    writer: StreamWriter<C>,
    keys: Arc<KnownKeys>,
    movie: MovieState,
    /// The last `moov` that was written; empty before the first.
    clear_moov: Vec<u8>,
    /// A later `ftyp`, until it is known whether its `moov` is another one.
    file_type: Option<StreamBox>,
    fragments: FragmentDecryptor,
    /// Some if sample tables place samples.
    table_media: Option<TableMediaDecryptor<C>>,
    /// Decrypted chunks; kept to reuse its memory.
    decrypted: Vec<C>,
}

/// The movie as the last `moov` describes it.
enum MovieState {
    /// There was no `moov`.
    Unknown,
    /// Nothing is protected.
    Clear,
    Protected(Vec<TableTrack>),
}

impl<C: Chunk> Decryptor<C> {
    /// Creates a decryptor at the start of a stream.
    pub fn new(index_mode: IndexMode, keys: Arc<KnownKeys>) -> Self {
        Self {
            reader: StreamReader::new(),
            assembler: FragmentAssembler::new(),
            writer: StreamWriter::new(index_mode),
            keys,
            movie: MovieState::Unknown,
            clear_moov: Vec::new(),
            file_type: None,
            fragments: FragmentDecryptor::default(),
            table_media: None,
            decrypted: Vec::new(),
        }
    }

    /// Takes the next chunk and appends the finished parts of the output to `out`.
    ///
    /// # Errors
    /// [`Error::Decryption`], for instance for a missing key, and those of damaged or unsupported boxes. Everything before the fragment
    /// or sample under way is in `out` then, and nothing of that one. The decryptor must not be used any more.
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

    /// Ends the stream and appends the rest of the output to `out`.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the stream ends inside a box or fragment, or before its last sample.
    pub fn finish(&mut self, out: &mut Vec<Output<C>>) -> Result<(), Error> {
        self.reader.end_stream();
        match self.take_events() {
            Ok(()) => self.writer.finish(out)?,
            failed => return self.writer.release(0, out).and(failed),
        }
        let is_complete = match (&self.movie, &mut self.table_media) {
            (MovieState::Protected(tracks), Some(table_media)) => {
                table_media.is_complete(tracks)?
            }
            _ => true,
        };
        match is_complete {
            true => Ok(()),
            false => Err(Error::Incomplete {
                inside: FourCc::MDAT,
            }),
        }
    }

    /// Drops incomplete boxes and fragments after a jump in the input; the tracks of fragments stay known.
    pub fn flush(&mut self) {
        self.reader = StreamReader::new();
        self.assembler = FragmentAssembler::new();
        self.writer = StreamWriter::new(self.writer.index_mode());
        self.file_type = None;
        self.table_media = None;
    }

    /// Returns the offset of the next byte of the input.
    pub const fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Sets how to write the next `sidx` boxes.
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
                // It holds no samples.
                StreamEvent::Trailer(_) => (),
                StreamEvent::StreamEnd => self.end_stream()?,
            }
        }
        Ok(())
    }

    fn take_box(&mut self, found: StreamBox) -> Result<(), Error> {
        if let Some(fragment) = self.assembler.ended_by(found.box_type) {
            self.end_fragment(fragment)?;
        }
        let is_moof = found.box_type == FourCc::MOOF;
        if found.box_type == FourCc::MOOV {
            return self.take_moov(&found);
        }
        self.write_file_type()?;
        let is_later = !matches!(self.movie, MovieState::Unknown) && !self.assembler.is_waiting();
        match (found.box_type, &self.movie) {
            (FourCc::FTYP, _) if is_later => {
                self.file_type = Some(found);
                Ok(())
            }
            (_, MovieState::Clear) => self.writer.write_box(&found),
            _ => match self.assembler.take_box(found)? {
                Some(other) => self.writer.write_moved(&other),
                // All its media may be before it.
                None if is_moof && self.assembler.has_media() => self.decrypt_if_complete(),
                None => Ok(()),
            },
        }
    }

    fn start_media(&mut self, header: MediaHeader) -> Result<(), Error> {
        if self.assembler.is_waiting() {
            self.assembler.take_media_header(header.bytes);
            return Ok(());
        }
        match (&self.movie, &mut self.table_media) {
            // An empty `mdat` needs no description.
            _ if header.is_empty => (),
            (MovieState::Unknown, _) => return Err(Error::MediaBeforeMoov),
            (MovieState::Clear, _) => (),
            (MovieState::Protected(_), None) => {
                self.assembler.take_media_header(header.bytes);
                return Ok(());
            }
            (MovieState::Protected(_), Some(table_media)) => {
                table_media.start(header.payload_at);
            }
        }
        self.writer.write_media_header(&header.bytes);
        Ok(())
    }

    fn take_media(&mut self, media: MediaPiece<C>) -> Result<(), Error> {
        if self.assembler.is_waiting() {
            return self.assembler.take_media(media.data);
        }
        match (&self.movie, &mut self.table_media) {
            (MovieState::Protected(tracks), Some(table_media)) => {
                table_media.take(media.data, tracks, &mut self.decrypted)?;
            }
            _ => self.decrypted.push(media.data),
        }
        self.writer.write_media(self.decrypted.drain(..));
        Ok(())
    }

    fn end_media(&mut self, position: u64) -> Result<(), Error> {
        if self.assembler.has_moof() {
            self.decrypt_if_complete()?;
        } else if let (false, MovieState::Protected(tracks), Some(table_media)) = (
            self.assembler.is_waiting(),
            &self.movie,
            &mut self.table_media,
        ) {
            table_media.finish_media(tracks)?;
        }
        match self.assembler.is_waiting() {
            true => Ok(()),
            false => self.writer.mark(position),
        }
    }

    fn end_stream(&mut self) -> Result<(), Error> {
        self.write_file_type()?;
        let Some(fragment) = self.assembler.take() else {
            return Ok(());
        };
        let has_media = fragment.boxes.has_media();
        self.end_fragment(fragment)
            .map_err(|error| match has_media {
                true => error,
                false => error.at_end_of_stream(),
            })
    }

    /// Decrypts the fragment under way unless media of it is still to come.
    fn decrypt_if_complete(&mut self) -> Result<(), Error> {
        match self.assembler.take() {
            Some(fragment) => self.decrypt_fragment(fragment, false),
            None => Ok(()),
        }
    }

    /// Decrypts a fragment of which no more follows.
    fn end_fragment(&mut self, fragment: StreamFragment<C>) -> Result<(), Error> {
        match fragment.boxes.has_moof() {
            true => self.decrypt_fragment(fragment, true),
            // A fragment of padding loses no media.
            false if fragment.is_blank() => self
                .writer
                .write_undescribed(&fragment.boxes, fragment.media),
            false => Err(Error::MediaWithoutMoof),
        }
    }

    fn decrypt_fragment(
        &mut self,
        mut fragment: StreamFragment<C>,
        last: bool,
    ) -> Result<(), Error> {
        let moof = match &self.movie {
            MovieState::Unknown => return Err(Error::NoMoov),
            MovieState::Clear => Some(fragment.boxes.moof.clone()),
            MovieState::Protected(tracks) => self.fragments.decrypt(
                &mut fragment,
                last,
                self.writer.position(),
                tracks,
                &self.keys,
            )?,
        };
        let Some(moof) = moof else {
            self.assembler.put_back(fragment);
            return Ok(());
        };
        let written = WrittenFragment {
            moof,
            media: FragmentMedia::Done(fragment.media),
            announced: false,
            init: None,
        };
        self.writer.write_fragment(&fragment.boxes, written)
    }

    /// Writes a `moov`. One that differs from the last only in the protection is left out, with its `ftyp`.
    fn take_moov(&mut self, found: &StreamBox) -> Result<(), Error> {
        let was_protected = matches!(self.movie, MovieState::Protected(_));
        let moov = self.read_moov(found)?;
        let is_protected = matches!(self.movie, MovieState::Protected(_));
        if moov == self.clear_moov && (was_protected || is_protected) {
            self.file_type = None;
            return self.writer.mark(found.end);
        }
        self.write_file_type()?;
        self.writer.write_moov(&moov, found)?;
        self.clear_moov = moov;
        Ok(())
    }

    fn write_file_type(&mut self) -> Result<(), Error> {
        match self.file_type.take() {
            Some(found) => self.writer.write_moved(&found),
            None => Ok(()),
        }
    }

    /// Reads a `moov` and returns the one to write.
    fn read_moov(&mut self, found: &StreamBox) -> Result<Vec<u8>, Error> {
        self.table_media = None;
        // The end of the media is not known yet; no file is longer than this.
        let media = found.end..i64::MAX.unsigned_abs();
        let pieces = [
            FilePiece::Kept(0..found.position),
            FilePiece::Moov,
            FilePiece::Media(media.clone()),
        ];
        let mut information = MoovInformation(found);
        let Some(mut movie) = EncryptedMovie::read(
            &found.bytes,
            &pieces,
            &[media],
            &mut information,
            &self.keys,
        )?
        else {
            self.movie = MovieState::Clear;
            return Ok(found.bytes.clone());
        };
        if movie.places_samples {
            self.table_media = Some(TableMediaDecryptor::new(&mut movie.tracks));
        }
        self.movie = MovieState::Protected(movie.tracks);
        Ok(movie.moov)
    }
}

/// Reads auxiliary information from a `moov`: the rest of the stream is not there yet.
struct MoovInformation<'m>(&'m StreamBox);

impl InformationReader for MoovInformation<'_> {
    fn read_at(&mut self, offset: i64, len: usize) -> Result<Option<Vec<u8>>, Error> {
        Ok(u64::try_from(offset)
            .ok()
            .and_then(|offset| offset.checked_sub(self.0.position))
            .and_then(|start| usize::try_from(start).ok())
            .and_then(|start| self.0.bytes.get(start..)?.get(..len))
            .map(<[u8]>::to_vec))
    }
}
