// SPDX-License-Identifier: MPL-2.0
//! The errors of `protect` and their exit codes.

use std::io;
use std::path::{Path, PathBuf};

use super::signals::Stopped;
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
    /// The output would overwrite the input.
    #[error("{path} is the input itself: give another name for the protected file", path = .0.display())]
    SameFile(PathBuf),
    /// Several files without their init segment.
    #[error(
        "several files are taken only as segments: give their init segment with --init, or protect one file after the other"
    )]
    SeveralFiles,
    /// Several init segments would be in one file, or beside segments that name one.
    #[error(
        "protect writes one init segment, and --key-change init or --clear-signaling init makes several: use package, or leave these \
         options out"
    )]
    OneFile,
    /// Two segments would get the same name.
    #[error("two segments are named {0:?}: protect them into different folders")]
    SameName(std::ffi::OsString),
    /// Video tracks have no common key frames.
    #[error("{path}: its video tracks have no common key frame from {time:.3} s on: protect them apart, or encode them with key frames \
             at the same times", path = .path.display())]
    Unaligned { path: PathBuf, time: f64 },
    /// A segment without a fragment.
    #[error("{path}: there is no 'moof' in this segment: it is empty or incomplete", path = .0.display())]
    NoFragment(PathBuf),
    /// A key or key seed cannot be read from its file.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// The options contradict each other, or the source gives no key.
    #[error(transparent)]
    Setup(#[from] protection_policy::Error),
    /// The input cannot be protected.
    #[error("{path}: {source}", path = .path.display())]
    Mp4 {
        path: PathBuf,
        source: cenc_mp4::Error,
    },
    /// The system starts no more threads.
    #[error("cannot start a thread: {0}: give a smaller number with --threads")]
    Threads(io::Error),
    /// The handlers of signals cannot be installed.
    #[error("cannot handle signals: {0}")]
    Signals(io::Error),
    /// A signal stopped the command.
    #[error("stopped by a signal: nothing was written")]
    Interrupted,
}

impl From<content_keys::Error> for Error {
    fn from(error: content_keys::Error) -> Self {
        Self::Setup(error.into())
    }
}

impl Error {
    /// Returns the error of an MP4 file.
    pub fn mp4(path: &Path, source: cenc_mp4::Error) -> Self {
        match source {
            cenc_mp4::Error::Input(error) if error.is::<Stopped>() => Self::Interrupted,
            cenc_mp4::Error::Threads(source) => Self::Threads(source),
            source => Self::Mp4 {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Returns the exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Setup(_) | Self::NoFragment(_) | Self::Unaligned { .. } => FAULTY,
            Self::Mp4 { source, .. } if !matches!(source, cenc_mp4::Error::Input(_)) => FAULTY,
            // The code with which a shell reports a program that SIGINT ended.
            Self::Interrupted => 130,
            Self::File { .. } | Self::Output(_) | Self::SameFile(_) | Self::Secret(_) => NO_FILE,
            Self::SeveralFiles | Self::OneFile | Self::SameName(_) => NO_FILE,
            Self::Mp4 { .. } | Self::Threads(_) | Self::Signals(_) => NO_FILE,
        }
    }
}
