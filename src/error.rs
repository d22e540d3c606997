// SPDX-License-Identifier: MPL-2.0
//! The one place where errors become GStreamer messages.

use gst::subclass::prelude::*;

use cenc_mp4::DecryptionError;

use super::cencenc::StreamError;
use super::clear_caps::FormatError;
use super::clearkeydec::DecryptError;
use super::settings::SettingsError;

/// Posts an error message for a stream that cannot be protected.
pub(super) fn post(element: &impl ElementImpl, error: &cenc_mp4::Error) {
    if let cenc_mp4::Error::Protection(source) = error
        && let Some(source) = source.downcast_ref()
    {
        return gst::element_imp_error!(element, setup_code(source), ["{error}"]);
    }
    gst::element_imp_error!(element, stream_code(error), ["{error}"]);
}

/// Posts an error message for an elementary stream that cannot be protected.
pub(super) fn post_stream(element: &impl ElementImpl, error: &StreamError) {
    use gst::StreamError as Code;
    let code = match error {
        StreamError::Setup(error) => {
            return gst::element_imp_error!(element, setup_code(error), ["{error}"]);
        }
        StreamError::Format(FormatError::Codec(_)) => Code::NotImplemented,
        StreamError::Format(_) | StreamError::NoCaps => Code::Format,
        StreamError::OtherKind { .. } | StreamError::AlreadyProtected => Code::WrongType,
        StreamError::Unmappable | StreamError::Sample { .. } => Code::Encode,
    };
    gst::element_imp_error!(element, code, ["{error}"]);
}

/// Posts an error message for a stream that cannot be decrypted.
pub(super) fn post_decryption(element: &impl ElementImpl, error: &DecryptError) {
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
    gst::element_imp_error!(element, code, ["{error}"]);
}

/// The error message for settings or keys that cannot be used.
pub(super) fn settings_message(error: &SettingsError) -> gst::ErrorMessage {
    let code = match error {
        SettingsError::Setup(error) => setup_code(error),
        SettingsError::NoKey | SettingsError::OnlyKeyId => gst::ResourceError::NotFound,
        SettingsError::NoKeyId | SettingsError::SeveralKeys => gst::ResourceError::Settings,
    };
    gst::error_msg!(code, ["{error}"])
}

const fn stream_code(error: &cenc_mp4::Error) -> gst::StreamError {
    use cenc_mp4::Error as E;
    use gst::StreamError as Code;
    match error {
        E::AlreadyProtected { .. } => Code::WrongType,
        E::Codec { .. } | E::Unsupported(_) => Code::NotImplemented,
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
        E::Keys(_) => Code::OpenRead,
        _ => Code::Settings,
    }
}
