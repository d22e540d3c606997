// SPDX-License-Identifier: MPL-2.0
//! The errors of `manifest` and their exit codes.

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
    /// The file is longer than any real manifest.
    #[error("{path} is longer than 8 MiB, too long for a manifest", path = .0.display())]
    TooLong(PathBuf),
    /// The text is neither UTF-8 nor UTF-16.
    #[error("{path} is neither UTF-8 nor UTF-16: save it as UTF-8", path = .0.display())]
    Encoding(PathBuf),
    /// An init segment cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    Init { path: PathBuf, source: init::Error },
    /// The manifest names a file that does not exist.
    #[error("the manifest names {0}, which does not exist as a local file: give the file as INIT")]
    Missing(String),
    /// More than one of the given files could be the one that the manifest names.
    #[error(
        "several of the given files could be {0}: put them into folders as in the URLs of the manifest"
    )]
    Ambiguous(String),
    /// Protection cannot be added to the manifest.
    #[error(transparent)]
    Manifest(#[from] presentation::Error),
}

impl Error {
    /// Returns the exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. }
            | Self::Output(_)
            | Self::Missing(_)
            | Self::Ambiguous(_)
            | Self::Manifest(presentation::Error::NeedsInit)
            | Self::Init {
                source: init::Error::Io(_),
                ..
            } => NO_FILE,
            _ => FAULTY,
        }
    }
}
