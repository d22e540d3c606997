// SPDX-License-Identifier: MPL-2.0
//! Sample auxiliary information, 23001-7 clause 7: the boxes that a `traf` or `stbl` gets, and those of an earlier protection that are
//! dropped.

use cenc_types::PIFF_PSSH;
use common_encryption::{SEIG, SencBuilder};
use isobmff_boxes::{BoxTree, FourCc, build_fragment_sbgp, build_saio, build_saiz, build_sgpd};

use super::information::{is_seig_group, is_senc, points_at_entries};
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

fn is_pssh(child: &BoxTree<'_>) -> bool {
    child.box_type == FourCc::PSSH || child.uuid == Some(PIFF_PSSH)
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
