// SPDX-License-Identifier: MPL-2.0
//! Errors of protecting an elementary stream.

use cenc_types::Track;

use crate::clear_caps::FormatError;
use crate::error::WaitEnd;

/// The reason why an elementary stream cannot be protected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// Unsupported caps.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// An unusable key or setting.
    #[error(transparent)]
    Setup(#[from] protection_policy::Error),
    /// The property and the caps contradict each other.
    #[error(
        "track-type={required} and the caps are of {found}: link the other stream, or leave track-type=auto"
    )]
    OtherKind {
        /// The type required by the property.
        required: &'static str,
        /// The type in the caps.
        found: &'static str,
    },
    /// The stream is to stay clear.
    #[error(
        "{0} is to stay clear by clear-tracks or by the source of keys: link it without this element, or give it a key"
    )]
    LeftClear(Track),
    /// A buffer arrived before the caps.
    #[error("a buffer arrived before caps: put the stream's parser before the element")]
    NoCaps,
    /// A buffer already has a protection meta.
    #[error("the buffer is already protected: give the encryptor clear media")]
    AlreadyProtected,
    /// A buffer is not writable.
    #[error(
        "the buffer cannot be mapped for writing: upstream must give memory that programs can write"
    )]
    Unmappable,
    /// A sample cannot be protected.
    #[error("sample at {}: {reason}", time(.pts))]
    Sample {
        /// The presentation time.
        pts: Option<gst::ClockTime>,
        /// The reason.
        reason: common_encryption::SampleError,
    },
}

impl StreamError {
    /// Returns why a wait for keys ended, if that is the error.
    pub(super) fn wait_end(&self) -> Option<WaitEnd> {
        match self {
            Self::Setup(error) => WaitEnd::of(error),
            _ => None,
        }
    }
}

fn time(pts: &Option<gst::ClockTime>) -> String {
    pts.map_or_else(|| "an unknown time".to_owned(), |pts| pts.to_string())
}
