// SPDX-License-Identifier: MPL-2.0
//! The signaling inside a pipeline: events downstream, properties and a message on the bus.

use gst::glib;
use gst::prelude::*;

use drm_signaling::Drm;
use protection_policy::{Published, Signals};

/// The origin of an event whose `pssh` is in `moov`, as qtdemux names it.
pub(super) const ORIGIN_MOOV: &str = "isobmff/moov";
/// The origin of an event whose `pssh` is in the `moof` of a crypto period.
pub(super) const ORIGIN_MOOF: &str = "isobmff/moof";

/// A read-only property that changes with the stream's protection.
struct PublishedProperty {
    name: &'static str,
    blurb: &'static str,
}

const PUBLISHED: [PublishedProperty; 5] = [
    PublishedProperty {
        name: "current-key-id",
        blurb: "KIDs in use as UUIDs, in track order, separated by commas",
    },
    PublishedProperty {
        name: "playready-object",
        blurb: "PlayReady Object in base64; unset unless systems includes playready",
    },
    PublishedProperty {
        name: "content-protection",
        blurb: "ContentProtection elements for an MPD, one per line; of the mp4protection elements use the one with the track's KID",
    },
    PublishedProperty {
        name: "hls-key",
        blurb: "EXT-X-KEY lines for HLS media playlists; of the lines with KEYID or skd use the one with the track's KID; unset for cens and cbc1, which HLS does not support",
    },
    PublishedProperty {
        name: "smooth-protection",
        blurb: "Protection element for a Smooth Streaming manifest; unset unless systems includes playready",
    },
];

/// Returns the read-only properties.
pub(super) fn specs() -> impl Iterator<Item = glib::ParamSpec> {
    PUBLISHED.iter().map(|property| {
        glib::ParamSpecString::builder(property.name)
            .blurb(property.blurb)
            .read_only()
            .build()
    })
}

/// Returns the names of the read-only properties.
pub(super) fn published_names() -> impl Iterator<Item = &'static str> {
    PUBLISHED.iter().map(|property| property.name)
}

/// Returns the value of a read-only property.
pub(super) fn property(published: &Published, name: &str) -> Option<String> {
    match name {
        "current-key-id" => Some(published.key_ids.join(",")).filter(|key_ids| !key_ids.is_empty()),
        "playready-object" => published.playready_object.clone(),
        "content-protection" => published.content_protection.clone(),
        "hls-key" => published.hls_key.clone(),
        "smooth-protection" => published.smooth_protection.clone(),
        _ => None,
    }
}

/// Returns the message of this name, and its event, about the fragments from a running time on.
pub(super) fn structure(
    published: &Published,
    name: &str,
    period: u64,
    running_time: Option<gst::ClockTime>,
) -> gst::Structure {
    gst::Structure::builder(name)
        .field("key-id", published.key_ids.first())
        .field("key-ids", gst::Array::new(&published.key_ids))
        // Python without python3-gst-1.0 cannot read an array of GStreamer.
        .field("key-id-list", published.key_ids.clone())
        .field_if_some("playready-object", published.playready_object.as_ref())
        .field_if_some("content-protection", published.content_protection.as_ref())
        .field_if_some("hls-key", published.hls_key.as_ref())
        .field_if_some("smooth-protection", published.smooth_protection.as_ref())
        .field("period", period)
        .field_if_some("running-time", running_time)
        .build()
}

/// Returns the message and the event that say from when on a stream is protected, with `published`, or clear.
pub(super) fn state(
    published: Option<&Published>,
    period: u64,
    running_time: gst::ClockTime,
) -> gst::Structure {
    const NAME: &str = "playready-protection-state";
    let mut state = match published {
        Some(published) => structure(published, NAME, period, None),
        None => gst::Structure::new_empty(NAME),
    };
    state.set("protected", published.is_some());
    state.set("running-time", running_time);
    state
}

/// Returns a protection event for each DRM system that has a `pssh`, to be pushed before the first buffer that it applies to.
pub(super) fn events(signals: &Signals, origin: &str) -> Vec<gst::Event> {
    let event = |drm: &Drm| {
        let system_id = uuid::Uuid::from_bytes(drm.system_id()).to_string();
        let data = gst::Buffer::from_slice(drm.pssh()?.to_vec());
        Some(
            gst::event::Protection::builder(&system_id, &data)
                .origin(origin)
                .build(),
        )
    };
    signals.drms.iter().filter_map(event).collect()
}
