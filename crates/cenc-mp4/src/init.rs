// SPDX-License-Identifier: MPL-2.0
//! The init segment: rewrites a clear `moov` with protected sample entries and `pssh` boxes.

mod clear_track;
mod protected_entries;

use bytes::BytesMut;

use cenc_types::Media;
use codec_headers::{Codec, FormatKind};
use common_encryption::{BoxFlavor, Protector, TrackProtection};
use isobmff_boxes::{BoxTree, FourCc, SampleEntry, Trex};

use super::auxiliary::{drop_leftovers, drop_old_pssh, drop_old_sinf};
use super::form::MovieForm;
use super::fragmenting::Fragmenter;
use super::readback::check_moov;
use super::time::{TrackClock, movie_timescale};
use super::warning::WarningQueue;
use super::{Error, piff};
use clear_track::read_track;
use protected_entries::protect_stsd;

/// The boxes from a `trak` to its `stbl`.
pub(super) const STBL_PATH: [FourCc; 3] = [FourCc::MDIA, FourCc::MINF, FourCc::STBL];
/// QuickTime's compressed `moov`.
const CMOV: FourCc = FourCc(*b"cmov");
/// Boxes that only entries of video have.
const VIDEO_BOXES: [FourCc; 12] = [
    FourCc(*b"avcC"),
    FourCc(*b"svcC"),
    FourCc(*b"mvcC"),
    FourCc(*b"hvcC"),
    FourCc(*b"lhvC"),
    FourCc(*b"vvcC"),
    FourCc(*b"evcC"),
    FourCc(*b"lvcC"),
    FourCc(*b"av1C"),
    FourCc(*b"vpcC"),
    FourCc(*b"dvcC"),
    FourCc(*b"d263"),
];
/// Boxes that only entries of audio have.
const AUDIO_BOXES: [FourCc; 12] = [
    FourCc(*b"dac3"),
    FourCc(*b"dec3"),
    FourCc(*b"dac4"),
    FourCc(*b"dOps"),
    FourCc(*b"dfLa"),
    FourCc(*b"damr"),
    FourCc(*b"ddts"),
    FourCc(*b"dmlp"),
    FourCc(*b"mhaC"),
    FourCc(*b"iacb"),
    FourCc(*b"pcmC"),
    FourCc(*b"wave"),
];
/// The decoder configurations that are needed to read the headers of samples.
const CONFIG_BOXES: [FourCc; 4] = [
    FourCc(*b"avcC"),
    FourCc(*b"hvcC"),
    FourCc(*b"av1C"),
    FourCc(*b"vvcC"),
];

/// The parameter sets of views (MVC) and layers (MV-HEVC), in addition to those of the base.
const LAYER_CONFIG_BOXES: [FourCc; 2] = [FourCc(*b"mvcC"), FourCc(*b"lhvC")];

/// A track of the init segment, ready for its fragments.
pub(super) struct TrackState {
    pub(super) track_id: u32,
    pub(super) media: Media,
    pub(super) protection: Option<TrackProtection>,
    /// One for each sample description of a protected track.
    pub(super) codecs: Vec<Codec>,
    pub(super) trex: Trex,
    pub(super) clock: TrackClock,
    /// The end of its last fragment, in ticks.
    pub(super) decoded: u64,
    pub(super) flavor: BoxFlavor,
    /// True if its sample entries say that it is clear, until the next init segment.
    pub(super) is_clear: bool,
}

/// The init segment in force.
pub(super) struct MovieInit {
    /// Its `ftyp`; empty if it has none.
    pub(super) file_type: Vec<u8>,
    /// The clear `moov`.
    pub(super) moov: Vec<u8>,
    /// Its tracks, as they are protected now.
    pub(super) tracks: Vec<TrackState>,
}

/// An init segment outside the stream.
pub(super) struct ProtectedInit {
    /// All of its boxes.
    pub(super) bytes: Vec<u8>,
    /// None without a `moov`.
    pub(super) movie: Option<MovieInit>,
}

/// A track whose sample entries are protected.
pub(super) struct ProtectedTrack {
    pub(super) track_id: u32,
    media: Media,
    pub(super) protection: Option<TrackProtection>,
    /// One for each sample description of a protected track.
    pub(super) codecs: Vec<Codec>,
    /// True if its sample entries stay as they are.
    is_clear: bool,
}

/// A `moov` with protected sample entries, and its tracks.
pub(super) struct ProtectedMoov<T> {
    /// The whole box.
    pub(super) bytes: Vec<u8>,
    pub(super) tracks: Vec<T>,
}

impl MovieInit {
    /// Protects the init segment as `protector` says now, and returns it. The codecs keep the parameter sets that they have seen.
    pub(super) fn renew(&mut self, protector: &mut dyn Protector) -> Result<Vec<u8>, Error> {
        // The warnings are those of the first time.
        let mut warnings = WarningQueue::default();
        let renewed = protect_moov(&self.moov, protector, &mut warnings)?;
        let before = std::mem::replace(&mut self.tracks, renewed.tracks);
        for (track, before) in self.tracks.iter_mut().zip(before) {
            track.decoded = before.decoded;
            if track.codecs.len() == before.codecs.len() {
                track.codecs = before.codecs;
            }
        }
        Ok([self.file_type.as_slice(), &renewed.bytes].concat())
    }
}

/// Protects the `moov` of a fragmented movie.
pub(super) fn protect_moov(
    moov: &[u8],
    protector: &mut dyn Protector,
    warnings: &mut WarningQueue,
) -> Result<ProtectedMoov<TrackState>, Error> {
    let moov = BoxTree::parse(moov)?;
    let trexes = read_trexes(&moov)?;
    let movie_timescale = movie_timescale(&moov)?;
    let mut clocks = Vec::new();
    for trak in moov.all(FourCc::TRAK) {
        refuse_samples(trak.descend(&STBL_PATH)?)?;
        clocks.push(TrackClock::read(trak, movie_timescale)?);
    }
    let ProtectedMoov { bytes, tracks } = protect_tracks(moov, protector, warnings)?;
    Ok(ProtectedMoov {
        bytes,
        tracks: tracks
            .into_iter()
            .zip(clocks)
            .map(|(track, clock)| {
                Ok(TrackState {
                    track_id: track.track_id,
                    media: track.media,
                    protection: track.protection,
                    codecs: track.codecs,
                    trex: *trexes
                        .iter()
                        .find(|trex| trex.track_id == track.track_id)
                        .ok_or(isobmff_boxes::Error::Missing {
                            parent: FourCc::MVEX,
                            child: FourCc::TREX,
                        })?,
                    clock,
                    decoded: 0,
                    flavor: protector.flavor(),
                    is_clear: track.is_clear,
                })
            })
            .collect::<Result<_, Error>>()?,
    })
}

/// Lets `protector` decide how each track is protected, and writes that into the sample entries and `pssh` boxes.
pub(super) fn protect_tracks(
    mut moov: BoxTree<'_>,
    protector: &mut dyn Protector,
    warnings: &mut WarningQueue,
) -> Result<ProtectedMoov<ProtectedTrack>, Error> {
    drop_old_pssh(&mut moov, warnings)?;
    let form = MovieForm::of(&moov);
    let clear = moov
        .all(FourCc::TRAK)
        .map(|trak| read_track(trak, form))
        .collect::<Result<Vec<_>, _>>()?;
    refuse_duplicates(clear.iter().map(|track| track.track_id))?;
    let protection = protector.protect(&clear).map_err(Error::Protection)?;
    let flavor = protector.flavor();

    let mut tracks = Vec::with_capacity(clear.len());
    let mut protections = protection.tracks.into_iter();
    for (trak, track) in moov
        .children_mut()
        .into_iter()
        .flatten()
        .filter(|child| child.box_type == FourCc::TRAK)
        .zip(&clear)
    {
        if let Some(stbl) = find_stbl_mut(trak) {
            drop_leftovers(stbl, warnings)?;
            drop_old_sinf(stbl, track.media, warnings)?;
        }
        let track_protection = protections.next().flatten();
        let codecs = match &track_protection {
            Some(track_protection) => {
                let protected = protect_stsd(trak, track, track_protection, flavor)?;
                if let (false, Some(stsd)) = (protection.is_clear, find_stsd_mut(trak)) {
                    *stsd = protected.stsd;
                }
                protected.codecs
            }
            None => Vec::new(),
        };
        tracks.push(ProtectedTrack {
            track_id: track.track_id,
            media: track.media,
            codecs,
            protection: track_protection,
            is_clear: protection.is_clear,
        });
    }
    let pssh = protection
        .pssh
        .iter()
        .map(|pssh| piff::pssh(flavor, pssh))
        .collect::<Result<Vec<_>, _>>()?;
    let bytes = write_with_pssh(moov, &pssh)?;
    let protections: Vec<_> = tracks
        .iter()
        .map(|track| track.protection.as_ref().filter(|_| !track.is_clear))
        .collect();
    check_moov(&bytes, &protections, &pssh)?;
    Ok(ProtectedMoov { bytes, tracks })
}

/// Protects a whole init segment. Returns it with a new `moov` and, in PIFF, a new `ftyp`; other boxes are kept.
///
/// # Errors
/// As [`super::Encryptor::push`].
pub(super) fn protect_init(
    init: &[u8],
    protector: &mut dyn Protector,
    warnings: &mut WarningQueue,
) -> Result<ProtectedInit, Error> {
    let mut reader = isobmff_boxes::Reader::new(FourCc(*b"file"), init);
    let mut protected = ProtectedInit {
        bytes: Vec::with_capacity(init.len() + 1024),
        movie: None,
    };
    let mut file_type = Vec::new();
    while !reader.is_empty() {
        let before = reader.left();
        let header = reader.child()?.header;
        let whole = before.split_at(before.len() - reader.left().len()).0;
        match header.box_type {
            FourCc::MOOV => {
                let (clear, _) = Fragmenter::<BytesMut>::open(whole)?;
                let moov = protect_moov(&clear, protector, warnings)?;
                protected.bytes.extend(moov.bytes);
                protected.movie = Some(MovieInit {
                    file_type: std::mem::take(&mut file_type),
                    moov: clear.into_owned(),
                    tracks: moov.tracks,
                });
            }
            box_type => {
                let whole = piff::top_level(protector.flavor(), whole.to_vec())?;
                protected.bytes.extend_from_slice(&whole);
                if box_type == FourCc::FTYP {
                    file_type = whole;
                }
            }
        }
    }
    Ok(protected)
}

/// Refuses two tracks with one track_ID, by which fragments name their track.
pub(super) fn refuse_duplicates(numbers: impl Iterator<Item = u32>) -> Result<(), Error> {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    match numbers.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(&[track_id, ..]) => Err(Error::DuplicateTrack { track_id }),
        _ => Ok(()),
    }
}

fn read_trexes(moov: &BoxTree<'_>) -> Result<Vec<Trex>, Error> {
    let mut mvex = moov.all(FourCc::MVEX).peekable();
    if mvex.peek().is_none() {
        return Err(isobmff_boxes::Error::Missing {
            parent: FourCc::MOOV,
            child: FourCc::MVEX,
        }
        .into());
    }
    Ok(mvex
        .flat_map(|mvex| mvex.all(FourCc::TREX))
        .map(|trex| Trex::read(trex.reader()))
        .collect::<Result<_, _>>()?)
}

/// Returns the kind of media that a handler_type announces, 14496-12 clause 12. Tracks of unknown handlers stay clear like metadata.
const fn handled_kind(handler: FourCc) -> FormatKind {
    match &handler.0 {
        b"vide" | b"auxv" | b"pict" => FormatKind::Video,
        b"soun" => FormatKind::Audio,
        _ => FormatKind::TextOrMetadata,
    }
}

fn refuse_samples(stbl: &BoxTree<'_>) -> Result<(), Error> {
    match has_samples(stbl)? {
        true => Err(Error::SamplesInMoov),
        false => Ok(()),
    }
}

/// True if a sample table has samples. `stsz` and `stz2` have sample_count at the same offset.
pub(super) fn has_samples(stbl: &BoxTree<'_>) -> Result<bool, Error> {
    for table in stbl.all(FourCc::STSZ).chain(stbl.all(FourCc::STZ2)) {
        let mut reader = table.reader();
        reader.bytes(8)?;
        if reader.u32()? != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads the sample entries of an `stbl` and refuses protected ones.
pub(super) fn clear_entries<'a>(stbl: &'a BoxTree<'_>) -> Result<Vec<SampleEntry<'a>>, Error> {
    let entries = SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())?;
    match entries.iter().find(|entry| entry.is_protected()) {
        Some(entry) => Err(Error::AlreadyProtected { by: entry.format }),
        None => Ok(entries),
    }
}

/// Refuses a `moov` whose tracks cannot be read, so that their media would be lost.
pub(super) fn refuse_unreadable(moov: &BoxTree<'_>) -> Result<(), Error> {
    if moov.all(CMOV).next().is_some() {
        return Err(Error::CompressedMoov);
    }
    match moov.all(FourCc::TRAK).next() {
        Some(_) => Ok(()),
        None => Err(Error::NoTracks),
    }
}

/// Finds the `stsd` of a `trak`.
fn find_stsd_mut<'a, 'b>(trak: &'b mut BoxTree<'a>) -> Option<&'b mut BoxTree<'a>> {
    find_mut(find_stbl_mut(trak)?, FourCc::STSD)
}

/// Finds the `stbl` of a `trak`.
pub(super) fn find_stbl_mut<'a, 'b>(trak: &'b mut BoxTree<'a>) -> Option<&'b mut BoxTree<'a>> {
    STBL_PATH.into_iter().try_fold(trak, find_mut)
}

/// Finds the first child of a type.
pub(super) fn find_mut<'a, 'b>(
    parent: &'b mut BoxTree<'a>,
    box_type: FourCc,
) -> Option<&'b mut BoxTree<'a>> {
    parent
        .children_mut()?
        .iter_mut()
        .find(|child| child.box_type == box_type)
}

/// Writes the `moov` with `pssh` boxes after its other children.
fn write_with_pssh<'a>(mut moov: BoxTree<'a>, pssh: &[BoxTree<'a>]) -> Result<Vec<u8>, Error> {
    moov.children_mut()
        .ok_or(isobmff_boxes::Error::Missing {
            parent: FourCc::MOOV,
            child: FourCc::TRAK,
        })?
        .extend_from_slice(pssh);
    let mut out = Vec::with_capacity(moov.size());
    moov.write(&mut out)?;
    Ok(out)
}
