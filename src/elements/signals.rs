// SPDX-License-Identifier: MPL-2.0
//! What a pipeline is told of the protection: events downstream, properties and a message on the bus.

use crate::packaging::{Published, Signals};
use crate::signaling::Drm;

/// Where an event's `pssh` stands, as qtdemux names it.
pub(super) const ORIGIN_MOOV: &str = "isobmff/moov";
/// The same for one that a crypto period brings.
pub(super) const ORIGIN_MOOF: &str = "isobmff/moof";

impl Published {
    /// The value of a read-only property.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match name {
            "current-key-id" => Some(self.key_ids.join(",")).filter(|kids| !kids.is_empty()),
            "playready-object" => self.playready_object.clone(),
            "content-protection" => self.content_protection.clone(),
            "hls-key" => self.hls_key.clone(),
            "smooth-protection" => self.smooth_protection.clone(),
            _ => None,
        }
    }

    /// The fields of the bus message `playready-protection`.
    pub(super) fn to_structure(&self, name: &str) -> gst::Structure {
        gst::Structure::builder(name)
            .field("key-id", self.key_ids.first())
            .field("key-ids", gst::Array::new(&self.key_ids))
            .field_if_some("playready-object", self.playready_object.as_ref())
            .field_if_some("content-protection", self.content_protection.as_ref())
            .field_if_some("hls-key", self.hls_key.as_ref())
            .field_if_some("smooth-protection", self.smooth_protection.as_ref())
            .build()
    }
}

/// A protection event for each DRM system that has a `pssh`, to be pushed before the buffer that it rules.
pub(super) fn events(signals: &Signals, origin: &str) -> Vec<gst::Event> {
    let event = |drm: &Drm| {
        let system_id = uuid::Uuid::from_bytes(drm.system_id()).to_string();
        let data = gst::Buffer::from_slice(drm.pssh()?.to_vec());
        let event = gst::event::Protection::builder(&system_id, &data);
        Some(event.origin(origin).build())
    };
    signals.drms.iter().filter_map(event).collect()
}
