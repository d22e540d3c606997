// SPDX-License-Identifier: MPL-2.0
//! The signaling of the DRM systems for a key, as the texts of CPIX elements.

use std::cell::OnceCell;
use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use drm_signaling::{Drm, DrmContent, PlayReadyContent, Playlist, System, dash, hls, smooth};
use playready_header::KeyIds;

use super::{Error, HeaderSettings, ResponseKey};

/// The data that all systems of a response share.
pub struct Signals<'a> {
    scheme: Scheme,
    content_id: &'a str,
    settings: &'a HeaderSettings,
    keys: &'a [ResponseKey<'a>],
    /// The systems with all keys of the response, for those that need them in one line of a multivariant playlist; made at the first
    /// use. A system is missing if one header cannot hold all keys.
    of_all: OnceCell<Vec<Drm>>,
}

/// An element that the response fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// PSSH.
    Pssh,
    /// ContentProtectionData.
    ContentProtection,
    /// HLSSignalingData.
    Hls(Playlist),
    /// SmoothStreamingProtectionHeaderData, or ProtectionHeader of SPEKE 1.0.
    Smooth,
    /// URIExtXKey.
    Uri,
    /// KeyFormat of SPEKE 1.0.
    KeyFormat,
    /// KeyFormatVersions of SPEKE 1.0.
    KeyFormatVersions,
}

impl<'a> Signals<'a> {
    /// Makes the signaling of the keys of a response.
    pub const fn new(
        scheme: Scheme,
        content_id: &'a str,
        settings: &'a HeaderSettings,
        keys: &'a [ResponseKey<'a>],
    ) -> Self {
        Self {
            scheme,
            content_id,
            settings,
            keys,
            of_all: OnceCell::new(),
        }
    }

    /// Returns the keys of the response.
    pub const fn keys(&self) -> &'a [ResponseKey<'a>] {
        self.keys
    }

    /// Returns the signaling of a system for one of the keys.
    pub fn system(&self, system: System, key: ResponseKey<'_>) -> Result<Drm, Error> {
        self.of_keys(system, &[key])
    }

    /// Returns the text of an element; None if the system has none.
    pub fn text(&self, drm: &Drm, placeholder: Placeholder) -> Result<Option<String>, Error> {
        Ok(match placeholder {
            Placeholder::Pssh => drm.pssh().map(base64),
            Placeholder::ContentProtection => Some(dash::protection_data(drm))
                .filter(|xml| !xml.is_empty())
                .map(base64),
            Placeholder::Hls(playlist) => {
                let lines = hls::key_lines(self.in_playlist(drm, playlist), self.scheme, playlist)?;
                Some(lines.join("\n"))
                    .filter(|lines| !lines.is_empty())
                    .map(base64)
            }
            Placeholder::Smooth => smooth::header(drm),
            Placeholder::Uri => hls::first_key(drm).map(|key| base64(key.uri)),
            Placeholder::KeyFormat => hls::first_key(drm).map(|key| base64(key.format)),
            Placeholder::KeyFormatVersions => hls::first_key(drm).map(|_| base64("1")),
        })
    }

    fn in_playlist<'d>(&'d self, drm: &'d Drm, playlist: Playlist) -> &'d Drm {
        if playlist != Playlist::Multivariant {
            return drm;
        }
        self.of_all
            .get_or_init(|| self.with_all_keys())
            .iter()
            .find(|other| other.system_id() == drm.system_id())
            .unwrap_or(drm)
    }

    /// Returns the systems with all keys, except those whose header or object cannot hold so many KIDs.
    fn with_all_keys(&self) -> Vec<Drm> {
        let mut seen = HashSet::new();
        let distinct: Vec<_> = self
            .keys
            .iter()
            .filter(|key| seen.insert(key.kid))
            .copied()
            .collect();
        System::ALL
            .iter()
            .filter(|system| system.facts().has_shared_session_key)
            .filter_map(|system| self.of_keys(*system, &distinct).ok())
            .collect()
    }

    fn of_keys(&self, system: System, keys: &[ResponseKey<'_>]) -> Result<Drm, Error> {
        let kids: Vec<_> = keys.iter().map(|key| key.kid).collect();
        Ok(system.signal(&DrmContent {
            kids: &kids,
            scheme: self.scheme,
            content_id: Some(self.content_id),
            playready: PlayReadyContent {
                header: self.settings.fields(KeyIds::for_mode(
                    self.scheme.cipher_mode(),
                    keys.iter().map(|key| (key.kid, Some(key.key))),
                )),
                ..PlayReadyContent::default()
            },
            clear_key_url: None,
        })?)
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
