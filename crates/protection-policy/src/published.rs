// SPDX-License-Identifier: MPL-2.0
//! The signaling of a stream's protection as texts for applications and manifests.

use cenc_types::Scheme;
use drm_signaling::{Drm, dash, hls, smooth};
use playready_header::PlayReadyObject;

use super::Signals;

/// The texts for applications and manifests. They contain no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// The KIDs as UUIDs, in track order.
    pub key_ids: Vec<String>,
    /// The PlayReady Object in base64; None if PlayReady is not signaled.
    pub playready_object: Option<String>,
    /// The ContentProtection elements of an MPD, one per line.
    pub content_protection: Option<String>,
    /// The EXT-X-KEY lines of a media playlist; None for schemes and systems that HLS does not have.
    pub hls_key: Option<String>,
    /// The Protection element of a Smooth Streaming manifest.
    pub smooth_protection: Option<String>,
}

impl Published {
    /// Returns the texts of `signals` in a scheme.
    pub fn new(signals: &Signals, scheme: Scheme) -> Self {
        let kids = &signals.kids;
        let mut mpd: Vec<_> = kids
            .iter()
            .map(|kid| dash::mp4_protection(scheme, kid))
            .collect();
        mpd.extend(signals.drms.iter().map(dash::content_protection));
        let lines: Vec<_> = signals
            .drms
            .iter()
            .filter_map(|drm| hls::key_lines(drm, scheme, hls::Playlist::Media).ok())
            .flatten()
            .collect();
        Self {
            key_ids: kids.iter().map(ToString::to_string).collect(),
            playready_object: signals
                .drms
                .iter()
                .find_map(Drm::playready_object)
                .map(PlayReadyObject::to_base64),
            content_protection: Some(mpd.join("\n")),
            hls_key: (!lines.is_empty()).then(|| lines.join("\n")),
            smooth_protection: signals.drms.iter().find_map(smooth::protection_of),
        }
    }
}
