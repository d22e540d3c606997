// SPDX-License-Identifier: MPL-2.0
//! Sample auxiliary information, 23001-7 clause 7: the boxes that a `traf` or `stbl` gets, and those of an earlier protection that are
//! dropped.

use cenc_types::{Media, PIFF_PSSH};
use common_encryption::{SEIG, SencBuilder};
use isobmff_boxes::{
    BoxTree, EntryLayout, FourCc, SampleEntry, build_fragment_sbgp, build_saio, build_saiz,
    build_sgpd,
};

use super::information::{is_seig_group, is_senc, points_at_entries};
use super::init::find_mut;
use super::warning::WarningQueue;
use super::{Error, Warning};

/// Bytes of version and flags, which SystemID follows in a `pssh`.
const FULL_BOX_HEADER: usize = 4;

/// Drops what an earlier protection left in a `traf` or `stbl` whose samples are clear now: `senc`, its sizes and offsets, and `seig`
/// groups. Sample entries say whether samples are protected, so no reader would use these.
pub(super) fn drop_leftovers(
    parent: &mut BoxTree<'_>,
    warnings: &mut WarningQueue,
) -> Result<(), Error> {
    drop_children(parent, warnings, |child| {
        Ok(points_at_entries(child)?.unwrap_or(is_senc(child) || is_seig_group(child)))
    })
}

/// Drops the `pssh` boxes of an earlier protection, those of PIFF included, from a clear `moov` or `moof`: a player would request
/// the old licence.
pub(super) fn drop_old_pssh(
    parent: &mut BoxTree<'_>,
    warnings: &mut WarningQueue,
) -> Result<(), Error> {
    drop_children(parent, warnings, |child| Ok(is_pssh(child)))
}

/// Replaces a top-level `pssh` of an earlier protection by a `free` box of the same size, so that nothing moves. Some players read
/// these boxes there too.
pub(super) fn free_old_pssh(bytes: &mut [u8], warnings: &mut WarningQueue) {
    let Some(warning) = top_level_pssh(bytes) else {
        return;
    };
    warnings.add(warning);
    if let Some(([size @ .., _, _, _, _], _)) = bytes.split_first_chunk::<8>() {
        // The size may be in the eight bytes after the type.
        let header = if *size == [0, 0, 0, 1] { 16 } else { 8 };
        if let Some(body) = bytes.get_mut(header..) {
            body.fill(0);
        }
        if let Some(kind) = bytes.get_mut(4..8) {
            kind.copy_from_slice(b"free");
        }
    }
}

/// Returns the warning of a top-level box if that is a `pssh`, which only an earlier protection can have left.
pub(super) fn top_level_pssh(bytes: &[u8]) -> Option<Warning> {
    let kind = bytes.get(4..8)?;
    if kind != FourCc::PSSH.0 && kind != FourCc::UUID.0 {
        return None;
    }
    let found = BoxTree::parse(bytes).ok().filter(is_pssh)?;
    Some(leftover(&found, FourCc(*b"file")))
}

/// True for a `pssh` box, that of PIFF included.
pub(super) fn is_pssh(child: &BoxTree<'_>) -> bool {
    child.box_type == FourCc::PSSH || child.uuid == Some(PIFF_PSSH)
}

/// Drops each `sinf` of an earlier protection from the sample entries of a clear track.
pub(super) fn drop_old_sinf(
    stbl: &mut BoxTree<'_>,
    media: Media,
    warnings: &mut WarningQueue,
) -> Result<(), Error> {
    let layout = layout_of(media);
    let Some(stsd) = find_mut(stbl, FourCc::STSD) else {
        return Ok(());
    };
    let mut kept = Vec::new();
    let mut is_dropped = false;
    for entry in SampleEntry::read_all(stsd.reader())? {
        let has_sinf = layout != EntryLayout::Other
            && matches!(entry.child(layout, FourCc::SINF), Ok(Some(_)));
        is_dropped |= has_sinf;
        kept.push(match has_sinf {
            true => {
                warnings.add(Warning::LeftoverSignaling {
                    box_type: FourCc::SINF,
                    parent: entry.format,
                    system_id: None,
                });
                entry.without_child(layout, FourCc::SINF)?
            }
            false => BoxTree::leaf(entry.format, entry.body.to_vec()),
        });
    }
    if is_dropped {
        *stsd = isobmff_boxes::build_stsd(stsd.reader(), &kept)?;
    }
    Ok(())
}

/// The layout of the sample entries of a kind of media.
pub(super) const fn layout_of(media: Media) -> EntryLayout {
    match media {
        Media::Video { .. } => EntryLayout::Visual,
        Media::Audio => EntryLayout::Audio,
        Media::Text => EntryLayout::Other,
    }
}

/// Drops children, and warns of each.
fn drop_children(
    parent: &mut BoxTree<'_>,
    warnings: &mut WarningQueue,
    is_dropped: impl Fn(&BoxTree<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let parent_type = parent.box_type;
    let mut result = Ok(());
    if let Some(children) = parent.children_mut() {
        children.retain(|child| match is_dropped(child) {
            Ok(true) => {
                warnings.add(leftover(child, parent_type));
                false
            }
            Ok(false) => true,
            Err(error) => {
                result = Err(error);
                true
            }
        });
    }
    result
}

fn leftover(child: &BoxTree<'_>, parent: FourCc) -> Warning {
    let system_id = child
        .body()
        .get(FULL_BOX_HEADER..)
        .and_then(<[u8]>::first_chunk)
        .filter(|_| is_pssh(child));
    Warning::LeftoverSignaling {
        box_type: child.box_type,
        parent,
        system_id: system_id.copied(),
    }
}

/// Appends a `seig` sample group with all `sample_count` samples of a `traf` and the description `entry`. Both boxes are in the
/// `traf`, where readers look for the description first (14496-12 clause 8.9.4).
pub(super) fn push_sample_group(children: &mut Vec<BoxTree<'_>>, entry: &[u8], sample_count: u32) {
    children.push(build_sgpd(SEIG, entry));
    children.push(build_fragment_sbgp(SEIG, sample_count));
}

/// Appends `senc`, and before it `saiz` and a `saio` with offset 0 if samples have entries.
pub(super) fn push_auxiliary_information(
    children: &mut Vec<BoxTree<'_>>,
    senc: &SencBuilder,
) -> Result<(), Error> {
    if let Some(sizes) = senc.sizes() {
        children.push(build_saiz(None, sizes)?);
        children.push(build_saio(None, 0));
    }
    children.push(senc.to_box());
    Ok(())
}
