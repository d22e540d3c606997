// SPDX-License-Identifier: MPL-2.0
//! Progressive MP4 (ISO/IEC 14496-12 clause 8.7): protects a file whose `moov` places every sample, in two passes over the samples. The
//! output has `moov` in front.
//!
//! The first pass maps the samples of protected tracks and takes their IVs. The `senc` boxes go into the sample tables, which moves
//! all media. The second pass copies the file in its order and encrypts as `senc` says. Sizes do not change, so each `mdat` keeps its
//! own. Memory is needed for tables of the size of the `moov` and for one block of samples.

mod constant_rate;
pub(super) mod cursor;
pub(super) mod file;
mod late_moov;
mod measure;
pub(super) mod moov;
pub(super) mod other_information;
pub(super) mod source;
pub(super) mod tables;
pub(super) mod write;
mod written;

pub use late_moov::LateMoov;
pub use source::SeekableInput;

use common_encryption::{BoxFlavor, Protector};
use isobmff_boxes::BoxTree;

use super::init::{ProtectedMoov, protect_tracks, refuse_unreadable};
use super::stream::Trailer;
use super::warning::WarningQueue;
use super::{Error, Output, RequiredForm, Totals, Warning};
use file::ProgressiveFile;
use measure::TrackPlan;
use tables::SampleTable;
use write::ProgressiveWriter;

/// The bytes that are read and output at once; more if a sample is larger.
const BLOCK: u64 = 1 << 20;
/// The largest sample, in bytes.
pub(super) const MAX_SAMPLE: u64 = 256 << 20;

/// Protects one progressive file: [`Self::open`], [`Self::protect`], [`Self::measure`], then [`Self::next_output`] until it
/// returns None.
///
/// ```
/// use std::error::Error;
///
/// use bytes::BytesMut;
/// use cenc_mp4::{Output, ProgressiveEncryptor, RequiredForm, SeekableInput};
/// # use std::sync::Arc;
/// # use cenc_types::{ContentKey, Iv, Pattern, Scheme, Track};
/// # use common_encryption::{EncryptionMethod, InitProtection, IvSource, Protector, SampleKey, TrackProtection};
/// # struct OneKey(TrackProtection);
/// # impl Protector for OneKey {
/// #     fn protect(&mut self, tracks: &[Track]) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
/// #         Ok(InitProtection {
/// #             tracks: tracks.iter().map(|_| Some(self.0.clone())).collect(),
/// #             ..InitProtection::default()
/// #         })
/// #     }
/// # }
///
/// /// A file in memory.
/// struct Memory(&'static [u8]);
///
/// impl SeekableInput for Memory {
///     type Chunk = BytesMut;
///
///     fn size(&self) -> u64 {
///         self.0.len() as u64
///     }
///
///     fn read(&mut self, offset: u64, len: usize) -> Result<BytesMut, Box<dyn Error + Send + Sync>> {
///         let rest = self.0.get(usize::try_from(offset)?..).ok_or("outside the file")?;
///         Ok(rest.get(..len).ok_or("outside the file")?.into())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn Error>> {
/// # let scheme = Scheme::Cenc;
/// # let mut one_key = OneKey(TrackProtection {
/// #     key: Arc::new(SampleKey::new(
/// #         "0c1d2e3f-4051-6273-8495-a6b7c8d9eafb".parse()?,
/// #         &ContentKey::parse("00112233445566778899aabbccddeeff")?,
/// #         scheme,
/// #         IvSource::new(scheme, Iv::new(&[7; 8])?)?,
/// #     )),
/// #     method: EncryptionMethod { scheme, pattern: Pattern::NONE },
/// #     root_kid: None,
/// # });
/// let mut file = Memory(include_bytes!(
///     "../../../../fuzz/corpus/progressive/samples_decrypt_and_the_moov_comes_first_moov_last"
/// ));
/// let mut encryptor = ProgressiveEncryptor::open(&mut file, RequiredForm::Any)?.ok_or("the file is fragmented")?;
/// // `one_key` is the `Protector` of the crate's example.
/// encryptor.protect(&mut one_key)?;
/// encryptor.measure(&mut file)?;
///
/// let mut protected = Vec::new();
/// while let Some(output) = encryptor.next_output(&mut file)? {
///     match output {
///         Output::Boxes { bytes, .. } => protected.extend(bytes),
///         Output::Media(bytes) => protected.extend(bytes),
///         Output::Patch { .. } => return Err("a file has no patches".into()),
///     }
/// }
/// let position = |name: &[u8]| protected.windows(4).position(|word| word == name);
/// assert!(position(b"moov") < position(b"mdat"));
/// assert!(position(b"sinf").is_some());
/// # Ok(())
/// # }
/// ```
pub struct ProgressiveEncryptor {
    file: ProgressiveFile,
    tracks: Vec<TrackPlan>,
    /// The `moov` with protected sample entries, but without auxiliary information.
    moov: Vec<u8>,
    writer: ProgressiveWriter,
    warnings: WarningQueue,
}

impl ProgressiveEncryptor {
    /// Reads the boxes of a file. Returns None for a file that an [`super::Encryptor`] must protect: it is fragmented, or
    /// its output must be fragmented and can be, as its `moov` is in front.
    ///
    /// # Errors
    /// Damaged boxes, boxes with offsets that cannot be updated, [`Error::Input`].
    pub fn open<S: SeekableInput>(
        source: &mut S,
        required: RequiredForm,
    ) -> Result<Option<Self>, Error> {
        Ok(ProgressiveFile::scan(source)?
            .filter(|file| required == RequiredForm::Any || !file.starts_with_moov)
            .map(Self::new))
    }

    fn new(mut file: ProgressiveFile) -> Self {
        let mut warnings = WarningQueue::default();
        if let Some(Trailer { position, len }) = file.trailer {
            warnings.add(Warning::Trailer { position, len });
        }
        for warning in std::mem::take(&mut file.leftovers) {
            warnings.add(warning);
        }
        Self {
            file,
            tracks: Vec::new(),
            moov: Vec::new(),
            writer: ProgressiveWriter::default(),
            warnings,
        }
    }

    /// Lets `protector` decide how the tracks are protected; reads nothing.
    ///
    /// # Errors
    /// Those of the protector, for instance without a key; a file that is already protected; a damaged sample table.
    pub fn protect(&mut self, protector: &mut dyn Protector) -> Result<(), Error> {
        if protector.flavor() == BoxFlavor::Piff {
            return Err(Error::ProgressivePiff);
        }
        if protector.follows_time() {
            return Err(Error::ProgressivePeriods);
        }
        let tree = BoxTree::parse(&self.file.moov)?;
        refuse_unreadable(&tree)?;
        let media: Vec<_> = self.file.media().collect();
        let tables = tables::read_all(&tree, Some(&media))?;
        let has_samples = tables.iter().any(SampleTable::has_bytes);
        if !has_samples && media.iter().any(|payload| !payload.is_empty()) {
            return Err(Error::NoSamples);
        }
        let ProtectedMoov { bytes, tracks } = protect_tracks(tree, protector, &mut self.warnings)?;
        self.tracks = tracks
            .into_iter()
            .zip(tables)
            .map(|(track, table)| TrackPlan::new(track, table))
            .collect::<Result<_, _>>()?;
        self.moov = bytes;
        self.file.moov = Vec::new();
        Ok(())
    }

    /// Maps the samples of protected tracks and writes the `moov`, in the first pass.
    ///
    /// # Errors
    /// [`Error::Sample`], [`Error::Input`], and boxes that become too large.
    pub fn measure<S: SeekableInput>(&mut self, source: &mut S) -> Result<(), Error> {
        for track in &mut self.tracks {
            track.measure(source)?;
        }
        let moov = moov::write(
            &std::mem::take(&mut self.moov),
            &self.tracks,
            &self.file.pieces,
        )?;
        self.writer = ProgressiveWriter::new(moov, &mut self.tracks);
        Ok(())
    }

    /// Returns the next part of the protected file, in the second pass; None at its end.
    ///
    /// # Errors
    /// [`Error::Input`], [`Error::Sample`]. The file must not be written any further then.
    pub fn next_output<S: SeekableInput>(
        &mut self,
        source: &mut S,
    ) -> Result<Option<Output<S::Chunk>>, Error> {
        self.writer
            .next_output(source, &self.file.pieces, &self.tracks)
    }

    /// Returns the next warning of the file so far; each is returned once.
    pub fn next_warning(&mut self) -> Option<Warning> {
        self.warnings.next()
    }

    /// Returns the amount of media written so far; a progressive file has no fragments.
    pub const fn totals(&self) -> Totals {
        self.writer.totals()
    }
}
