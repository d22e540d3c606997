// SPDX-License-Identifier: MPL-2.0
//! Manifests of protected presentations: DASH MPDs, HLS playlists and Smooth Streaming client manifests.
//!
//! [`writer`] writes them from a [`model`] of tracks, segments and keys; it has an example.
//!
//! [`protect_manifest`] adds the protection of its files to an existing manifest and leaves all other bytes unchanged. It reads no files
//! and no boxes: the caller supplies both through [`PresentationFiles`].
//!
//! ```
//! use std::rc::Rc;
//!
//! use cenc_types::Scheme;
//! use drm_signaling::{DrmContent, PlayReadyContent, System};
//! use presentation::{
//!     Error, FileLayout, FileProtection, NamedProtection, PresentationFiles, protect_manifest,
//! };
//! use url::Url;
//!
//! /// A presentation whose only init segment is protected.
//! struct OneFile(Url);
//!
//! impl PresentationFiles for OneFile {
//!     type Error = Error;
//!
//!     fn manifest_url(&self) -> &Url {
//!         &self.0
//!     }
//!
//!     fn given(&mut self) -> Result<Vec<NamedProtection>, Error> {
//!         Ok(Vec::new())
//!     }
//!
//!     fn protection(&mut self, url: &Url) -> Result<Rc<FileProtection>, Error> {
//!         assert_eq!(url.as_str(), "https://cdn.example/init.mp4");
//!         let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
//!         let content = DrmContent {
//!             kids: &[kid],
//!             scheme: Scheme::Cenc,
//!             content_id: None,
//!             playready: PlayReadyContent::default(),
//!             clear_key_url: None,
//!         };
//!         Ok(Rc::new(FileProtection {
//!             scheme: Some(Scheme::Cenc),
//!             kids: vec![kid],
//!             drms: vec![System::PlayReady.signal(&content).unwrap()],
//!             is_text: false,
//!         }))
//!     }
//!
//!     fn layout(&mut self, _: &Url) -> Result<Option<Rc<FileLayout>>, Error> {
//!         Ok(None)
//!     }
//!
//!     fn playlist(&mut self, _: &Url) -> Result<String, Error> {
//!         Err(Error::Unknown)
//!     }
//! }
//!
//! let mpd = "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period><AdaptationSet>\
//!            <SegmentTemplate initialization='init.mp4'/><Representation id='1'/>\
//!            </AdaptationSet></Period></MPD>";
//! let url = Url::parse("https://cdn.example/stream.mpd").map_err(Error::Url)?;
//! let protected = protect_manifest(mpd, &mut OneFile(url))?;
//! assert!(protected.text.contains("cenc:default_KID=\"10000000-1000-1000-1000-100000000001\""));
//! assert!(protected.text.contains("urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95")); // PlayReady
//! # Ok::<(), Error>(())
//! ```

mod edit;
mod error;
mod files;
mod hls;
mod layout;
mod manifest;
pub mod model;
mod mpd;
mod smooth;
pub mod writer;
mod xml;

pub use error::Error;
pub use files::{FileProtection, NamedProtection, PresentationFiles};
pub use layout::{ByteRange, FileBox, FileBoxKind, FileLayout, FragmentKeys};
pub use manifest::{ManifestFormat, ProtectedManifest, protect_manifest};
