// SPDX-License-Identifier: MPL-2.0
//! Protects a stream: the loop over the events of its reader.

mod control;
mod events;
mod late_moov;
mod moov;
mod new_init;
mod progressive;

use common_encryption::Protector;
use isobmff_boxes::FourCc;

use super::auxiliary::free_old_pssh;
use super::fragment::{FragmentEncryptor, Totals};
use super::fragmenting::Fragmenter;
use super::init::MovieInit;
use super::stream::{
    FragmentAssembler, MediaHeader, MediaPiece, StreamBox, StreamEvent, StreamFragment,
    StreamReader, StreamWriter,
};
use super::warning::WarningQueue;
use super::{Chunk, Error, IndexMode, LateMoov, Output, Warning, piff};
pub(crate) use events::read_event;
use moov::MoovPlace;
use new_init::starts_segment;

/// Protects one MP4 stream, fragmented or with `moov` in front; its output is fragmented.
///
/// Pass the stream in chunks of any size to [`Self::push`] and end it with [`Self::finish`]. The output does not depend on the
/// chunks.
pub struct Encryptor<C> {
    reader: StreamReader<C>,
    assembler: FragmentAssembler<C>,
    writer: StreamWriter<C>,
    movie: ClearMovie<C>,
    fragments: FragmentEncryptor,
    /// The boxes that start a segment, until its `moof` shows whether a new init segment goes before them.
    segment_start: Vec<StreamBox>,
    warnings: WarningQueue,
    /// The most bytes of media in work after a chunk was taken.
    ahead: u64,
}

/// The movie in the input, as far as it is known.
struct ClearMovie<C> {
    /// None before the first `moov`.
    init: Option<MovieInit>,
    /// The `ftyp` of the next `moov`; empty if there was none.
    file_type: Vec<u8>,
    moov: Option<MoovPlace>,
    /// The `moov`, if it was read before the media in front of it.
    late_moov: Option<LateMoov>,
    /// Offset at which the input goes on after a rewritten `moov`.
    resume: Option<u64>,
    /// Some while `moov` places samples.
    fragmenter: Option<Fragmenter<C>>,
    /// The number of fragments that were cut from the samples of `moov`, by which those of the input are numbered later.
    cut_fragments: u32,
    /// True if the `moov` was not part of the stream, so that its protection is announced with the first fragment.
    is_unannounced: bool,
}

impl<C: Chunk> Encryptor<C> {
    /// Creates an encryptor at the start of a stream.
    pub fn new(index_mode: IndexMode) -> Self {
        Self {
            reader: StreamReader::new(),
            assembler: FragmentAssembler::new(),
            writer: StreamWriter::new(index_mode),
            movie: ClearMovie::of(None),
            fragments: FragmentEncryptor::default(),
            segment_start: Vec::new(),
            warnings: WarningQueue::default(),
            ahead: 0,
        }
    }

    /// Takes the next chunk and appends the finished parts of the output to `out`. Calls `protector` at each `moov`, and at each
    /// fragment if its protection depends on time.
    ///
    /// # Errors
    /// Any [`Error`] but those of decryption. Everything before the fragment under way is in `out` then, and nothing of that
    /// fragment. The encryptor must not be used any more.
    pub fn push(
        &mut self,
        chunk: C,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        self.reader.add_chunk(chunk);
        let taken = self.take_events(protector);
        // So what is in `out` after an error does not depend on the chunks.
        let ahead = match taken {
            Ok(()) => self.ahead,
            Err(_) => 0,
        };
        self.reader.drop_chunk();
        if !self.assembler.is_waiting() && !self.reader.is_in_box() {
            self.writer.end_boxes();
        }
        self.writer.release(ahead, out)?;
        taken
    }

    /// Ends the stream and appends the rest of the output to `out`.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the stream ends inside a box or fragment, which is not in `out` then; those of
    /// [`Self::check_protected`].
    pub fn finish(
        &mut self,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        self.end_part(protector, out)?;
        self.check_protected()
    }

    fn take_events(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        while let Some(event) = self.reader.next_event()? {
            match event {
                StreamEvent::Box(found) => self.take_box(found, protector)?,
                StreamEvent::MediaStart(header) => self.start_media(header, protector)?,
                StreamEvent::Media(media) => self.take_media(media, protector)?,
                StreamEvent::MediaEnd(position) => self.end_media(position, protector)?,
                StreamEvent::BoxBytes(chunk) => self.writer.take_box_bytes(chunk),
                StreamEvent::Trailer(trailer) => self.warnings.add(Warning::Trailer {
                    position: trailer.position,
                    len: trailer.len,
                }),
                StreamEvent::StreamEnd => self.end_stream(protector)?,
            }
        }
        Ok(())
    }

    fn take_box(
        &mut self,
        mut found: StreamBox,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        if let Some(fragment) = self.assembler.ended_by(found.box_type) {
            self.end_fragment(fragment, protector)?;
        }
        if self.movie.is_late_moov(&found) {
            return self.writer.mark(found.end);
        }
        if found.box_type == FourCc::MOOF {
            self.take_late_moov(found.position, protector)?;
        }
        self.end_tables(found.box_type, protector)?;
        free_old_pssh(&mut found.bytes, &mut self.warnings);
        found.bytes = piff::top_level(protector.flavor(), found.bytes)?;
        if found.box_type == FourCc::EMSG
            && let Some(event) = read_event(&found.bytes)
        {
            protector.event(&event);
        }
        if !self.assembler.is_waiting() && found.box_type != FourCc::MOOF {
            if starts_segment(found.box_type) && protector.renews_init() {
                self.segment_start.push(found);
                return Ok(());
            }
            self.write_segment_start()?;
        }
        if found.box_type == FourCc::MOOV {
            return self.take_moov(&found, protector);
        }
        if self.movie.resume.is_some() {
            return self.rewrite(found);
        }
        let is_moof = found.box_type == FourCc::MOOF;
        if is_moof {
            self.movie.renumber(&mut found.bytes);
        }
        if found.box_type == FourCc::FTYP {
            self.movie.file_type.clone_from(&found.bytes);
        }
        match self.assembler.take_box(found)? {
            Some(other) => self.writer.write_moved(&other),
            // All its media may be before it.
            None if is_moof && self.assembler.has_media() => self.protect_if_complete(protector),
            None => Ok(()),
        }
    }

    fn start_media(
        &mut self,
        header: MediaHeader,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        if self.assembler.is_waiting() {
            self.assembler.take_media_header(header.bytes);
            return Ok(());
        }
        self.take_late_moov(header.position(), protector)?;
        self.end_tables(FourCc::MDAT, protector)?;
        match &self.movie {
            ClearMovie {
                resume: Some(_), ..
            } => Err(Error::Rewrites {
                position: header.payload_at,
            }),
            ClearMovie {
                fragmenter: Some(fragmenter),
                ..
            } if header.is_empty || !fragmenter.is_empty() => Ok(()),
            _ if header.is_empty => {
                self.write_segment_start()?;
                self.writer.write_media_header(&header.bytes);
                Ok(())
            }
            ClearMovie { init: None, .. } => Err(Error::MediaBeforeMoov),
            ClearMovie {
                fragmenter: Some(_),
                ..
            } => Err(Error::MediaWithoutMoof),
            _ => {
                self.assembler.take_media_header(header.bytes);
                Ok(())
            }
        }
    }

    fn take_media(
        &mut self,
        media: MediaPiece<C>,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        match &mut self.movie.fragmenter {
            Some(fragmenter) => {
                fragmenter.add(media);
                self.protect_cut_fragments(protector)
            }
            None => self.assembler.take_media(media.data),
        }
    }

    fn end_media(&mut self, position: u64, protector: &mut dyn Protector) -> Result<(), Error> {
        if self.assembler.has_moof() {
            self.protect_if_complete(protector)?;
        }
        self.end_cut_media(protector)?;
        match self.assembler.is_waiting() {
            true => Ok(()),
            false => self.writer.mark(position),
        }
    }

    fn end_stream(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        if self.movie.init.is_none() {
            return Err(Error::NoMoov);
        }
        if let Some(fragmenter) = &mut self.movie.fragmenter {
            fragmenter.end();
        }
        self.protect_cut_fragments(protector)?;
        if let Some(fragment) = self.assembler.take() {
            let has_media = fragment.boxes.has_media();
            self.end_fragment(fragment, protector)
                .map_err(|error| match has_media {
                    true => error,
                    false => error.at_end_of_stream(),
                })?;
        }
        self.write_segment_start()
    }

    /// Protects the fragment under way unless media of it is still to come.
    fn protect_if_complete(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        match self.assembler.take() {
            Some(fragment) if fragment.lacks_media() => {
                self.assembler.put_back(fragment);
                Ok(())
            }
            Some(fragment) => self.protect_fragment(fragment, false, protector),
            None => Ok(()),
        }
    }

    /// Protects a fragment of which no more follows.
    fn end_fragment(
        &mut self,
        fragment: StreamFragment<C>,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        match fragment.boxes.has_moof() {
            true => self.protect_fragment(fragment, true, protector),
            // A fragment of padding loses no media.
            false if fragment.is_blank() => self
                .writer
                .write_undescribed(&fragment.boxes, fragment.media),
            false => Err(Error::MediaWithoutMoof),
        }
    }

    fn protect_fragment(
        &mut self,
        mut fragment: StreamFragment<C>,
        last: bool,
        protector: &mut dyn Protector,
    ) -> Result<(), Error> {
        let segment_start: u64 = self.segment_start.iter().map(StreamBox::moved_len).sum();
        let written = self.fragments.protect(
            &mut fragment,
            last,
            self.writer.position() + segment_start,
            self.movie.init.as_mut().ok_or(Error::NoMoov)?,
            protector,
            &mut self.warnings,
        )?;
        match written {
            Some(mut written) => {
                if let Some(init) = written.init.take() {
                    self.write_new_init(init, std::mem::take(&mut written.announced))?;
                }
                self.write_segment_start()?;
                if std::mem::take(&mut self.movie.is_unannounced) {
                    self.writer.announce_init();
                }
                self.writer.write_fragment(&fragment.boxes, written)
            }
            None => {
                self.assembler.put_back(fragment);
                Ok(())
            }
        }
    }
}

impl<C> ClearMovie<C> {
    /// Creates a movie of which only the init segment is known.
    const fn of(init: Option<MovieInit>) -> Self {
        Self {
            init,
            file_type: Vec::new(),
            moov: None,
            late_moov: None,
            resume: None,
            fragmenter: None,
            cut_fragments: 0,
            is_unannounced: false,
        }
    }
}
