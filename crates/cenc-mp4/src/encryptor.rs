// SPDX-License-Identifier: MPL-2.0
//! The packager's state between two chunks of the stream.

mod control;
mod moov;
mod progressive;

use isobmff_boxes::FourCc;

use super::fragment::{Fragment, FragmentEncryptor, Totals, Written};
use super::fragmenting::Fragmenter;
use super::held::MoovPlace;
use super::init::TrackState;
use super::output::Output;
use super::passage::Passage;
use super::stream::Work;
use super::{Chunk, Error, piff};
use common_encryption::Protector;

/// What happens to what is known only when bytes behind it are written: the sizes in a `sidx`, a `moov` written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexMode {
    /// All behind a `sidx` is held until its sizes are known; a `moov` that is written again is dropped.
    #[default]
    Hold,
    /// Either is replaced by an [`Output::Patch`].
    Patch,
}

/// Protects one stream of MP4, which comes out fragmented.
pub struct Encryptor<C> {
    passage: Passage<C>,
    movie: Movie<C>,
}

/// What is known of the movie, and what goes from one of its fragments to the next.
struct Movie<C> {
    tracks: Option<Vec<TrackState>>,
    fragments: FragmentEncryptor,
    moov: Option<MoovPlace>,
    /// Where the input goes on when a `moov` that is written again is complete.
    resume: Option<u64>,
    /// Some behind the `moov` of a progressive file.
    fragmenter: Option<Fragmenter<C>>,
}

/// The movie, and who knows how it is protected.
struct Protection<'p, C> {
    movie: &'p mut Movie<C>,
    protector: &'p mut dyn Protector,
}

impl<C: Chunk> Encryptor<C> {
    /// What is read of a stream whose tracks are not known, in bytes.
    const START: u64 = 1 << 20;

    /// A packager at the start of a stream.
    pub fn new(index_mode: IndexMode) -> Self {
        Self {
            passage: Passage::new(index_mode),
            movie: Movie::new(FragmentEncryptor::default()),
        }
    }

    /// Takes the next chunk and appends to `out` what can be given; `protector` is asked at each `moov`.
    ///
    /// # Errors
    /// Whatever makes the stream impossible to protect. What came before the fragment under way is in `out` then, nothing of
    /// that fragment is, and nothing may be pushed any more.
    pub fn push(
        &mut self,
        chunk: C,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let movie = &mut self.movie;
        self.passage
            .push(chunk, &mut Protection { movie, protector }, out)
    }

    /// Takes note of the end of the stream.
    ///
    /// # Errors
    /// [`Error::Incomplete`] when it ends inside a box or fragment, which is not given then.
    pub fn finish(
        &mut self,
        protector: &mut dyn Protector,
        out: &mut Vec<Output<C>>,
    ) -> Result<(), Error> {
        let movie = &mut self.movie;
        self.passage
            .finish(&mut Protection { movie, protector }, out)
    }
}

impl<C> Movie<C> {
    /// A movie of which nothing is known.
    const fn new(fragments: FragmentEncryptor) -> Self {
        Self {
            tracks: None,
            fragments,
            moov: None,
            resume: None,
            fragmenter: None,
        }
    }
}

impl<C: Chunk> Work<C> for Protection<'_, C> {
    fn take_box(
        &mut self,
        box_type: FourCc,
        (bytes, position): (Vec<u8>, u64),
        passage: &mut Passage<C>,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.movie.refuse_in_progressive(box_type)?;
        let bytes = piff::top_level(self.protector.flavor(), bytes)?;
        match box_type {
            FourCc::MOOV => self.take_moov(&bytes, position, passage)?,
            _ if self.movie.resume.is_some() => self.movie.rewrite(bytes, position, passage)?,
            _ => return Ok(Some(bytes)),
        }
        Ok(None)
    }

    fn fragment(&mut self, fragment: &Fragment<'_>, chunks: Vec<C>) -> Result<Written<C>, Error> {
        let Movie {
            tracks, fragments, ..
        } = &mut *self.movie;
        let tracks = tracks.as_mut().ok_or(Error::MediaBeforeMoov)?;
        fragments.protect(fragment, chunks, (tracks, &mut *self.protector))
    }

    fn start_loose(&mut self, is_empty: bool, passage: &mut Passage<C>) -> Result<(), Error> {
        let position = passage.position;
        match self.movie {
            Movie {
                resume: Some(_), ..
            } => Err(Error::Rewrites { position }),
            Movie {
                fragmenter: Some(fragmenter),
                ..
            } if is_empty || !fragmenter.is_empty() => Ok(()),
            _ if is_empty => {
                passage.give_mdat_header();
                Ok(())
            }
            Movie { tracks: None, .. } => Err(Error::MediaBeforeMoov),
            _ => Err(Error::MediaWithoutMoof),
        }
    }

    fn loose(&mut self, media: C, passage: &mut Passage<C>) -> Result<(), Error> {
        let position = passage.position - media.as_ref().len() as u64;
        if let Some(fragmenter) = &mut self.movie.fragmenter {
            fragmenter.add(position, media);
        }
        self.give_fragments(Fragmenter::next_fragment, passage)
    }

    fn end_loose(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn end(&mut self, passage: &mut Passage<C>) -> Result<(), Error> {
        self.give_fragments(Fragmenter::next_at_end, passage)
    }
}
