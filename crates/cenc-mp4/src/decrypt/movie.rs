// SPDX-License-Identifier: MPL-2.0
//! The `moov` of a protected movie: what it says of its tracks, and the same box for the clear movie.

use std::ops::Range;
use std::sync::Arc;

use cenc_types::PIFF_PSSH;
use cenc_types::Scheme;
use common_encryption::{KnownKeys, ParsedProtection, piff};
use isobmff_boxes::{BoxTree, FourCc, SampleEntry, Sinf, Tkhd, Trex};

use super::DecryptionError;
use super::gather::{Fetch, tells_of_protection};
use super::tables::TableTrack;
use crate::Error;
use crate::information::SeigDescriptions;
use crate::init::{STBL_PATH, find_mut, has_samples, refuse_duplicates};
use crate::items::refuse_items;
use crate::progressive::file::Piece;
use crate::progressive::moov::place_chunks;
use crate::progressive::tables::{self, SampleTable};

/// What fragments and sample tables need to know of a track.
pub(super) struct Track {
    pub(super) track_id: u32,
    pub(super) trex: Option<Trex>,
    /// One for each sample description; None for a clear one.
    pub(super) entries: Vec<Option<ProtectedEntry>>,
    /// The `seig` entries of the `stbl`.
    pub(super) groups: SeigDescriptions,
}

/// A protected sample entry.
pub(super) struct ProtectedEntry {
    pub(super) scheme: FoundScheme,
    /// Its `tenc`, which nothing needs where all samples are in groups.
    pub(super) default: Option<ParsedProtection>,
}

/// What `schm` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundScheme {
    /// One of the four.
    Cenc(Scheme),
    /// PIFF 1.1, whose AlgorithmID tells the cipher.
    Piff,
}

/// A protected movie.
pub(super) struct Movie {
    pub(super) tracks: Vec<TableTrack>,
    /// The `moov` of the clear movie.
    pub(super) moov: Vec<u8>,
    /// Whether sample tables place samples.
    pub(super) places_samples: bool,
}

impl Movie {
    /// Reads a whole `moov`; None when nothing is protected. The parts of the file, and the media among them, tell where
    /// samples may lie and where they go; `fetch` gives bytes of the file.
    pub(super) fn read(
        moov: &[u8],
        (pieces, media): (&[Piece], &[Range<u64>]),
        fetch: &mut Fetch<'_>,
        keys: &Arc<KnownKeys>,
    ) -> Result<Option<Self>, Error> {
        let mut tree = BoxTree::parse(moov)?;
        let found = read_tracks(&tree)?;
        if !found.iter().any(Track::is_protected) {
            return Ok(None);
        }
        refuse_duplicates(found.iter().map(|track| track.track_id))?;
        refuse_items(&tree)?;
        let places_samples = places_samples(&tree)?;
        let tracks = match places_samples {
            true => place(
                found,
                (&tree, tables::read_any(&tree, Some(media))?),
                fetch,
                keys,
            )?,
            false => {
                let found = found.into_iter();
                found
                    .map(|track| TableTrack::without_samples(track, Arc::clone(keys)))
                    .collect()
            }
        };
        clear(&mut tree)?;
        if places_samples {
            place_chunks(&mut tree, pieces)?;
        }
        let mut moov = Vec::with_capacity(tree.size());
        tree.write(&mut moov)?;
        Ok(Some(Self {
            tracks,
            moov,
            places_samples,
        }))
    }
}

/// Gives the tracks their sample tables.
fn place(
    tracks: Vec<Track>,
    (moov, tables): (&BoxTree<'_>, Vec<SampleTable>),
    fetch: &mut Fetch<'_>,
    keys: &Arc<KnownKeys>,
) -> Result<Vec<TableTrack>, Error> {
    let mut placed = Vec::with_capacity(tracks.len());
    let tables = tables.into_iter().zip(moov.all(FourCc::TRAK));
    for (track, (table, trak)) in tracks.into_iter().zip(tables) {
        let table = (trak.descend(&STBL_PATH)?, table);
        placed.push(TableTrack::read(track, table, fetch, Arc::clone(keys))?);
    }
    Ok(placed)
}

/// Whether any sample table has samples.
fn places_samples(moov: &BoxTree<'_>) -> Result<bool, Error> {
    let mut some = false;
    for trak in moov.all(FourCc::TRAK) {
        some |= has_samples(trak.descend(&STBL_PATH)?)?;
    }
    Ok(some)
}

impl Track {
    /// Whether any of its sample entries is protected.
    pub(super) fn is_protected(&self) -> bool {
        self.entries.iter().any(Option::is_some)
    }
}

/// Reads the tracks of a `moov`.
fn read_tracks(moov: &BoxTree<'_>) -> Result<Vec<Track>, Error> {
    let trexes = moov
        .all(FourCc::MVEX)
        .flat_map(|mvex| mvex.all(FourCc::TREX));
    let trexes = trexes.map(|trex| Trex::read(trex.reader()));
    let trexes = trexes.collect::<Result<Vec<_>, _>>()?;
    moov.all(FourCc::TRAK)
        .map(|trak| read_track(trak, &trexes))
        .collect()
}

fn read_track(trak: &BoxTree<'_>, trexes: &[Trex]) -> Result<Track, Error> {
    let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
    let stbl = trak.descend(&STBL_PATH)?;
    let entries = SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())?;
    let entries = entries.iter().map(|entry| read_entry(entry, track_id));
    Ok(Track {
        track_id,
        trex: trexes
            .iter()
            .find(|trex| trex.track_id == track_id)
            .copied(),
        entries: entries.collect::<Result<_, _>>()?,
        groups: SeigDescriptions::read(stbl).sound()?,
    })
}

fn read_entry(entry: &SampleEntry<'_>, track_id: u32) -> Result<Option<ProtectedEntry>, Error> {
    if !entry.is_protected() {
        return Ok(None);
    }
    let sinf = read_sinf(entry)?;
    let scheme = sinf.schm.map_or(FourCc(*b"none"), |schm| schm.scheme_type);
    let mut known = Scheme::ALL.into_iter();
    let found = known
        .find(|known| *known.fourcc() == scheme.0)
        .map(FoundScheme::Cenc);
    let found = found.or((scheme == piff::SCHM.scheme_type).then_some(FoundScheme::Piff));
    let unknown = DecryptionError::UnknownScheme { track_id, scheme };
    let boxes = sinf.scheme_information.unwrap_or_default();
    Ok(Some(ProtectedEntry {
        scheme: found.ok_or(unknown)?,
        default: ParsedProtection::in_scheme_information(boxes)?,
    }))
}

fn read_sinf<'a>(entry: &SampleEntry<'a>) -> Result<Sinf<'a>, isobmff_boxes::Error> {
    let sinf = entry.sinf()?.ok_or(isobmff_boxes::Error::Missing {
        parent: entry.format,
        child: FourCc::SINF,
    })?;
    Sinf::read(isobmff_boxes::Reader::new(FourCc::SINF, sinf))
}

/// Takes out of a `moov` all that tells of protection; chunk offsets stay as they are.
fn clear(moov: &mut BoxTree<'_>) -> Result<(), Error> {
    for child in moov.children_mut().into_iter().flatten() {
        let mut path = STBL_PATH.into_iter();
        if child.box_type == FourCc::TRAK
            && let Some(stbl) = path.try_fold(child, find_mut)
        {
            clear_stbl(stbl)?;
        }
    }
    without_pssh(moov);
    Ok(())
}

/// Takes the `pssh` boxes, or PIFF's, out of a `moov` or `moof`.
pub(super) fn without_pssh(parent: &mut BoxTree<'_>) {
    if let Some(children) = parent.children_mut() {
        children.retain(|child| child.box_type != FourCc::PSSH && child.uuid != Some(PIFF_PSSH));
    }
}

/// Takes out of a `stbl` or `traf` what tells how its samples are protected.
pub(super) fn without_protection(parent: &mut BoxTree<'_>) -> Result<(), Error> {
    let Some(children) = parent.children_mut() else {
        return Ok(());
    };
    let mut told = Ok(());
    children.retain(|child| match tells_of_protection(child) {
        Ok(tells) => !tells,
        Err(error) => {
            told = Err(error);
            true
        }
    });
    told
}

fn clear_stbl(stbl: &mut BoxTree<'_>) -> Result<(), Error> {
    without_protection(stbl)?;
    let Some(stsd) = find_mut(stbl, FourCc::STSD) else {
        return Ok(());
    };
    let mut clear = Vec::new();
    for entry in SampleEntry::read_all(stsd.reader())? {
        clear.push(match entry.is_protected() {
            true => entry.without_sinf(read_sinf(&entry)?.original_format)?,
            false => BoxTree::leaf(entry.format, entry.body.to_vec()),
        });
    }
    *stsd = isobmff_boxes::build_stsd(stsd.reader(), &clear)?;
    Ok(())
}
