// SPDX-License-Identifier: MPL-2.0
//! What applications and manifests are told of a stream's protection, as texts.

use cenc_types::Scheme;
use drm_signaling::{Drm, dash, hls, smooth};
use playready_header::PlayReadyObject;

use super::Signals;

/// The texts of one set of signals. Nothing here is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// KIDs as UUIDs.
    pub key_ids: Vec<String>,
    /// The PlayReady Object in base64; none when PlayReady is not among the systems.
    pub playready_object: Option<String>,
    /// ContentProtection elements of an MPD, a line each.
    pub content_protection: Option<String>,
    /// EXT-X-KEY lines of a media playlist; none for the schemes and systems that HLS cannot name.
    pub hls_key: Option<String>,
    /// Protection element of a Smooth Streaming manifest.
    pub smooth_protection: Option<String>,
}

impl Published {
    /// The texts of `signals` in a scheme.
    pub fn new(signals: &Signals, scheme: Scheme) -> Self {
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
}
