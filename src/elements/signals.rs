// SPDX-License-Identifier: MPL-2.0
//! What a pipeline is told of the protection: events downstream, a message on the bus, texts for manifests.

use crate::cenc::Scheme;
use crate::packaging::Signals;
use crate::playready::PlayReadyObject;
use crate::signaling::{Drm, dash, hls, smooth};

/// Where an event's `pssh` stands, as qtdemux names it.
pub(super) const ORIGIN_MOOV: &str = "isobmff/moov";
/// The same for one that a crypto period brings.
pub(super) const ORIGIN_MOOF: &str = "isobmff/moof";

/// The texts and bytes of one set of signals, for properties and messages. Nothing here is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Published {
    /// KIDs as UUIDs.
    pub(super) key_ids: Vec<String>,
    /// The PlayReady Object in base64; none when PlayReady is not among the systems.
    pub(super) playready_object: Option<String>,
    /// ContentProtection elements of an MPD, a line each.
    pub(super) content_protection: Option<String>,
    /// EXT-X-KEY lines of a media playlist; none for the schemes and systems that HLS cannot name.
    pub(super) hls_key: Option<String>,
    /// Protection element of a Smooth Streaming manifest.
    pub(super) smooth_protection: Option<String>,
}

impl Published {
    pub(super) fn new(signals: &Signals, scheme: Scheme) -> Self {
        let kids = &signals.kids;
        let mut mpd: Vec<_> = kids
            .iter()
            .map(|kid| dash::mp4_protection(scheme, kid))
            .collect();
        mpd.extend(signals.drms.iter().map(dash::content_protection));
        let drms = signals.drms.iter();
        let lines = drms.filter_map(|drm| hls::key_lines(drm, scheme, hls::Playlist::Media).ok());
        let lines: Vec<_> = lines.flatten().collect();
        let object = signals.drms.iter().find_map(Drm::playready_object);
        Self {
            key_ids: kids.iter().map(ToString::to_string).collect(),
            playready_object: object.map(PlayReadyObject::to_base64),
            content_protection: Some(mpd.join("\n")),
            hls_key: (!lines.is_empty()).then(|| lines.join("\n")),
            smooth_protection: signals.drms.iter().find_map(smooth::protection_of),
        }
    }

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
