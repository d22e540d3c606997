// SPDX-License-Identifier: MPL-2.0
//! Why a file is not protected, and the exit codes of that.

use std::io;
use std::path::PathBuf;

use crate::print::{FAULTY, NO_FILE};
use crate::{new_file, secrets};

/// Errors of `protect`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    /// The protected file cannot be written.
    #[error(transparent)]
    Output(#[from] new_file::Error),
    /// The input would be overwritten.
    #[error("{path} is the input itself: give another name for the protected file", path = .0.display())]
    SameFile(PathBuf),
    /// A file with a key.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// The keys, or what is asked of them.
    #[error(transparent)]
    Setup(#[from] protection_policy::Error),
    /// The input is nothing that can be protected.
    #[error("{path}: {source}", path = .path.display())]
    Mp4 {
        path: PathBuf,
        source: cenc_mp4::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread: {0}: ask for fewer by --threads")]
    Threads(io::Error),
    /// A signal ends the work.
    #[error("stopped by a signal: nothing was written")]
    Interrupted,
}

impl From<content_keys::Error> for Error {
    fn from(error: content_keys::Error) -> Self {
        Self::Setup(error.into())
    }
}

impl Error {
    /// The exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) => FAULTY,
            Self::Mp4 { source, .. } if !matches!(source, cenc_mp4::Error::Input(_)) => FAULTY,
            // As a shell tells of a program that SIGINT ended.
            Self::Interrupted => 130,
            Self::File { .. } | Self::Output(_) | Self::SameFile(_) => NO_FILE,
            Self::Secret(_) | Self::Mp4 { .. } | Self::Threads(_) => NO_FILE,
        }
    }
}
