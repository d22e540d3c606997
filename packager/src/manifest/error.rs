// SPDX-License-Identifier: MPL-2.0
//! Why a manifest gets no protection, and the exit codes of that.

use std::io;
use std::path::PathBuf;

use crate::inspect::init;
use crate::new_file;
use crate::print::{FAULTY, NO_FILE};

/// Errors of `manifest`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    /// The manifest cannot be written.
    #[error(transparent)]
    Output(#[from] new_file::Error),
    /// Larger than any real manifest.
    #[error("{path} has more than 8 MiB: no manifest is so long", path = .0.display())]
    TooLong(PathBuf),
    /// An init segment cannot be understood.
    #[error("{path}: {source}", path = .path.display())]
    Init { path: PathBuf, source: init::Error },
    /// Not at hand.
    #[error("the manifest names {0}, which is not beside it: give the file as INIT")]
    Missing(String),
    /// Several files have the name.
    #[error(
        "several of the files given could be {0}: put them into folders as the manifest names them"
    )]
    Ambiguous(String),
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

impl Error {
    /// The exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::Output(_) | Self::Missing(_) | Self::Ambiguous(_) => NO_FILE,
            Self::NeedsInit => NO_FILE,
            Self::Init {
                source: init::Error::Io(_),
                ..
            } => NO_FILE,
            _ => FAULTY,
        }
    }
}
