// SPDX-License-Identifier: MPL-2.0
//! `udta` of a track: its name and its purposes.

use isobmff_boxes::{BoxTree, FourCc, Reader, TrackKind};

/// The facts in a `udta`.
#[derive(Debug, Default)]
pub(super) struct TrackUserData {
    pub(super) name: Option<String>,
    pub(super) kinds: Vec<TrackKind>,
}

/// Reads the `udta` of a `trak`. Damaged boxes in it are left out, since players skip it too.
pub(super) fn read(trak: &BoxTree<'_>) -> TrackUserData {
    let mut found = TrackUserData::default();
    for udta in trak.all(FourCc::UDTA) {
        let mut reader = udta.reader();
        while let Ok(Some(child)) = reader.next_child() {
            match &child.header.box_type.0 {
                b"kind" => found
                    .kinds
                    .extend(TrackKind::read(Reader::new(child.header.box_type, child.body)).ok()),
                b"name" if found.name.is_none() => found.name = read_name(child.body),
                _ => (),
            }
        }
    }
    found
}

/// Reads the bytes of a name (QuickTime File Format, "User Data Atoms"); None if it is empty or no text.
fn read_name(body: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(body)
        .ok()?
        .trim_end_matches('\0')
        .trim();
    let is_text = !name.is_empty() && !name.contains(char::is_control);
    is_text.then(|| name.to_owned())
}
