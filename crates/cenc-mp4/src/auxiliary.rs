// SPDX-License-Identifier: MPL-2.0
//! Sample auxiliary information, 23001-7 clause 7: the boxes that a `traf` or `stbl` gets, and those that it must not have yet.

use common_encryption::{SEIG, SencBuilder};
use isobmff_boxes::{BoxTree, FourCc, build_fragment_sbgp, build_saio, build_saiz, build_sgpd};

use super::Error;
use super::information::{is_seig_group, is_senc};

/// Refuses a `traf` or `stbl` with protected samples, or with other auxiliary information, whose offsets would change.
pub(super) fn refuse(parent: &BoxTree<'_>) -> Result<(), Error> {
    let children = parent.children();
    if let Some(child) = children
        .iter()
        .find(|child| is_senc(child) || is_seig_group(child))
    {
        return Err(Error::AlreadyProtected { by: child.box_type });
    }
    match children.iter().any(|child| child.box_type == FourCc::SAIO) {
        true => Err(Error::Unsupported(FourCc::SAIO)),
        false => Ok(()),
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
        children.push(build_saiz(sizes)?);
        children.push(build_saio(0));
    }
    children.push(senc.to_box());
    Ok(())
}
