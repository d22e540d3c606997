// SPDX-License-Identifier: MPL-2.0
//! Conversion of errors to GStreamer messages. Cause and remedy are the text that applications show; the progress of the stream is
//! the detail for developers.

use std::fmt::Display;

use gst::MessageErrorDomain;
use gst::subclass::prelude::*;

use cenc_mp4::DecryptionError;

use super::cencenc::StreamError;
use super::clear_caps::FormatError;
use super::clearkeydec::DecryptError;
use super::logging::Logged;
use super::settings::SettingsError;

/// Posts an error message for a stream that cannot be protected.
pub(super) fn post(element: &impl Logged, error: &cenc_mp4::Error) {
    if let cenc_mp4::Error::Protection(source) = error
        && let Some(source) = source.downcast_ref()
    {
        return post_text(element, setup_code(source), error);
    }
    post_text(element, stream_code(error), error);
}

/// Posts an error message for an elementary stream that cannot be protected.
pub(super) fn post_stream(element: &impl Logged, error: &StreamError) {
    use gst::StreamError as Code;
    let code = match error {
        StreamError::Setup(error) => return post_text(element, setup_code(error), error),
        StreamError::Format(FormatError::Codec(_)) => Code::NotImplemented,
        StreamError::Format(_) | StreamError::NoCaps => Code::Format,
        StreamError::OtherKind { .. }
        | StreamError::AlreadyProtected
        | StreamError::LeftClear(_) => Code::WrongType,
        StreamError::Unmappable | StreamError::Sample { .. } => Code::Encode,
    };
    post_text(element, code, error);
}

/// Posts an error message for a stream that cannot be decrypted.
pub(super) fn post_decryption(element: &impl Logged, error: &DecryptError) {
    use gst::StreamError as Code;
    let code = match error {
        DecryptError::NoKey(_)
        | DecryptError::Mp4(cenc_mp4::Error::Decryption(DecryptionError::NoKey(_))) => {
            Code::DecryptNokey
        }
        DecryptError::NoType(_) => Code::Format,
        DecryptError::NoMeta
        | DecryptError::Meta(_)
        | DecryptError::Cenc(_)
        | DecryptError::Value(_)
        | DecryptError::Mp4(_)
        | DecryptError::Jump { .. }
        | DecryptError::Unmappable => Code::Decrypt,
    };
    post_text(element, code, error);
}

/// Posts an error message for a stream that downstream stopped. The element that stopped it may post the cause.
pub(super) fn post_flow(element: &impl Logged, flow: gst::FlowError) {
    post_text(
        element,
        gst::StreamError::Failed,
        &format_args!(
            "downstream stopped the stream ({flow}): look for the error of an element after this one, and link the source pad if \
             it is not linked"
        ),
    );
}

/// Posts an error message for a buffer whose memory cannot be used.
pub(super) fn post_unmappable(element: &impl Logged, error: &gst::glib::BoolError) {
    post_text(
        element,
        gst::ResourceError::NoSpaceLeft,
        &format_args!(
            "{error}: upstream must give memory that programs can write, or the system has none left"
        ),
    );
}

/// Posts an error message for a stream that cannot start, because of its settings or its keys.
pub(super) fn post_setup(element: &impl Logged, error: &protection_policy::Error) {
    post_text(element, setup_code(error), error);
}

/// The reason why a stream that waits for keys stops.
pub(super) enum WaitEnd {
    /// It flushes or ends.
    Stopped,
    /// There are no keys, as the thread that requested them has reported.
    Reported,
}

impl WaitEnd {
    /// Returns the reason if `error` is the end of a wait, of which there is nothing to report.
    pub(super) const fn of(error: &protection_policy::Error) -> Option<Self> {
        match error {
            protection_policy::Error::Keys(content_keys::Error::Stopped) => Some(Self::Stopped),
            protection_policy::Error::Keys(content_keys::Error::NoFirstKeys) => {
                Some(Self::Reported)
            }
            _ => None,
        }
    }

    pub(super) const fn flow(self) -> gst::FlowError {
        match self {
            Self::Stopped => gst::FlowError::Flushing,
            Self::Reported => gst::FlowError::Error,
        }
    }
}

/// Posts a warning of what does not stop the stream, or not yet.
pub(super) fn post_warning<E: Logged>(element: &E, code: impl MessageErrorDomain, text: &str) {
    gst::warning!(E::category(), obj = element.obj(), "{text}");
    gst::element_imp_warning!(element, code, ("{text}"), ["{}", element.progress()]);
}

fn post_text<E: Logged>(element: &E, code: impl MessageErrorDomain, text: &impl Display) {
    let progress = element.progress();
    gst::error!(E::category(), obj = element.obj(), "{text} ({progress})");
    gst::element_imp_error!(element, code, ("{text}"), ["{progress}"]);
}

/// Returns the error message for unusable settings or keys.
pub(super) fn settings_message<E: Logged>(element: &E, error: &SettingsError) -> gst::ErrorMessage {
    gst::error!(E::category(), obj = element.obj(), "{error}");
    let code = match error {
        SettingsError::Setup(error) => setup_code(error),
        SettingsError::NoKey | SettingsError::OnlyKeyId => gst::ResourceError::NotFound,
        SettingsError::NoKeyId | SettingsError::SeveralKeys => gst::ResourceError::Settings,
    };
    gst::error_msg!(code, ("{error}"), ["before the stream's start"])
}

const fn stream_code(error: &cenc_mp4::Error) -> gst::StreamError {
    use cenc_mp4::Error as E;
    use gst::StreamError as Code;
    match error {
        E::AlreadyProtected { .. } | E::NotMp4(_) => Code::WrongType,
        E::Codec { .. }
        | E::Unsupported(_)
        | E::CompressedMoov
        | E::HandlerMismatch { .. }
        | E::SchemeForFormat { .. } => Code::NotImplemented,
        E::Sample { .. } => Code::Encode,
        E::CoarseInterleaving { .. }
        | E::MediaBeforeMoov
        | E::MediaWithoutMoof
        | E::SamplesInMoov => Code::Format,
        _ => Code::Demux,
    }
}

const fn setup_code(error: &protection_policy::Error) -> gst::ResourceError {
    use gst::ResourceError as Code;
    use protection_policy::Error as E;
    match error {
        E::Keys(content_keys::Error::NoKey(_)) => Code::NotFound,
        E::Keys(content_keys::Error::File(host_access::SecretFileError::TooOpen { .. })) => {
            Code::NotAuthorized
        }
        E::Keys(content_keys::Error::Generator(_)) | E::Generator(_) => Code::Failed,
        E::Keys(content_keys::Error::KeyScheme { .. }) => Code::Settings,
        E::Keys(_) => Code::OpenRead,
        _ => Code::Settings,
    }
}
