// SPDX-License-Identifier: MPL-2.0
//! Why a manifest gets no protection, and the exit codes of that.

use std::io;
use std::path::PathBuf;

use crate::inspect::init;
use crate::new_file;
use crate::{print::FAULTY, print::NO_FILE};

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
    /// The manifest cannot be protected.
    #[error(transparent)]
    Manifest(#[from] presentation::Error),
}

impl Error {
    /// The exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::Output(_) | Self::Missing(_) | Self::Ambiguous(_) => NO_FILE,
            Self::Manifest(presentation::Error::NeedsInit) => NO_FILE,
            Self::Init {
                source: init::Error::Io(_),
                ..
            } => NO_FILE,
            _ => FAULTY,
        }
    }
}
