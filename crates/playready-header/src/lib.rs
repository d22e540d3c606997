// SPDX-License-Identifier: MPL-2.0
//! PlayReady Headers (WRMHEADER 4.0 to 4.3), PlayReady Objects, checksums and key seeds, by Microsoft's PlayReady Header specification
//! (2021) and Key Seed page.
//!
//! ```
//! use cenc_types::ContentKey;
//! use playready_header::{KeySeed, checksum};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The key seed of Microsoft's public test server, and a KID with the key that it derives.
//! let seed = KeySeed::parse("XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I")?;
//! let kid = "10000000-1000-1000-1000-100000000001".parse()?;
//! let key = seed.content_key(&kid);
//! assert_eq!(key.as_bytes(), ContentKey::parse("OiobaN0r2bLusl6ExHdmaA==")?.as_bytes());
//! assert_eq!(checksum::aes_ctr(&kid, &key).len(), 8);
//! # Ok(())
//! # }
//! ```
//!
//! A KID is in UUID (big-endian) order everywhere but in a header, where it is a little-endian GUID. Only [`guid`] converts between
//! them.

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
