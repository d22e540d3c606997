// SPDX-License-Identifier: MPL-2.0
//! What files and manifests tell the DRM systems: `pssh` data, DASH ContentProtection, HLS EXT-X-KEY, Smooth ProtectionHeader.
//!
//! All that is a system's own is one row of a table: a file in `systems/`. One file per manifest format takes it from a [`Drm`].

pub mod dash;
mod drm;
mod error;
pub mod hls;
pub mod smooth;
mod system_facts;
mod systems;

pub use drm::{Drm, GivenTexts};
pub use error::Error;
pub use hls::Playlist;
pub use system_facts::{DrmContent, SystemFacts, SystemQuestions};
pub use systems::{PlayReadyContent, System, WidevineData, playready_pssh, system_name};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A KID as 32 hexadecimal digits.
fn simple(kid: &cenc_types::KeyId) -> uuid::fmt::Simple {
    uuid::Uuid::from_bytes(*kid.as_bytes()).simple()
}
