// SPDX-License-Identifier: MPL-2.0
//! Descriptions of tracks: of boxes built by hand, and of files that other packagers describe too.

mod built;
mod peers;

use cenc_mp4::description::TrackDescription;
use isobmff_boxes::{BoxTree, FourCc, Reader};

/// Describes the tracks of a file.
fn describe(file: &[u8]) -> Vec<TrackDescription> {
    let mut reader = Reader::new(FourCc(*b"file"), file);
    loop {
        let left = reader.left();
        let child = reader.next_child().unwrap().expect("a moov");
        if child.header.box_type == FourCc::MOOV {
            let moov = BoxTree::parse(left).unwrap();
            return moov
                .all(FourCc::TRAK)
                .map(|trak| TrackDescription::read(trak).unwrap())
                .collect();
        }
    }
}
