// SPDX-License-Identifier: MPL-2.0
//! Why an elementary stream cannot be protected.

use crate::clear_caps::FormatError;

/// Errors of the stream under way; each says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// Its caps.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Its key.
    #[error(transparent)]
    Setup(#[from] protection_policy::Error),
    /// The property and the caps contradict each other.
    #[error(
        "track-type={asked} and the caps are of {found}: link the other stream, or leave track-type=auto"
    )]
    OtherKind {
        /// As the property says.
        asked: &'static str,
        /// As the caps say.
        found: &'static str,
    },
    /// A buffer comes before the caps.
    #[error("a buffer came before caps: put the stream's parser in front")]
    NoCaps,
    /// A buffer has the meta of a protected one.
    #[error("the buffer is already protected: give the encryptor clear media")]
    AlreadyProtected,
    /// A buffer cannot be written.
    #[error(
        "the buffer cannot be mapped for writing: upstream must give memory that programs can write"
    )]
    Unmappable,
    /// A sample cannot be protected.
    #[error("sample at {}: {reason}", time(.pts))]
    Sample {
        /// When it is shown.
        pts: Option<gst::ClockTime>,
        /// What is wrong.
        reason: common_encryption::SampleError,
    },
}

fn time(pts: &Option<gst::ClockTime>) -> String {
    pts.map_or_else(|| "an unknown time".to_owned(), |pts| pts.to_string())
}
