// SPDX-License-Identifier: MPL-2.0
//! A progressive track: all that its tables say, and how far its samples are written.

use isobmff_boxes::{BoxTree, FourCc, Tkhd};

use super::groups::Groups;
use super::timing::{Cursor, Timing};
use crate::Error;
use crate::init::STBL_PATH;
use crate::progressive::tables::SampleTable;

/// Tables of samples that no fragment is given.
const UNSUPPORTED: [FourCc; 3] = [FourCc::SUBS, FourCc::CSGP, FourCc::SAIZ];
const VIDEO_HANDLER: FourCc = FourCc(*b"vide");
const AUDIO_HANDLER: FourCc = FourCc(*b"soun");

/// A track and its place in what is written.
pub(super) struct Track {
    pub(super) track_id: u32,
    pub(super) kind: Kind,
    pub(super) table: SampleTable,
    pub(super) timing: Timing,
    pub(super) groups: Vec<Groups>,
    /// The first sample that is not written.
    pub(super) at: Cursor,
}

/// What a track holds, in the order in which tracks are asked where fragments are to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Video,
    Audio,
    Other,
}

impl Track {
    /// Reads what `table` does not say of a `trak`.
    pub(super) fn read(trak: &BoxTree<'_>, table: SampleTable) -> Result<Self, Error> {
        let stbl = trak.descend(&STBL_PATH)?;
        let mut boxes = stbl.children().iter().map(|child| child.box_type);
        if let Some(box_type) = boxes.find(|box_type| UNSUPPORTED.contains(box_type)) {
            return Err(Error::Unsupported(box_type));
        }
        let handler = trak.descend(&[FourCc::MDIA, FourCc::HDLR])?;
        let groups = stbl.all(FourCc::SBGP).map(Groups::read);
        Ok(Self {
            track_id: Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id,
            kind: match isobmff_boxes::read_handler_type(handler.reader())? {
                VIDEO_HANDLER => Kind::Video,
                AUDIO_HANDLER => Kind::Audio,
                _ => Kind::Other,
            },
            table,
            timing: Timing::read(trak)?,
            groups: groups.collect::<Result<_, _>>()?,
            at: Cursor::default(),
        })
    }
}
