// SPDX-License-Identifier: MPL-2.0
//! What files and manifests tell the DRM systems: `pssh` data, DASH ContentProtection, HLS EXT-X-KEY, Smooth ProtectionHeader.
//!
//! One file per manifest format; each asks [`Drm`] for what is the DRM's own.

pub mod dash;
mod drm;
mod error;
pub mod hls;
mod make;
mod playready_pssh;
pub mod smooth;
mod system;
mod widevine;

pub use drm::{Drm, GivenTexts};
pub use error::Error;
pub use hls::Playlist;
pub use playready_pssh::playready_pssh;
pub use system::System;
pub use widevine::WidevineData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
