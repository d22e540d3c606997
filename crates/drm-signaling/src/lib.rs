// SPDX-License-Identifier: MPL-2.0
//! DRM signaling in files and manifests: `pssh` boxes, DASH ContentProtection, HLS EXT-X-KEY, Smooth ProtectionHeader.
//!
//! ```
//! use cenc_types::Scheme;
//! use drm_signaling::{DrmContent, PlayReadyContent, Playlist, System, dash, hls};
//!
//! # fn main() -> Result<(), drm_signaling::Error> {
//! let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
//! let fairplay = System::FairPlay.signal(&DrmContent {
//!     kids: &[kid],
//!     scheme: Scheme::Cbcs,
//!     content_id: None,
//!     playready: PlayReadyContent::default(),
//! })?;
//! assert_eq!(
//!     hls::key_lines(&fairplay, Scheme::Cbcs, Playlist::Media)?,
//!     ["#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://10000000-1000-1000-1000-100000000001\",\
//!       KEYFORMAT=\"com.apple.streamingkeydelivery\",KEYFORMATVERSIONS=\"1\""]
//! );
//! assert_eq!(
//!     dash::content_protection(&fairplay),
//!     "<ContentProtection schemeIdUri=\"urn:uuid:94ce86fb-07ff-4f43-adb8-93d2fa968ca2\"></ContentProtection>"
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Everything specific to a system is one row of a table: a file in `systems/`. Each manifest format has a module that reads it from a
//! [`Drm`].

pub mod dash;
mod drm;
mod error;
pub mod hls;
pub mod smooth;
mod system_facts;
mod systems;

pub use drm::{Drm, SourceTexts};
pub use error::Error;
pub use hls::Playlist;
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
