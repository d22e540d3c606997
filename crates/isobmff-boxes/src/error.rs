// SPDX-License-Identifier: MPL-2.0
//! The errors of boxes.

use super::FourCc;

/// An error of a box, which it names.
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
        /// Bytes that are left.
        left: usize,
    },
    /// A size field is smaller than the box's own header.
    #[error("box '{box_type}' states the impossible size {size}")]
    BadSize {
        /// The box.
        box_type: FourCc,
        /// The value of its size field.
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
    /// A mandatory box is missing.
    #[error("box '{parent}' has no '{child}'")]
    Missing {
        /// The box that should contain it.
        parent: FourCc,
        /// The missing box.
        child: FourCc,
    },
    /// A box occurs more than once.
    #[error("box '{box_type}' occurs more than once in its parent")]
    Duplicate {
        /// The box.
        box_type: FourCc,
    },
    /// Containers are nested deeper than any file needs.
    #[error("box '{box_type}' is nested too deeply")]
    TooDeep {
        /// The innermost box that was read.
        box_type: FourCc,
    },
    /// A field has a width that its standard does not define.
    #[error("box '{box_type}' has fields of {bits} bits")]
    BadFieldSize {
        /// The box.
        box_type: FourCc,
        /// The width in bits.
        bits: u8,
    },
    /// A box or a value in it exceeds its field.
    #[error("box '{box_type}' would be too large for its size field")]
    TooLarge {
        /// The box.
        box_type: FourCc,
    },
}
