// SPDX-License-Identifier: MPL-2.0
//! Items of a `meta`, 14496-12 clause 8.11, which `iloc` places by file offsets: they would have to move, and are refused.

use isobmff_boxes::{BoxTree, ChildBox, FourCc, Reader};

use super::Error;

/// Whether a whole `meta` at the top of the file places items by file offsets.
pub(super) fn places_items(meta: &[u8]) -> bool {
    let Ok(tree) = BoxTree::parse(meta) else {
        return false;
    };
    body_places_items(tree.body())
}

/// Refuses a `moov`, or a `trak`, with a `meta` whose items would have to move.
pub(super) fn refuse_items(parent: &BoxTree<'_>) -> Result<(), Error> {
    for child in parent.children() {
        match child.box_type {
            FourCc::TRAK => refuse_items(child)?,
            FourCc::META => refuse_item_places(child.body())?,
            FourCc::UDTA => {
                // QuickTime ends its list with four zero bytes.
                let mut inside = child.reader();
                while let Ok(ChildBox { header, body }) = inside.child() {
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

/// Whether the bytes after the header of a `meta` place items by file offsets.
fn body_places_items(body: &[u8]) -> bool {
    // ISO's is a FullBox, QuickTime's is not.
    [4, 0].into_iter().any(|fields| {
        let children = body.get(fields..).unwrap_or_default();
        let mut children = Reader::new(FourCc::META, children);
        std::iter::from_fn(|| children.child().ok())
            .any(|child| child.header.box_type == FourCc::ILOC)
    })
}
