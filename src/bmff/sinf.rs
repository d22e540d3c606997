// SPDX-License-Identifier: MPL-2.0
//! `sinf` with `frma`, `schm` and `schi`: how a sample entry says that it is protected, 14496-12 clause 8.12.

use super::{BoxTree, FourCc};

/// A `sinf` for an entry that was `original`, under scheme `scheme_type` with version `scheme_version`;
/// `scheme_information` is the box that `schi` holds.
pub fn sinf<'a>(
    original: FourCc,
    (scheme_type, scheme_version): (FourCc, u32),
    scheme_information: BoxTree<'a>,
) -> BoxTree<'a> {
    let mut schm = scheme_type.0.to_vec();
    schm.extend(scheme_version.to_be_bytes());
    BoxTree::container(
        FourCc::SINF,
        vec![
            BoxTree::leaf(FourCc::FRMA, original.0.to_vec()),
            BoxTree::full(FourCc::SCHM, (0, 0), &schm),
            BoxTree::container(FourCc::SCHI, vec![scheme_information]),
        ],
    )
}
