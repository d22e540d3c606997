// SPDX-License-Identifier: MPL-2.0
//! The signaling inside a pipeline: events downstream, properties and a message on the bus.

use drm_signaling::Drm;
use protection_policy::{Published, Signals};

/// The origin of an event whose `pssh` is in `moov`, as qtdemux names it.
pub(super) const ORIGIN_MOOV: &str = "isobmff/moov";
/// The origin of an event whose `pssh` is in the `moof` of a crypto period.
pub(super) const ORIGIN_MOOF: &str = "isobmff/moof";

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

/// Returns the bus message of this name.
pub(super) fn structure(published: &Published, name: &str) -> gst::Structure {
    gst::Structure::builder(name)
        .field("key-id", published.key_ids.first())
        .field("key-ids", gst::Array::new(&published.key_ids))
        .field_if_some("playready-object", published.playready_object.as_ref())
        .field_if_some("content-protection", published.content_protection.as_ref())
        .field_if_some("hls-key", published.hls_key.as_ref())
        .field_if_some("smooth-protection", published.smooth_protection.as_ref())
        .build()
}

/// Returns a protection event for each DRM system that has a `pssh`, to be pushed before the first buffer that it applies to.
pub(super) fn events(signals: &Signals, origin: &str) -> Vec<gst::Event> {
    let event = |drm: &Drm| {
        let system_id = uuid::Uuid::from_bytes(drm.system_id()).to_string();
        let data = gst::Buffer::from_slice(drm.pssh()?.to_vec());
        let event = gst::event::Protection::builder(&system_id, &data);
        Some(event.origin(origin).build())
    };
    signals.drms.iter().filter_map(event).collect()
}
