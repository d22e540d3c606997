// SPDX-License-Identifier: MPL-2.0
//! Items of a `meta`, 14496-12 clause 8.11. `iloc` places them by file offsets, which would change; such files are refused.

use isobmff_boxes::{BoxTree, ChildBox, FourCc, Reader};

use super::Error;

/// True if a whole top-level `meta` places items by file offsets.
pub(super) fn places_items(meta: &[u8]) -> bool {
    BoxTree::parse(meta).is_ok_and(|tree| body_places_items(tree.body()))
}

/// Refuses a `moov` or `trak` with a `meta` that places items by file offsets.
pub(super) fn refuse_items(parent: &BoxTree<'_>) -> Result<(), Error> {
    for child in parent.children() {
        match child.box_type {
            FourCc::TRAK => refuse_items(child)?,
            FourCc::META => refuse_item_places(child.body())?,
            FourCc::UDTA => {
                // QuickTime ends its list with four zero bytes.
                let mut entries = child.reader();
                while let Ok(ChildBox { header, body }) = entries.child() {
                    if header.box_type == FourCc::META {
                        refuse_item_places(body)?;
                    }
                }
            }
            _ => (),
        }
    }
    Ok(())
}

fn refuse_item_places(meta: &[u8]) -> Result<(), Error> {
    match body_places_items(meta) {
        true => Err(Error::Unsupported(FourCc::ILOC)),
        false => Ok(()),
    }
}

/// True if the body of a `meta` places items by file offsets.
fn body_places_items(body: &[u8]) -> bool {
    // In ISO files `meta` is a FullBox, in QuickTime files it is not.
    [4, 0].into_iter().any(|fields| {
        let mut children = Reader::new(FourCc::META, body.get(fields..).unwrap_or_default());
        std::iter::from_fn(|| children.child().ok())
            .any(|child| child.header.box_type == FourCc::ILOC)
    })
}
