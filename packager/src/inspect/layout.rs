// SPDX-License-Identifier: MPL-2.0
//! Reads the top-level boxes of a protected file or segment, and the keys that its fragments name, for manifests.

use std::path::Path;

use cenc_mp4::information::{
    ProtectionSources, SampleGroups, SeigDescriptions, is_encryption_information, is_seig_group,
};
use cenc_types::{KeyId, PIFF_PSSH, Pssh};
use drm_signaling::Drm;
use isobmff_boxes::{BoxTree, FourCc, GroupDescription, Tfhd, Tkhd};
use presentation::{FileBox, FileBoxKind, FileLayout, FragmentKeys};

use super::init;
use super::mp4_file::{Mp4File, TopBox};

/// Reads a whole file.
///
/// # Errors
/// [`init::Error`].
pub fn read(path: &Path) -> Result<FileLayout, init::Error> {
    let mut file = Mp4File::open(path)?;
    let mut layout = FileLayout::default();
    let mut tracks = Vec::new();
    while let Some(top) = file.next()? {
        if top.box_type == FourCc::MOOV {
            tracks = read_tracks(&BoxTree::parse(&file.load(&top)?)?)?;
        }
        layout.boxes.push(read_box(&top, &mut file, &tracks)?);
    }
    Ok(layout)
}

/// The `seig` descriptions of a track, which its fragments may use.
struct TrackDescriptions {
    track_id: u32,
    seig: SeigDescriptions,
}

fn read_tracks(moov: &BoxTree<'_>) -> Result<Vec<TrackDescriptions>, init::Error> {
    moov.all(FourCc::TRAK)
        .map(|trak| {
            let stbl = trak.descend(&[FourCc::MDIA, FourCc::MINF, FourCc::STBL])?;
            Ok(TrackDescriptions {
                track_id: Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id,
                seig: SeigDescriptions::read(stbl),
            })
        })
        .collect()
}

fn read_box(
    top: &TopBox,
    file: &mut Mp4File,
    tracks: &[TrackDescriptions],
) -> Result<FileBox, init::Error> {
    let mut found = FileBox {
        kind: match top.box_type {
            FourCc::MOOV => FileBoxKind::Movie,
            FourCc::SIDX => FileBoxKind::Index,
            FourCc::MOOF => FileBoxKind::Fragment,
            FourCc::MDAT => FileBoxKind::Media,
            _ => FileBoxKind::Other,
        },
        position: top.position,
        size: top.size,
        added: 0,
        keys: FragmentKeys::default(),
    };
    if found.kind == FileBoxKind::Fragment {
        let bytes = file.load(top)?;
        let moof = BoxTree::parse(&bytes).map_err(init::Error::Moof)?;
        found.added = added_bytes(&moof);
        found.keys = fragment_keys(&moof, tracks)?;
    }
    Ok(found)
}

/// Returns the size of the boxes that protection adds to a fragment.
fn added_bytes(moof: &BoxTree<'_>) -> u64 {
    let in_trafs = moof
        .all(FourCc::TRAF)
        .flat_map(BoxTree::children)
        .filter(|child| is_encryption_information(child) || is_seig_group(child));
    moof.children()
        .iter()
        .filter(|child| is_pssh(child))
        .chain(in_trafs)
        .map(|added| added.size() as u64)
        .sum()
}

fn fragment_keys(
    moof: &BoxTree<'_>,
    tracks: &[TrackDescriptions],
) -> Result<FragmentKeys, init::Error> {
    let mut keys = FragmentKeys::default();
    for traf in moof.all(FourCc::TRAF) {
        for kid in used_key_ids(traf, tracks)? {
            if !keys.kids.contains(&kid) {
                keys.kids.push(kid);
            }
        }
    }
    for child in moof.children().iter().filter(|child| is_pssh(child)) {
        let pssh = Pssh::read(child.reader()).map_err(init::Error::Moof)?;
        let whole = pssh.to_bytes().map_err(init::Error::Moof)?;
        let drm = Drm::from_pssh(&pssh, whole);
        if !keys.drms.contains(&drm) {
            keys.drms.push(drm);
        }
    }
    Ok(keys)
}

/// Returns the KIDs that the `seig` groups of a track fragment name: those that it has itself, and those of its track that it uses.
fn used_key_ids(
    traf: &BoxTree<'_>,
    tracks: &[TrackDescriptions],
) -> Result<Vec<KeyId>, init::Error> {
    let track_id = traf
        .child(FourCc::TFHD)
        .and_then(|tfhd| Tfhd::read(tfhd.reader()))
        .map_err(init::Error::Moof)?
        .track_id;
    let none = SeigDescriptions::default();
    let fragment = SeigDescriptions::read(traf);
    let track = tracks
        .iter()
        .find(|track| track.track_id == track_id)
        .map_or(&none, |track| &track.seig);
    let groups = SampleGroups::read(traf, track, &fragment).map_err(init::Error::Moof)?;
    let sources = ProtectionSources {
        default: None,
        track,
        fragment: &fragment,
    };
    let mut used: Vec<_> = fragment.readable().collect();
    for group in groups
        .runs()
        .iter()
        .map(|run| run.description)
        .chain(groups.runs().is_empty().then(|| groups.rest()))
        .filter(|group| matches!(group, GroupDescription::Track(_)))
    {
        used.push(sources.in_force(group).ok_or(init::Error::UnknownGroup)?);
    }
    Ok(used
        .into_iter()
        .filter(|seig| seig.is_protected != 0)
        .map(|seig| seig.kid)
        .collect())
}

fn is_pssh(child: &BoxTree<'_>) -> bool {
    child.box_type == FourCc::PSSH || child.uuid == Some(PIFF_PSSH)
}

#[cfg(test)]
mod tests;
