// SPDX-License-Identifier: MPL-2.0
//! What manifests say of the protection: DASH ContentProtection, HLS EXT-X-KEY, Smooth ProtectionHeader.
//!
//! One file per manifest format; each asks [`Drm`] for what is the DRM's own.

pub mod dash;
mod drm;
mod error;
pub mod hls;
pub mod smooth;

pub use drm::Drm;
pub use error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
