// SPDX-License-Identifier: MPL-2.0
//! PIFF 1.1 (Smooth Streaming): the `uuid` boxes that it uses instead of `tenc` and `senc`.

use isobmff_boxes::{FourCc, Schm};

/// The kind of boxes that describe the protection; the samples are encrypted in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoxFlavor {
    /// ISO/IEC 23001-7.
    #[default]
    Cenc,
    /// PIFF 1.1: `uuid` boxes without `saiz` and `saio`, for counter mode with IVs of 8 bytes.
    Piff,
}

/// The `schm` of PIFF 1.1.
pub const SCHM: Schm = Schm {
    scheme_type: FourCc(*b"piff"),
    scheme_version: 0x0001_0001,
};

/// The extended type for `tenc`; its layout is that of a `tenc` of version 0.
pub const TENC: [u8; 16] = [
    0x89, 0x74, 0xdb, 0xce, 0x7b, 0xe7, 0x4c, 0x51, 0x84, 0xf9, 0x71, 0x48, 0xf9, 0x88, 0x25, 0x54,
];

/// The extended type for `senc`.
pub const SENC: [u8; 16] = [
    0xa2, 0x39, 0x4f, 0x52, 0x5a, 0x9b, 0x4f, 0x14, 0xa2, 0x44, 0x6c, 0x42, 0x7c, 0x64, 0x8d, 0xf4,
];
