// SPDX-License-Identifier: MPL-2.0
//! Progressive and fragmented movies: the form that a movie has, and the form that it needs once it is protected.

use common_encryption::{BoxFlavor, Protector};
use isobmff_boxes::{BoxTree, FourCc};

/// The way in which the samples of a movie are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovieForm {
    /// By the sample tables of its `moov`, ISO/IEC 14496-12 clause 8.7.
    Progressive,
    /// By movie fragments, clause 8.8.
    Fragmented,
}

/// The form that a protected movie must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredForm {
    /// The form of the clear movie.
    Any,
    /// Fragments, if possible.
    Fragmented,
}

impl MovieForm {
    /// Returns the form of a movie with this `moov`: fragmented if it has an `mvex`.
    pub fn of(moov: &BoxTree<'_>) -> Self {
        match moov.all(FourCc::MVEX).next() {
            Some(_) => Self::Fragmented,
            None => Self::Progressive,
        }
    }

    /// True for a top-level box that only fragmented movies have.
    pub(super) const fn is_of_fragments(box_type: FourCc) -> bool {
        matches!(
            box_type,
            FourCc::MOOF | FourCc::STYP | FourCc::SIDX | FourCc::SSIX | FourCc::MFRA
        )
    }
}

impl RequiredForm {
    /// Returns the form that a protector needs: PIFF, and protection that changes over time, need fragments.
    pub fn of(protector: &dyn Protector) -> Self {
        match protector.flavor() == BoxFlavor::Piff || protector.follows_time() {
            true => Self::Fragmented,
            false => Self::Any,
        }
    }
}
