// SPDX-License-Identifier: MPL-2.0
//! The messages on the bus about published files.

use gst::prelude::*;
use gst::subclass::prelude::*;

use presentation_publisher::{PublishedSegment, PublisherEvent};

use super::CATEGORY;
use super::imp::PlayReadySink;
use crate::error;
use crate::logging::media_time;

/// Posts what a publisher has done.
pub(super) fn post(sink: &PlayReadySink, event: PublisherEvent) {
    match event {
        PublisherEvent::Segment(segment) => post_structure(sink, segment_structure(&segment)),
        PublisherEvent::Manifest { name } => post_structure(
            sink,
            gst::Structure::builder("playready-manifest-written")
                .field("name", name)
                .build(),
        ),
        PublisherEvent::Deleted { name } => post_structure(
            sink,
            gst::Structure::builder("playready-segment-deleted")
                .field("name", name)
                .build(),
        ),
        PublisherEvent::Warning(warning) => {
            error::post_warning(sink, gst::StreamError::Mux, &warning.to_string());
        }
        PublisherEvent::LongSegment {
            track,
            target_duration,
        } => error::post_warning(
            sink,
            gst::StreamError::Format,
            &format!(
                "{track}: a segment is longer than the playlists have said, so EXT-X-TARGETDURATION becomes {target_duration} s, which some \
                 players do not expect: let the encoder write a key frame every segment-duration"
            ),
        ),
    }
}

fn segment_structure(segment: &PublishedSegment) -> gst::Structure {
    gst::Structure::builder("playready-segment-written")
        .field("name", &segment.name)
        .field("track", &segment.track)
        .field("number", segment.number)
        .field("period", segment.period)
        .field("start", media_time(segment.start))
        .field("duration", media_time(segment.duration))
        .field("size", segment.size)
        .field_if_some("key-id", segment.kid.map(|kid| kid.to_string()))
        .build()
}

/// Posts an element message.
pub(super) fn post_structure(sink: &PlayReadySink, structure: gst::Structure) {
    let element = sink.obj();
    gst::log!(CATEGORY, obj = element, "{structure}");
    let message = gst::message::Element::builder(structure).src(&*element);
    let _ = element.post_message(message.build());
}
