// SPDX-License-Identifier: MPL-2.0
//! The `moov` of a protected movie: reads its tracks, and rewrites it for the clear movie.

use std::ops::Range;
use std::sync::Arc;

use cenc_types::{PIFF_PSSH, Scheme};
use common_encryption::{KnownKeys, ParsedProtection, piff};
use isobmff_boxes::{BoxTree, FourCc, SampleEntry, Sinf, Tkhd, Trex};

use super::DecryptionError;
use super::gather::{InformationReader, describes_protection};
use super::tables::TableTrack;
use crate::Error;
use crate::information::SeigDescriptions;
use crate::init::{STBL_PATH, find_mut, find_stbl_mut, has_samples, refuse_duplicates};
use crate::items::refuse_items;
use crate::progressive::file::FilePiece;
use crate::progressive::moov::place_chunks;
use crate::progressive::tables::{self, SampleTable};

/// A track of a movie that may be protected, as its fragments and sample tables need it.
pub(crate) struct EncryptedTrack {
    pub(super) track_id: u32,
    pub(super) trex: Option<Trex>,
    /// One for each sample description; None for a clear one.
    pub(crate) entries: Vec<Option<EncryptedEntry>>,
    /// The `seig` entries of the `stbl`.
    pub(super) groups: SeigDescriptions,
}

/// A protected sample entry.
pub(crate) struct EncryptedEntry {
    pub(crate) scheme: FoundScheme,
    /// Its `tenc`, which may be missing if all samples are in groups.
    pub(crate) default: Option<ParsedProtection>,
}

/// The scheme that `schm` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoundScheme {
    /// One of the four schemes of Common Encryption.
    Cenc(Scheme),
    /// PIFF 1.1, in which AlgorithmID selects the cipher.
    Piff,
}

/// A protected movie.
pub(super) struct EncryptedMovie {
    pub(super) tracks: Vec<TableTrack>,
    /// The `moov` of the clear movie.
    pub(super) moov: Vec<u8>,
    /// True if sample tables place samples.
    pub(super) places_samples: bool,
}

impl EncryptedMovie {
    /// Reads a whole `moov`; None if nothing is protected. `media` has the ranges of the file that may have samples, `pieces` the
    /// order in which the file is written.
    pub(super) fn read(
        moov: &[u8],
        pieces: &[FilePiece],
        media: &[Range<u64>],
        bytes: &mut dyn InformationReader,
        keys: &Arc<KnownKeys>,
    ) -> Result<Option<Self>, Error> {
        let mut tree = BoxTree::parse(moov)?;
        let tracks = read_tracks(&tree)?;
        if !tracks.iter().any(EncryptedTrack::is_protected) {
            return Ok(None);
        }
        refuse_duplicates(tracks.iter().map(|track| track.track_id))?;
        refuse_items(&tree)?;
        let places_samples = places_samples(&tree)?;
        let tracks = match places_samples {
            true => {
                let tables = tables::read_any(&tree, Some(media))?;
                with_tables(tracks, &tree, tables, bytes, keys)?
            }
            false => tracks
                .into_iter()
                .map(|track| TableTrack::without_samples(track, Arc::clone(keys)))
                .collect(),
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

/// Returns the tracks with their sample tables.
fn with_tables(
    tracks: Vec<EncryptedTrack>,
    moov: &BoxTree<'_>,
    tables: Vec<SampleTable>,
    bytes: &mut dyn InformationReader,
    keys: &Arc<KnownKeys>,
) -> Result<Vec<TableTrack>, Error> {
    tracks
        .into_iter()
        .zip(tables)
        .zip(moov.all(FourCc::TRAK))
        .map(|((track, table), trak)| {
            let stbl = trak.descend(&STBL_PATH)?;
            TableTrack::read(track, stbl, table, bytes, Arc::clone(keys))
        })
        .collect()
}

/// True if any sample table has samples.
fn places_samples(moov: &BoxTree<'_>) -> Result<bool, Error> {
    for trak in moov.all(FourCc::TRAK) {
        if has_samples(trak.descend(&STBL_PATH)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl EncryptedTrack {
    /// True if any of its sample entries is protected.
    pub(super) fn is_protected(&self) -> bool {
        self.entries.iter().any(Option::is_some)
    }
}

/// Reads the tracks of a `moov`.
pub(crate) fn read_tracks(moov: &BoxTree<'_>) -> Result<Vec<EncryptedTrack>, Error> {
    let trexes = moov
        .all(FourCc::MVEX)
        .flat_map(|mvex| mvex.all(FourCc::TREX))
        .map(|trex| Trex::read(trex.reader()))
        .collect::<Result<Vec<_>, _>>()?;
    moov.all(FourCc::TRAK)
        .map(|trak| read_track(trak, &trexes))
        .collect()
}

fn read_track(trak: &BoxTree<'_>, trexes: &[Trex]) -> Result<EncryptedTrack, Error> {
    let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
    let stbl = trak.descend(&STBL_PATH)?;
    Ok(EncryptedTrack {
        track_id,
        trex: trexes
            .iter()
            .find(|trex| trex.track_id == track_id)
            .copied(),
        entries: SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())?
            .iter()
            .map(|entry| read_entry(entry, track_id))
            .collect::<Result<_, _>>()?,
        groups: SeigDescriptions::read(stbl).sound()?,
    })
}

fn read_entry(entry: &SampleEntry<'_>, track_id: u32) -> Result<Option<EncryptedEntry>, Error> {
    if !entry.is_protected() {
        return Ok(None);
    }
    let sinf = read_sinf(entry)?;
    let scheme = sinf.schm.map_or(FourCc(*b"none"), |schm| schm.scheme_type);
    Ok(Some(EncryptedEntry {
        scheme: FoundScheme::of(scheme)
            .ok_or(DecryptionError::UnknownScheme { track_id, scheme })?,
        default: ParsedProtection::in_scheme_information(
            sinf.scheme_information.unwrap_or_default(),
        )?,
    }))
}

impl FoundScheme {
    fn of(scheme_type: FourCc) -> Option<Self> {
        if scheme_type == piff::SCHM.scheme_type {
            return Some(Self::Piff);
        }
        Scheme::ALL
            .into_iter()
            .find(|scheme| *scheme.fourcc() == scheme_type.0)
            .map(Self::Cenc)
    }
}

fn read_sinf<'a>(entry: &SampleEntry<'a>) -> Result<Sinf<'a>, isobmff_boxes::Error> {
    let sinf = entry.sinf()?.ok_or(isobmff_boxes::Error::Missing {
        parent: entry.format,
        child: FourCc::SINF,
    })?;
    Sinf::read(isobmff_boxes::Reader::new(FourCc::SINF, sinf))
}

/// Removes all descriptions of protection from a `moov`; chunk offsets stay as they are.
fn clear(moov: &mut BoxTree<'_>) -> Result<(), Error> {
    for child in moov.children_mut().into_iter().flatten() {
        if child.box_type == FourCc::TRAK
            && let Some(stbl) = find_stbl_mut(child)
        {
            clear_stbl(stbl)?;
        }
    }
    remove_pssh(moov);
    Ok(())
}

/// Removes the `pssh` boxes, PIFF's too, from a `moov` or `moof`.
pub(super) fn remove_pssh(parent: &mut BoxTree<'_>) {
    if let Some(children) = parent.children_mut() {
        children.retain(|child| child.box_type != FourCc::PSSH && child.uuid != Some(PIFF_PSSH));
    }
}

/// Removes the boxes that describe protection from a `stbl` or `traf`.
pub(super) fn remove_protection(parent: &mut BoxTree<'_>) -> Result<(), Error> {
    let Some(children) = parent.children_mut() else {
        return Ok(());
    };
    let mut result = Ok(());
    children.retain(|child| {
        !describes_protection(child).unwrap_or_else(|error| {
            result = Err(error);
            false
        })
    });
    result
}

fn clear_stbl(stbl: &mut BoxTree<'_>) -> Result<(), Error> {
    remove_protection(stbl)?;
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
