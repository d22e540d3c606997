// SPDX-License-Identifier: MPL-2.0
//! Errors as GStreamer messages. Cause and remedy are the text that applications show; the progress of the stream is the detail
//! for developers.

mod codes;

use gst::MessageErrorDomain;
use gst::subclass::prelude::*;

use super::logging::Logged;
pub(super) use codes::{ErrorCode, PostedError};

/// A stream that downstream stopped. The element that stopped it may post the cause.
#[derive(Debug, thiserror::Error)]
#[error(
    "downstream stopped the stream ({0}): look for the error of an element after this one, and link the source pad if it is not \
     linked"
)]
pub(super) struct StoppedDownstream(pub(super) gst::FlowError);

/// A sink that would write several init segments into one file.
#[derive(Debug, thiserror::Error)]
#[error(
    "{sink} writes the whole stream to one file, in which readers skip every 'moov' but the first, and key-change=init or \
     clear-signaling=init writes several: use a sink that writes segments (hlscmafsink, multifilesink, appsink), or set \
     key-change=in-band and clear-signaling=sample-group"
)]
pub(super) struct OneFileSink {
    pub(super) sink: String,
}

/// A buffer whose memory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}: upstream must give memory that programs can write, or the system has none left")]
pub(super) struct UnmappableBuffer(pub(super) gst::glib::BoolError);

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
}

/// Posts an error message.
pub(super) fn post<E: Logged>(element: &E, error: &impl PostedError) {
    let progress = element.progress();
    gst::error!(E::category(), obj = element.obj(), "{error} ({progress})");
    match error.code() {
        ErrorCode::Stream(code) => {
            gst::element_imp_error!(element, code, ("{error}"), ["{progress}"]);
        }
        ErrorCode::Resource(code) => {
            gst::element_imp_error!(element, code, ("{error}"), ["{progress}"]);
        }
    }
}

/// Posts a warning of what does not stop the stream, or not yet.
pub(super) fn post_warning<E: Logged>(element: &E, code: impl MessageErrorDomain, text: &str) {
    gst::warning!(E::category(), obj = element.obj(), "{text}");
    gst::element_imp_warning!(element, code, ("{text}"), ["{}", element.progress()]);
}

/// Posts a warning of a property that was set too late.
pub(super) fn post_late_setting(element: &impl Logged, name: &str) {
    let text = format!(
        "property {name} was set while the stream runs, and keeps the value with which the stream started: set it in the state NULL \
         or READY"
    );
    post_warning(element, gst::ResourceError::Settings, &text);
}

/// Returns the error message for unusable settings or keys.
pub(super) fn settings_message<E: Logged>(
    element: &E,
    error: &impl PostedError,
) -> gst::ErrorMessage {
    gst::error!(E::category(), obj = element.obj(), "{error}");
    match error.code() {
        ErrorCode::Stream(code) => {
            gst::error_msg!(code, ("{error}"), ["before the stream's start"])
        }
        ErrorCode::Resource(code) => {
            gst::error_msg!(code, ("{error}"), ["before the stream's start"])
        }
    }
}

#[cfg(test)]
mod tests;
