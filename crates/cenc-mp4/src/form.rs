// SPDX-License-Identifier: MPL-2.0
//! Whether a movie is progressive or fragmented, and whether it may stay what it is: all that chooses between the two ways
//! through this crate asks here.

use common_encryption::{BoxFlavor, Protector};
use isobmff_boxes::{BoxTree, FourCc};

/// Where a `moov` says that samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovieForm {
    /// Its sample tables place them, 14496-12 clause 8.7.
    Progressive,
    /// Fragments follow, clause 8.8.
    Fragmented,
}

/// In which form a protected movie must come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredForm {
    /// In that in which it came in.
    Any,
    /// In fragments, if it can be.
    Fragmented,
}

impl MovieForm {
    /// The form of a movie with this `moov`.
    pub fn of(moov: &BoxTree<'_>) -> Self {
        match moov.all(FourCc::MVEX).next() {
            Some(_) => Self::Fragmented,
            None => Self::Progressive,
        }
    }

    /// Whether a box at the top of a file is one that only fragmented movies have.
    pub(super) const fn is_of_fragments(box_type: FourCc) -> bool {
        matches!(
            box_type,
            FourCc::MOOF | FourCc::STYP | FourCc::SIDX | FourCc::SSIX | FourCc::MFRA
        )
    }
}

impl RequiredForm {
    /// What a protector asks for: PIFF, and protection that changes, are for fragments.
    pub fn of(protector: &dyn Protector) -> Self {
        match protector.flavor() == BoxFlavor::Piff || protector.follows_time() {
            true => Self::Fragmented,
            false => Self::Any,
        }
    }
}
