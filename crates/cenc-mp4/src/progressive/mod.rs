// SPDX-License-Identifier: MPL-2.0
//! Progressive MP4 (ISO/IEC 14496-12 clause 8.7): a file whose `moov` places every sample comes out protected and with its
//! `moov` in front, in two passes over the samples.
//!
//! The first pass maps the samples of protected tracks and takes their IVs; the `senc` boxes that this makes go into the
//! sample tables, by which all media moves. The second pass copies the file in its order and encrypts by what `senc` says. Sizes
//! do not change, so each `mdat` keeps its own. Held are tables of the size of the `moov` and one block of samples.

pub(super) mod cursor;
pub(super) mod file;
mod measure;
pub(super) mod moov;
pub(super) mod source;
pub(super) mod tables;
pub(super) mod write;

pub use source::SeekableInput;

use common_encryption::BoxFlavor;
use isobmff_boxes::BoxTree;

use super::init::{ProtectedMoov, protect_tracks};
use super::{Error, Output, RequiredForm, Totals};
use common_encryption::Protector;
use file::File;
use measure::TrackPlan;
use write::Writer;

/// What is read and given at once, in bytes; more where a sample is larger.
const BLOCK: u64 = 1 << 20;
/// The largest sample that is taken, in bytes.
pub(super) const MAX_SAMPLE: u64 = 256 << 20;

/// Protects one progressive file. The steps follow each other: [`Self::open`], [`Self::protect`], [`Self::measure`], then
/// [`Self::next_output`] up to the end.
pub struct ProgressiveEncryptor {
    file: File,
    tracks: Vec<TrackPlan>,
    /// The `moov` with protected sample entries, not yet with auxiliary information.
    moov: Vec<u8>,
    writer: Writer,
}

impl ProgressiveEncryptor {
    /// Looks at the boxes of a file; None for a file that is to be pushed through an [`super::Encryptor`]: it is fragmented,
    /// or must come out so and can, as its `moov` is in front.
    ///
    /// # Errors
    /// Damage at the top of the file, features whose offsets are not moved, [`Error::Input`].
    pub fn open<S: SeekableInput>(
        source: &mut S,
        required: RequiredForm,
    ) -> Result<Option<Self>, Error> {
        let comes_out_fragmented =
            |file: &File| required == RequiredForm::Fragmented && file.starts_with_moov;
        let file = File::scan(source)?.filter(|file| !comes_out_fragmented(file));
        Ok(file.map(|file| Self {
            file,
            tracks: Vec::new(),
            moov: Vec::new(),
            writer: Writer::default(),
        }))
    }

    /// Asks `protector` how the tracks are protected; reads nothing.
    ///
    /// # Errors
    /// What makes the file impossible to protect: no key, protected already, a damaged sample table.
    pub fn protect(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        if protector.flavor() == BoxFlavor::Piff {
            return Err(Error::ProgressivePiff);
        }
        if protector.follows_time() {
            return Err(Error::ProgressivePeriods);
        }
        let tree = BoxTree::parse(&self.file.moov)?;
        let media: Vec<_> = self.file.media().collect();
        let tables = tables::read_all(&tree, Some(&media))?;
        let ProtectedMoov {
            bytes: moov,
            tracks,
        } = protect_tracks(tree, protector)?;
        let plans = tracks.into_iter().zip(tables);
        self.tracks = plans
            .map(|(track, table)| TrackPlan::new(track, table))
            .collect::<Result<_, _>>()?;
        self.moov = moov;
        self.file.moov = Vec::new();
        Ok(())
    }

    /// The first pass: maps the samples of protected tracks and writes the `moov`.
    ///
    /// # Errors
    /// [`Error::Sample`], [`Error::Input`], boxes that outgrow their sizes.
    pub fn measure<S: SeekableInput>(&mut self, source: &mut S) -> Result<(), Error> {
        for track in &mut self.tracks {
            track.measure(source)?;
        }
        let moov = std::mem::take(&mut self.moov);
        let moov = moov::write(&moov, &self.tracks, &self.file.pieces)?;
        self.writer = Writer::new(moov, &mut self.tracks);
        Ok(())
    }

    /// The second pass: the next part of the protected file; None at its end.
    ///
    /// # Errors
    /// [`Error::Input`], [`Error::Sample`]; nothing may be written any more then.
    pub fn next_output<S: SeekableInput>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        self.writer
            .next_output(source, (&self.file.pieces, &self.tracks))
    }

    /// What came out so far; a progressive file has no fragments.
    pub const fn totals(&self) -> Totals {
        self.writer.totals()
    }
}
