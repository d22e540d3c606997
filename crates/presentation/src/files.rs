// SPDX-License-Identifier: MPL-2.0
//! The files of a presentation, as far as a manifest needs to know them.

use std::rc::Rc;

use cenc_types::{KeyId, Scheme};
use drm_signaling::Drm;
use url::Url;

use super::Error;

/// The protection of a file, as its init segment or its `moov` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileProtection {
    /// The scheme of all protected tracks; None: no track is protected.
    pub scheme: Option<Scheme>,
    /// The default KIDs of the tracks, each once, in the order of the tracks.
    pub kids: Vec<KeyId>,
    /// The DRM systems that have a `pssh` box.
    pub drms: Vec<Drm>,
}

/// The protection of a file, or of one place in a manifest, with a name for people.
#[derive(Debug, Clone)]
pub struct NamedProtection {
    /// The file, or a place such as `AdaptationSet 1`.
    pub name: String,
    /// Its protection.
    pub protection: Rc<FileProtection>,
}

/// Finds the files that a manifest names.
pub trait PresentationFiles {
    /// Errors of the caller's own.
    type Error: From<Error>;

    /// The URL of the manifest, to which the URLs in it are relative.
    fn manifest_url(&self) -> &Url;

    /// The files that the user named, in that order; none: those that the manifest names are used.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn given(&mut self) -> Result<Vec<NamedProtection>, Self::Error>;

    /// The protection of the file at `url`.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    fn protection(&mut self, url: &Url) -> Result<Rc<FileProtection>, Self::Error>;

    /// The text of the media playlist at `url`.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    fn playlist(&mut self, url: &Url) -> Result<String, Self::Error>;
}
