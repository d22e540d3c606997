// SPDX-License-Identifier: MPL-2.0
//! The dynamic range of pictures, by their transfer characteristics.

use isobmff_boxes::CodedColours;

/// The dynamic range of pictures: the values of VIDEO-RANGE in HLS (RFC 8216bis, 4.4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DynamicRange {
    /// Standard range.
    Sdr,
    /// High range with the hybrid log-gamma curve of ITU-R BT.2100.
    Hlg,
    /// High range with the perceptual quantizer, SMPTE ST 2084.
    Pq,
}

impl DynamicRange {
    /// Returns the range of pictures with these colours; None if their transfer characteristics are not specified.
    pub const fn of(colours: CodedColours) -> Option<Self> {
        match colours.transfer {
            0 | 2 => None,
            16 => Some(Self::Pq),
            18 => Some(Self::Hlg),
            _ => Some(Self::Sdr),
        }
    }
}
