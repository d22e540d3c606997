// SPDX-License-Identifier: MPL-2.0
//! The table of errors: the domain and the code on the bus of each.

use std::fmt::Display;

use gst::ResourceError as Resource;
use gst::StreamError as Stream;

use cenc_mp4::DecryptionError;
use host_access::SecretFileError;

use super::{OneFileSink, StoppedDownstream, UnmappableBuffer};
use crate::cencenc::StreamError;
use crate::clear_caps::FormatError;
use crate::clearkeydec::DecryptError;
use crate::settings::SettingsError;

/// An error that an element posts.
pub(crate) trait PostedError: Display {
    /// Returns its domain and code on the bus.
    fn code(&self) -> ErrorCode;
}

/// The domain and the code of an error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    /// The media.
    Stream(Stream),
    /// The needs of the element apart from the media: settings, keys, memory.
    Resource(Resource),
}

impl From<Stream> for ErrorCode {
    fn from(code: Stream) -> Self {
        Self::Stream(code)
    }
}

impl From<Resource> for ErrorCode {
    fn from(code: Resource) -> Self {
        Self::Resource(code)
    }
}

impl PostedError for cenc_mp4::Error {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Protection(source) => match source.downcast_ref::<protection_policy::Error>() {
                Some(error) => error.code(),
                None => Stream::Encode.into(),
            },
            Self::Decryption(error) => error.code(),
            Self::Codec { source, .. } => source.code(),
            Self::Input(_) => Resource::Read.into(),
            Self::Threads(_) => Resource::Failed.into(),
            Self::AlreadyProtected { .. } | Self::SchemeForFormat { .. } => {
                Stream::WrongType.into()
            }
            Self::Unsupported(_) | Self::CompressedMoov | Self::TooLarge { .. } => {
                Stream::NotImplemented.into()
            }
            Self::NotMp4(_)
            | Self::CoarseInterleaving { .. }
            | Self::MediaBeforeMoov
            | Self::MediaWithoutMoof
            | Self::SamplesInMoov
            | Self::Rewrites { .. }
            | Self::IndexedInit
            | Self::ProgressivePiff
            | Self::ProgressivePeriods => Stream::Format.into(),
            Self::Sample { .. }
            | Self::NothingToEncrypt { .. }
            | Self::NothingProtected { .. }
            | Self::UnreadableOutput
            | Self::ClearInit
            | Self::WrittenWrong { .. } => Stream::Encode.into(),
            _ => Stream::Demux.into(),
        }
    }
}

impl PostedError for DecryptionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoKey(_) => Stream::DecryptNokey.into(),
            _ => Stream::Decrypt.into(),
        }
    }
}

impl PostedError for codec_headers::Error {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unsupported { .. } | Self::UnsupportedFeature { .. } => Stream::WrongType.into(),
            _ => Stream::Format.into(),
        }
    }
}

impl PostedError for protection_policy::Error {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Keys(error) => error.code(),
            Self::Generator(_) => Resource::Failed.into(),
            Self::NothingProtected | Self::ProtectionChanged { .. } => Resource::NotFound.into(),
            _ => Resource::Settings.into(),
        }
    }
}

impl PostedError for content_keys::Error {
    fn code(&self) -> ErrorCode {
        let code = match self {
            Self::NoKey(_) | Self::NoRule(_) | Self::NoPeriod { .. } | Self::NotDelivered(_) => {
                Resource::NotFound
            }
            Self::File(SecretFileError::TooOpen { .. }) => Resource::NotAuthorized,
            Self::KeyScheme { .. } | Self::ContentScheme { .. } | Self::Signaling { .. } => {
                Resource::Settings
            }
            Self::Generator(_) | Self::Thread(_) | Self::RequestsEnded => Resource::Failed,
            _ => Resource::OpenRead,
        };
        code.into()
    }
}

impl PostedError for SettingsError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Setup(error) => error.code(),
            Self::NoKey | Self::OnlyKeyId => Resource::NotFound.into(),
            Self::NoKeyId | Self::SeveralKeys => Resource::Settings.into(),
        }
    }
}

impl PostedError for StreamError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Setup(error) => error.code(),
            Self::Format(FormatError::Codec(error)) => error.code(),
            Self::Format(FormatError::NotFramed(_) | FormatError::NoSize(_)) | Self::NoCaps => {
                Stream::Format.into()
            }
            Self::OtherKind { .. } | Self::AlreadyProtected => Stream::WrongType.into(),
            Self::LeftClear(_) => Resource::Settings.into(),
            Self::Unmappable => Resource::NoSpaceLeft.into(),
            Self::Sample { .. } => Stream::Encode.into(),
        }
    }
}

impl PostedError for DecryptError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Mp4(error) => error.code(),
            Self::NoKey(_) | Self::NoKid | Self::Request(_) => Stream::DecryptNokey.into(),
            Self::NoType(_) | Self::Jump { .. } => Stream::Format.into(),
            Self::Unmappable => Resource::NoSpaceLeft.into(),
            Self::NoMeta | Self::LongLead(_) | Self::Meta(_) | Self::Cenc(_) | Self::Value(_) => {
                Stream::Decrypt.into()
            }
        }
    }
}

impl PostedError for OneFileSink {
    fn code(&self) -> ErrorCode {
        Resource::Settings.into()
    }
}

impl PostedError for UnmappableBuffer {
    fn code(&self) -> ErrorCode {
        Resource::NoSpaceLeft.into()
    }
}

impl PostedError for StoppedDownstream {
    fn code(&self) -> ErrorCode {
        Stream::Failed.into()
    }
}
