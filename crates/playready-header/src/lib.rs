// SPDX-License-Identifier: MPL-2.0
//! PlayReady packaging, after Microsoft's PlayReady Header specification (2021) and Key Seed page: the
//! PlayReady Header (WRMHEADER 4.0 to 4.3), the PlayReady Object around it, checksums and the key seed.
//!
//! A KID is in UUID (big-endian) order everywhere but in a header, where it is a little-endian GUID;
//! [`guid`] is the only place that turns one into the other.

pub mod checksum;
mod deviation;
mod error;
pub mod guid;
pub mod header;
mod key_seed;
mod object;
pub mod xml;

pub use deviation::Deviation;
pub use error::Error;
pub use header::{FoundHeader, Header, HeaderFields, HeaderVersion, KeyIds, VersionChoice};
pub use key_seed::KeySeed;
pub use object::{LicenseStore, PlayReadyObject, Record, RecordKind};

/// PlayReady's SystemID 9a04f079-9840-4286-ab92-e65be0885f95, in UUID order as `pssh` stores it.
pub const SYSTEM_ID: [u8; 16] = [
    0x9a, 0x04, 0xf0, 0x79, 0x98, 0x40, 0x42, 0x86, 0xab, 0x92, 0xe6, 0x5b, 0xe0, 0x88, 0x5f, 0x95,
];
