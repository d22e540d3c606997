// SPDX-License-Identifier: MPL-2.0
//! PlayReady Headers (WRMHEADER 4.0 to 4.3), PlayReady Objects, checksums and key seeds, by Microsoft's PlayReady Header specification
//! (2021) and Key Seed page.
//!
//! ```
//! use cenc_types::{CipherMode, ContentKey};
//! use playready_header::{Header, HeaderFields, KeyIds, KeySeed, PlayReadyObject};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The example of Microsoft's PlayReady Header specification, with the key that its public test seed gives.
//! let seed = KeySeed::parse("XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I")?;
//! let kid = "09e091ab-f838-41d2-9e35-58531fd19ec7".parse()?;
//! let key = seed.content_key(&kid);
//! assert_eq!(key.as_bytes(), ContentKey::parse("nLBhFktwE+rvzH1tGEJMLA==")?.as_bytes());
//!
//! let header = Header::new(HeaderFields {
//!     key_ids: KeyIds::for_mode(CipherMode::Ctr, [(kid, Some(&key))]),
//!     la_url: Some("https://profficialsite.keydelivery.mediaservices.windows.net/PlayReady/".parse()?),
//!     custom_attributes: Some(
//!         "<CUSTOMATTRIBUTES><IIS_DRM_VERSION>8.0.1705.19</IIS_DRM_VERSION></CUSTOMATTRIBUTES>".parse()?,
//!     ),
//!     ..HeaderFields::default()
//! })?;
//! assert!(header.to_xml().contains("<KID>q5HgCTj40kGeNVhTH9Gexw==</KID><CHECKSUM>w+OZVr8vzrQ=</CHECKSUM>"));
//!
//! let object = PlayReadyObject::with_header(&header)?.to_base64();
//! assert!(object.starts_with("XAMAAAEAAQBSAzwAVwBSAE0ASABFAEEARABFAFIAIAB4AG0AbABuAHMA"));
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
