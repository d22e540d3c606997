// SPDX-License-Identifier: MPL-2.0
//! The protection of the files in a presentation.

use std::rc::Rc;

use cenc_types::{KeyId, Scheme};
use drm_signaling::Drm;
use url::Url;

use super::{Error, FileLayout};

/// The protection of a file, read from its init segment or its `moov`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileProtection {
    /// The scheme of all protected tracks; None if no track is protected.
    pub scheme: Option<Scheme>,
    /// The default KIDs of the tracks, each once, in the order of the tracks.
    pub kids: Vec<KeyId>,
    /// The DRM systems that have a `pssh` box.
    pub drms: Vec<Drm>,
    /// True if all tracks are text, which usually stays clear.
    pub is_text: bool,
}

/// The protection of a file or of one element of a manifest, with a name for reports.
#[derive(Debug, Clone)]
pub struct NamedProtection {
    /// The name of the file, or of an element, such as `AdaptationSet 1`.
    pub name: String,
    /// Its protection.
    pub protection: Rc<FileProtection>,
}

/// Reads the files that a manifest names.
pub trait PresentationFiles {
    /// The caller's error type.
    type Error: From<Error>;

    /// Returns the URL of the manifest, to which the URLs in it are relative.
    fn manifest_url(&self) -> &Url;

    /// Returns the files that the user named, in that order. If there are none, those that the manifest names are used.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn given(&mut self) -> Result<Vec<NamedProtection>, Self::Error>;

    /// Returns the protection of the file at `url`.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    fn protection(&mut self, url: &Url) -> Result<Rc<FileProtection>, Self::Error>;

    /// Returns the boxes of the file or media segment at `url`; None if it is not there.
    ///
    /// # Errors
    /// A file that cannot be read.
    fn layout(&mut self, url: &Url) -> Result<Option<Rc<FileLayout>>, Self::Error>;

    /// Returns the text of the media playlist at `url`.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    fn playlist(&mut self, url: &Url) -> Result<String, Self::Error>;
}
