// SPDX-License-Identifier: MPL-2.0
//! Manifests of protected presentations: DASH MPDs, HLS playlists and Smooth Streaming client manifests.
//!
//! [`protect_manifest`] puts into an existing manifest what the files that it names say of their protection, and leaves everything
//! else as it is, byte for byte. It reads no files and no boxes: the caller gives both through [`PresentationFiles`].

mod edit;
mod error;
mod files;
mod hls;
mod manifest;
mod mpd;
mod smooth;
mod xml;

pub use error::Error;
pub use files::{FileProtection, NamedProtection, PresentationFiles};
pub use manifest::{ManifestFormat, ProtectedManifest, protect_manifest};
