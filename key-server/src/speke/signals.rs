// SPDX-License-Identifier: MPL-2.0
//! What the DRM systems signal for a key, as the texts of CPIX elements.

use std::cell::OnceCell;
use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use drm_signaling::{Drm, DrmContent, PlayReadyContent, Playlist, System, dash, hls, smooth};
use playready_header::KeyIds;

use super::{Error, Given, HeaderSettings};

/// What all systems of an answer share.
pub struct Signals<'a> {
    scheme: Scheme,
    content_id: &'a str,
    settings: &'a HeaderSettings,
    keys: &'a [Given<'a>],
    /// The systems with all keys of the answer, for those that want them in one line of a multivariant playlist; made when the
    /// first is asked for. A system is missing where no header holds them all.
    of_all: OnceCell<Vec<Drm>>,
}

/// An element that asks for something.
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
    pub const fn new(
        scheme: Scheme,
        content_id: &'a str,
        settings: &'a HeaderSettings,
        keys: &'a [Given<'a>],
    ) -> Self {
        Self {
            scheme,
            content_id,
            settings,
            keys,
            of_all: OnceCell::new(),
        }
    }

    /// The keys of the answer.
    pub const fn keys(&self) -> &'a [Given<'a>] {
        self.keys
    }

    /// A system for one of the keys.
    pub fn system(&self, system: System, key: Given<'_>) -> Result<Drm, Error> {
        self.of_keys(system, &[key])
    }

    /// The text of an element; None where the system has nothing to say there.
    pub fn text(&self, drm: &Drm, placeholder: Placeholder) -> Result<Option<String>, Error> {
        Ok(match placeholder {
            Placeholder::Pssh => drm.pssh().map(base64),
            Placeholder::ContentProtection => {
                let data = dash::protection_data(drm);
                Some(data).filter(|xml| !xml.is_empty()).map(base64)
            }
            Placeholder::Hls(playlist) => {
                let drm = self.in_playlist(drm, playlist);
                let lines = hls::key_lines(drm, self.scheme, playlist)?;
                let lines = Some(lines.join("\n")).filter(|lines| !lines.is_empty());
                lines.map(base64)
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
        let mut of_all = self.of_all.get_or_init(|| self.with_all_keys()).iter();
        let same = of_all.find(|other| other.system_id() == drm.system_id());
        same.unwrap_or(drm)
    }

    /// Without those where the content's header version holds one KID only, or an object cannot hold so many.
    fn with_all_keys(&self) -> Vec<Drm> {
        let mut seen = HashSet::new();
        let distinct = self.keys.iter().filter(|key| seen.insert(key.kid));
        let distinct: Vec<Given<'_>> = distinct.copied().collect();
        let mut systems = System::ALL.to_vec();
        systems.retain(|system| system.facts().has_shared_session_key);
        let made = systems.into_iter();
        made.filter_map(|system| self.of_keys(system, &distinct).ok())
            .collect()
    }

    fn of_keys(&self, system: System, keys: &[Given<'_>]) -> Result<Drm, Error> {
        let kids: Vec<_> = keys.iter().map(|key| key.kid).collect();
        let mode = self.scheme.cipher_mode();
        let keys = keys.iter().map(|key| (key.kid, Some(key.key)));
        Ok(system.signal(&DrmContent {
            kids: &kids,
            scheme: self.scheme,
            content_id: Some(self.content_id),
            playready: PlayReadyContent {
                header: self.settings.fields(KeyIds::for_mode(mode, keys)),
                ..PlayReadyContent::default()
            },
        })?)
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
