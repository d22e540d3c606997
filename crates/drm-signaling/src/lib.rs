// SPDX-License-Identifier: MPL-2.0
//! DRM signaling in files and manifests: `pssh` boxes, DASH ContentProtection, HLS EXT-X-KEY, Smooth ProtectionHeader.
//!
//! ```
//! use cenc_types::{CipherMode, Scheme};
//! use drm_signaling::{DrmContent, PlayReadyContent, System, dash};
//! use playready_header::{HeaderFields, KeyIds};
//!
//! # fn main() -> Result<(), drm_signaling::Error> {
//! let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
//! let playready = System::PlayReady.signal(&DrmContent {
//!     kids: &[kid],
//!     scheme: Scheme::Cbcs,
//!     content_id: None,
//!     playready: PlayReadyContent {
//!         header: HeaderFields {
//!             key_ids: KeyIds::for_mode(CipherMode::Cbc, [(kid, None)]),
//!             ..HeaderFields::default()
//!         },
//!         ..PlayReadyContent::default()
//!     },
//!     clear_key_url: None,
//! })?;
//!
//! // A `pssh` box of version 0 starts with its size, type and version, and the SystemID of PlayReady.
//! let pssh = playready.pssh().unwrap();
//! assert_eq!(&pssh[4..12], b"pssh\0\0\0\0");
//! assert_eq!(pssh[12..28], 0x9a04f079_9840_4286_ab92_e65be0885f95_u128.to_be_bytes());
//!
//! assert!(
//!     dash::content_protection(&playready)
//!         .contains("schemeIdUri=\"urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95\"")
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Everything specific to a system is in its file in `systems/`, with a row in `systems.rs`. Each manifest format has a module that
//! reads it from a [`Drm`].

pub mod dash;
mod drm;
mod error;
pub mod hls;
mod record;
pub mod smooth;
mod system_facts;
mod systems;

pub use drm::{Drm, SourceTexts};
pub use error::Error;
pub use hls::Playlist;
pub use record::{DamagedRecord, DrmRecord};
pub use system_facts::{DrmContent, RequestedSignaling, SystemFacts};
pub use systems::{PlayReadyContent, System, WidevineData, playready_pssh, system_name};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Writes a KID as 32 hexadecimal digits.
fn kid_digits(kid: &cenc_types::KeyId) -> uuid::fmt::Simple {
    uuid::Uuid::from_bytes(*kid.as_bytes()).simple()
}
