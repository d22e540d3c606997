// SPDX-License-Identifier: MPL-2.0
//! The debug logs of the elements, each in the GStreamer debug category with the element's name.
//!
//! ERROR is for problems that stop a stream, WARNING for those that may stop it, INFO for decisions about a stream or crypto period,
//! DEBUG for caps, events, fragments and changes of state, LOG and TRACE for buffers. No level logs a key.

mod keys;
mod rules;
mod tracks;

use std::time::Duration;

use gst::prelude::*;
use gst::subclass::prelude::*;

pub(super) use keys::KeyLog;
pub(super) use rules::RuleLog;
pub(super) use tracks::describe_protection;

/// An element that has a debug category.
pub(super) trait Logged: ElementImpl {
    /// Returns the category, which has the element's name.
    fn category() -> gst::DebugCategory;

    /// Returns the progress of the stream, for the details of an error message.
    fn progress(&self) -> String;
}

/// The category and the element of a line in the log.
#[derive(Clone, Copy)]
pub(super) struct LogTarget<'a> {
    pub(super) category: gst::DebugCategory,
    pub(super) element: &'a gst::Element,
}

/// Makes the debug category of an element.
pub(super) fn category(name: &str, description: &str) -> gst::DebugCategory {
    gst::DebugCategory::new(name, gst::DebugColorFlags::empty(), Some(description))
}

/// Logs an event that a pad receives.
pub(super) fn event<E: Logged>(pad: &gst::Pad, event: &gst::EventRef) {
    if let gst::EventView::Segment(event) = event.view() {
        let segment = event.segment();
        gst::debug!(E::category(), obj = pad, "received {segment:?}");
        return;
    }
    let level = match event.type_() {
        // They may come with every buffer.
        gst::EventType::Gap | gst::EventType::Qos | gst::EventType::Tag => gst::DebugLevel::Log,
        _ => gst::DebugLevel::Debug,
    };
    gst::log_with_level!(E::category(), level, obj = pad, "received {event:?}");
}

/// Converts a media time to GStreamer's type.
pub(super) fn media_time(time: Duration) -> gst::ClockTime {
    gst::ClockTime::try_from(time).unwrap_or(gst::ClockTime::MAX)
}

/// Logs the tracks of an init segment.
pub(super) fn tracks<E: Logged>(element: &E, init: &gst::BufferRef) {
    let category = E::category();
    if !category.above_threshold(gst::DebugLevel::Info) {
        return;
    }
    let Ok(map) = init.map_readable() else {
        return;
    };
    match tracks::describe(&map) {
        Ok(lines) => {
            for line in lines {
                gst::info!(category, obj = element.obj(), "{line}");
            }
        }
        Err(error) => gst::debug!(category, obj = element.obj(), "init segment: {error}"),
    }
}
