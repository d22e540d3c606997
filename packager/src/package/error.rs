// SPDX-License-Identifier: MPL-2.0
//! The errors of `package`.

use std::io;
use std::path::{Path, PathBuf};

use super::input_spec::InputSpecError;
use crate::print::{FAULTY, NO_FILE};
use crate::protect;

/// Errors of `package`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error that `protect` has too.
    #[error(transparent)]
    Protect(#[from] protect::Error),
    /// An input on the command line is wrong.
    #[error(transparent)]
    Input(#[from] InputSpecError),
    /// A WebVTT file cannot be used.
    #[error("{path}: this WebVTT file cannot be used: {reason}", path = .path.display())]
    WebVtt { path: PathBuf, reason: &'static str },
    /// There are only texts.
    #[error("there is no video or sound: give at least one MP4 file with either")]
    NoMedia,
    /// Video tracks have no common key frames.
    #[error(
        "{without} has no key frame at {time:.3} s, where {with} has one, so that segments cannot be aligned: encode all qualities with \
         key frames at the same times, for instance with -force_key_frames 'expr:gte(t,n_forced*2)' -sc_threshold 0 of FFmpeg",
        without = .without.display(), with = .with.display()
    )]
    Unaligned {
        with: PathBuf,
        without: PathBuf,
        time: f64,
    },
    /// Video tracks of different lengths.
    #[error(
        "{without} ends at {end:.3} s, before {with} does: give files of the same film, or leave one out",
        without = .without.display(), with = .with.display()
    )]
    Shorter {
        with: PathBuf,
        without: PathBuf,
        end: f64,
    },
    /// Settings that Smooth Streaming does not have.
    #[error("--manifests smooth {reason}, or leave smooth out of --manifests")]
    SmoothSettings { reason: &'static str },
    /// No track of a kind can be in a Smooth Streaming manifest.
    #[error(
        "{path}: Smooth Streaming has no name for the codec {codecs:?}, only for AVC, HEVC and AAC: give a file with one of these too, or \
         leave smooth out of --manifests", path = .path.display()
    )]
    SmoothCodec { path: PathBuf, codecs: String },
    /// A file or folder of the presentation cannot be written.
    #[error("{path}: {source}", path = .path.display())]
    Output { path: PathBuf, source: io::Error },
    /// A manifest cannot be written.
    #[error(transparent)]
    Manifest(#[from] presentation::writer::WriteError),
}

impl Error {
    /// Returns the error of an MP4 file.
    pub fn mp4(path: &Path, source: cenc_mp4::Error) -> Self {
        Self::Protect(protect::Error::mp4(path, source))
    }

    /// The exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Protect(error) => error.exit_code(),
            Self::Unaligned { .. } | Self::Shorter { .. } | Self::WebVtt { .. } | Self::NoMedia => {
                FAULTY
            }
            Self::Manifest(_) | Self::SmoothCodec { .. } => FAULTY,
            Self::SmoothSettings { .. } | Self::Input(_) | Self::Output { .. } => NO_FILE,
        }
    }
}
