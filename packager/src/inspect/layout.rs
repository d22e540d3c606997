// SPDX-License-Identifier: MPL-2.0
//! Reads the top-level boxes of a protected file or segment, and the keys that its fragments name, for manifests.

use std::path::Path;

use cenc_mp4::information::{SeigDescriptions, is_encryption_information, is_seig_group};
use cenc_types::{PIFF_PSSH, Pssh};
use drm_signaling::Drm;
use isobmff_boxes::{BoxTree, Error, FourCc};
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
    while let Some(top) = file.next()? {
        layout.boxes.push(read_box(&top, &mut file)?);
    }
    Ok(layout)
}

fn read_box(top: &TopBox, file: &mut Mp4File) -> Result<FileBox, init::Error> {
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
        found.keys = fragment_keys(&moof).map_err(init::Error::Moof)?;
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

fn fragment_keys(moof: &BoxTree<'_>) -> Result<FragmentKeys, Error> {
    let mut keys = FragmentKeys::default();
    for traf in moof.all(FourCc::TRAF) {
        for seig in SeigDescriptions::read(traf)
            .readable()
            .filter(|seig| seig.is_protected != 0)
        {
            if !keys.kids.contains(&seig.kid) {
                keys.kids.push(seig.kid);
            }
        }
    }
    for child in moof.children().iter().filter(|child| is_pssh(child)) {
        let pssh = Pssh::read(child.reader())?;
        let drm = Drm::from_pssh(&pssh, pssh.to_bytes()?);
        if !keys.drms.contains(&drm) {
            keys.drms.push(drm);
        }
    }
    Ok(keys)
}

fn is_pssh(child: &BoxTree<'_>) -> bool {
    child.box_type == FourCc::PSSH || child.uuid == Some(PIFF_PSSH)
}
