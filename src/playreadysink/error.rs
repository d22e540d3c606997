// SPDX-License-Identifier: MPL-2.0
//! The errors of the element.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gst::ResourceError as Resource;
use gst::StreamError as Stream;

use presentation_publisher::PublishError;
use segment_packaging::SegmentError;

use crate::error::{ErrorCode, PostedError, UnmappableBuffer, WaitEnd};

/// The reason why a presentation cannot be published any further.
#[derive(Debug, thiserror::Error)]
pub(super) enum SinkError {
    /// No folder is given.
    #[error(
        "no place for the presentation: set location=/path/of/a/folder, or connect the signal get-segment-stream"
    )]
    NoLocation,
    /// PIFF is of Smooth Streaming.
    #[error(
        "flavor=piff is of Smooth Streaming, and this element publishes DASH and HLS: leave flavor=cenc, or package a file with \
         playready-packager package --manifests smooth"
    )]
    Piff,
    /// Players could not stay from the end of the window.
    #[error(
        "window={window} is not longer than three segments of segment-duration={segment_duration}, by which players stay from the end of a \
         live presentation: set a longer window, or 0 to keep all segments"
    )]
    ShortWindow { window: u64, segment_duration: u64 },
    /// The folder cannot be used.
    #[error("{}: {source}", .path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// A property of a pad is not valid.
    #[error(
        "pad {pad}: {role:?} is no role: give one of main, alternate, commentary, dub, description, subtitle, caption, forced-subtitle"
    )]
    Role { pad: String, role: String },
    /// A language is none.
    #[error(
        "pad {pad}: {language:?} is no language tag of RFC 5646: give one such as en, de-AT or zh-Hans"
    )]
    Language { pad: String, language: String },
    /// A stream changes its format.
    #[error(
        "pad {pad}: the format of the stream has changed, and one run of a presentation has one format for each track: keep the \
         format, for instance with a capsfilter after videoscale and audioresample, or start the element again, which goes on in the \
         same folder"
    )]
    FormatChanged { pad: String },
    /// A track that players do not present.
    #[error(
        "pad {pad}: players of DASH and HLS do not present this format: convert it before the element"
    )]
    NotPresented { pad: String },
    /// A muxer's output cannot be read.
    #[error("pad {pad}: {source}")]
    Muxer {
        pad: String,
        source: cenc_mp4::Error,
    },
    /// A text that cannot be read.
    #[error("pad {pad}: {source}")]
    Text {
        pad: String,
        source: timed_text::Error,
    },
    /// A stream without caps that is no text of a known format.
    #[error(
        "pad {pad}: the stream has no caps, and does not start like WebVTT or TTML: put subparse before the element, which reads SubRip \
         and other formats"
    )]
    UnknownText { pad: String },
    /// A text without a timestamp.
    #[error(
        "pad {pad}: a text has no timestamp, so that it has no place in the presentation: set the timestamps and durations of the buffers"
    )]
    UntimedText { pad: String },
    /// Too much media without a key frame.
    #[error(
        "{held:?} of media wait for a key frame that all pictures share, which is too much to hold: let all encoders write a key \
         frame every segment-duration (x264enc key-int-max, or an encoder that follows requests for key frames)"
    )]
    NoKeyFrames { held: Duration },
    /// No media at all.
    #[error(
        "no pad got media: link a parser of H.264, H.265, AV1, AAC or another format in the templates of the pads"
    )]
    NoMedia,
    /// A buffer of a muxer cannot be used.
    #[error(transparent)]
    Memory(UnmappableBuffer),
    /// The stream cannot be protected.
    #[error(transparent)]
    Protection(cenc_mp4::Error),
    /// Files and manifests.
    #[error("{}/{source}", .location.display())]
    Publish {
        location: PathBuf,
        source: PublishError,
    },
}

impl SinkError {
    /// Returns the error of a stream whose files are in a folder.
    pub(super) fn of_segment(
        error: SegmentError<PublishError>,
        location: &std::path::Path,
    ) -> Self {
        match error {
            SegmentError::Protection(error) => Self::Protection(error),
            SegmentError::Sink(source) => Self::Publish {
                location: location.to_owned(),
                source,
            },
        }
    }
}

impl PostedError for SinkError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoLocation
            | Self::Piff
            | Self::ShortWindow { .. }
            | Self::Role { .. }
            | Self::Language { .. } => Resource::Settings.into(),
            Self::Folder { source, .. } if source.kind() == io::ErrorKind::ResourceBusy => {
                Resource::Busy.into()
            }
            Self::Folder { .. } => Resource::OpenWrite.into(),
            Self::FormatChanged { .. }
            | Self::NotPresented { .. }
            | Self::UntimedText { .. }
            | Self::NoKeyFrames { .. } => Stream::Format.into(),
            Self::Text { .. } => Stream::Decode.into(),
            Self::NoMedia | Self::UnknownText { .. } => Stream::WrongType.into(),
            Self::Memory(error) => error.code(),
            Self::Muxer { source, .. } | Self::Protection(source) => source.code(),
            Self::Publish { source, .. } => match source {
                PublishError::File { source, .. }
                    if source.kind() == io::ErrorKind::StorageFull =>
                {
                    Resource::NoSpaceLeft.into()
                }
                PublishError::File { .. } | PublishError::State { .. } => Resource::Write.into(),
                PublishError::Manifest(_) | PublishError::Mp4(_) => Stream::Mux.into(),
            },
        }
    }
}

impl SinkError {
    /// True if it only ends a wait for keys, because the element stops.
    pub(super) fn is_stop(&self) -> bool {
        let Self::Protection(cenc_mp4::Error::Protection(source)) = self else {
            return false;
        };
        let error = source.downcast_ref::<protection_policy::Error>();
        error.is_some_and(|error| matches!(WaitEnd::of(error), Some(WaitEnd::Stopped)))
    }
}
