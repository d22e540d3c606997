// SPDX-License-Identifier: MPL-2.0
//! Why a manifest gets no protection.

/// Errors of manifests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A URL that is none.
    #[error("the manifest has a URL that cannot be understood: {0}")]
    Url(#[from] url::ParseError),
    /// Not well-formed, or with a document type definition.
    #[error("the manifest is not well-formed XML: {0}")]
    Xml(#[from] roxmltree::Error),
    /// More namespaces than any real manifest.
    #[error("the manifest declares more namespaces than any real one; it is not read")]
    TooComplex,
    /// None of the formats.
    #[error("neither an MPD, an HLS playlist nor a Smooth Streaming client manifest")]
    Unknown,
    /// Protected already.
    #[error("the manifest has protection already ({0}): give the one without")]
    Protected(&'static str),
    /// Nothing to add.
    #[error("none of the files that the manifest names is protected: protect them first")]
    NothingProtected,
    /// Protected, but no DRM system can be named.
    #[error(
        "{0}: no pssh box of a system that this manifest can name: protect it with --systems playready"
    )]
    NoSystem(String),
    /// A playlist of other segments than MP4.
    #[error("the playlist has no EXT-X-MAP: only segments of fragmented MP4 can be signaled")]
    NoMap,
    /// An init segment within a file.
    #[error(
        "EXT-X-MAP with a BYTERANGE that does not start at 0: only the start of a file is looked at"
    )]
    MapWithin,
    /// What HLS cannot say.
    #[error(transparent)]
    Hls(#[from] drm_signaling::Error),
    /// A Smooth Streaming manifest names no init segment.
    #[error("a Smooth Streaming manifest names no file with the protection: give one as INIT")]
    NeedsInit,
    /// One manifest, several PlayReady Objects.
    #[error(
        "the files have different PlayReady Objects, the manifest has room for one: let its header list all keys"
    )]
    Objects,
}
