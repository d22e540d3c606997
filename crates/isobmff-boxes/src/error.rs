// SPDX-License-Identifier: MPL-2.0
//! What can be wrong with boxes.

use super::FourCc;

/// Errors of the box layer; each names the box.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field or child runs past the end of its box.
    #[error("box '{in_box}' is truncated: {needed} bytes needed, {left} left")]
    Truncated {
        /// The box that is too short.
        in_box: FourCc,
        /// Bytes that the next field takes.
        needed: usize,
        /// Bytes that are there.
        left: usize,
    },
    /// A size field is smaller than the box's own header.
    #[error("box '{box_type}' states the impossible size {size}")]
    BadSize {
        /// The box.
        box_type: FourCc,
        /// What its size field says.
        size: u64,
    },
    /// A box version that its standard does not define.
    #[error("box '{box_type}' has the unknown version {version}")]
    UnknownVersion {
        /// The box.
        box_type: FourCc,
        /// Its version field.
        version: u8,
    },
    /// A mandatory box is not there.
    #[error("box '{parent}' has no '{child}'")]
    Missing {
        /// Where it should be.
        parent: FourCc,
        /// What is missing.
        child: FourCc,
    },
    /// A box that must be there once is there more often.
    #[error("box '{box_type}' stands twice in its parent")]
    Duplicate {
        /// The box.
        box_type: FourCc,
    },
    /// Containers are nested deeper than any file needs.
    #[error("box '{box_type}' is nested too deeply")]
    TooDeep {
        /// The innermost box that was looked at.
        box_type: FourCc,
    },
    /// A field has a width that its standard does not define.
    #[error("box '{box_type}' has fields of {bits} bits")]
    BadFieldSize {
        /// The box.
        box_type: FourCc,
        /// What the box says.
        bits: u8,
    },
    /// A box or a value in it outgrows its field.
    #[error("box '{box_type}' would be too large for its size field")]
    TooLarge {
        /// The box.
        box_type: FourCc,
    },
}
