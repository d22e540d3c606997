// SPDX-License-Identifier: MPL-2.0
//! Errors of adding protection to a manifest.

/// Errors of manifests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A URL is malformed.
    #[error("the manifest has a malformed URL: {0}")]
    Url(#[from] url::ParseError),
    /// The XML is not well-formed, or has a document type definition.
    #[error("the manifest is not well-formed XML: {0}")]
    Xml(#[from] roxmltree::Error),
    /// The manifest declares more namespaces than any real one.
    #[error("the manifest declares more namespaces than any real one, so it is not read")]
    TooComplex,
    /// The manifest has an unknown format.
    #[error(
        "this is neither an MPD, an HLS playlist nor a Smooth Streaming client manifest: give one of them"
    )]
    Unknown,
    /// The manifest has protection already.
    #[error("the manifest has protection already ({0}): give the manifest without it")]
    Protected(&'static str),
    /// No file of the manifest is protected.
    #[error("none of the files that the manifest names is protected: protect them first")]
    NothingProtected,
    /// A file is protected, but the manifest format cannot name its DRM systems.
    #[error(
        "{0} has no pssh box of a system that this manifest can name: protect it with --systems playready"
    )]
    NoSystem(String),
    /// The playlist has other segments than MP4.
    #[error("the playlist has no EXT-X-MAP: only segments of fragmented MP4 can be signaled")]
    NoMap,
    /// An init segment is not at the start of its file.
    #[error(
        "an EXT-X-MAP has a BYTERANGE that does not start at 0: only an init segment at the start of a file can be read"
    )]
    MapWithin,
    /// The byte ranges of a file cannot be those of the protected file.
    #[error(
        "the byte ranges of {0} do not match the boxes of the protected file: give the whole protected file with that name, or write the manifest for it"
    )]
    Ranges(String),
    /// A byte range is malformed.
    #[error("the manifest has a malformed byte range: {0}")]
    MalformedRange(String),
    /// The key changes between the fragments of a segment.
    #[error(
        "the key changes within {0}, but a playlist can name only one for a segment: change the key where a segment starts"
    )]
    ChangeWithin(String),
    /// HLS cannot express the protection.
    #[error(transparent)]
    Hls(#[from] drm_signaling::Error),
    /// A Smooth Streaming manifest names no init segment.
    #[error("a Smooth Streaming manifest names no file with the protection: give one as INIT")]
    NeedsInit,
    /// The files have different PlayReady Objects.
    #[error(
        "the files have different PlayReady Objects, but the manifest has room for one: protect them with a PlayReady Header that lists all keys"
    )]
    Objects,
}
