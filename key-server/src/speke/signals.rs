// SPDX-License-Identifier: MPL-2.0
//! What the DRM systems signal for a key, as the texts of CPIX elements.

use std::cell::OnceCell;
use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::Scheme;
use drm_signaling::{Drm, Playlist, System, dash, hls};
use playready_header::{Header, KeyIds, PlayReadyObject};

use super::{Error, Given, HeaderSettings};

/// What all systems of an answer share.
pub struct Signals<'a> {
    scheme: Scheme,
    content_id: &'a str,
    settings: &'a HeaderSettings,
    keys: &'a [Given<'a>],
    /// PlayReady with all keys of the answer, which HLS on Windows wants at the start; made when it is first asked for. None where
    /// no header holds them all.
    of_all: OnceCell<Option<Drm>>,
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
        let kids = vec![key.kid];
        Ok(match system {
            System::PlayReady => Drm::playready(self.object(&[key])?, None)?,
            System::Widevine => Drm::widevine(kids, self.scheme, Some(self.content_id))?,
            System::Common => Drm::common(kids)?,
            System::FairPlay => Drm::FairPlay { kids },
            System::Marlin => Drm::Marlin { kids },
        })
    }

    /// The text of an element; None where the system has nothing to say there.
    pub fn text(&self, drm: &Drm, placeholder: Placeholder) -> Result<Option<String>, Error> {
        Ok(match placeholder {
            Placeholder::Pssh => drm.pssh().map(base64),
            Placeholder::ContentProtection => {
                let inside = dash::inside(drm);
                Some(inside).filter(|xml| !xml.is_empty()).map(base64)
            }
            Placeholder::Hls(playlist) => {
                let drm = self.in_playlist(drm, playlist);
                let lines = hls::key_lines(drm, self.scheme, playlist)?;
                let lines = Some(lines.join("\n")).filter(|lines| !lines.is_empty());
                lines.map(base64)
            }
            Placeholder::Smooth => drm.playready_object().map(PlayReadyObject::to_base64),
            Placeholder::Uri => hls::key_uri(drm).map(|(uri, _)| base64(uri)),
            Placeholder::KeyFormat => hls::key_uri(drm).map(|(_, format)| base64(format)),
            Placeholder::KeyFormatVersions => hls::key_uri(drm).map(|_| base64("1")),
        })
    }

    fn in_playlist<'d>(&'d self, drm: &'d Drm, playlist: Playlist) -> &'d Drm {
        match (drm, playlist) {
            (Drm::PlayReady { .. }, Playlist::Multivariant) => {
                let all = self.of_all.get_or_init(|| self.playready_of_all());
                all.as_ref().unwrap_or(drm)
            }
            _ => drm,
        }
    }

    /// None where the content's header version holds one KID only, or an object cannot hold so many.
    fn playready_of_all(&self) -> Option<Drm> {
        let mut seen = HashSet::new();
        let distinct = self.keys.iter().filter(|key| seen.insert(key.kid));
        let distinct: Vec<Given<'_>> = distinct.copied().collect();
        Drm::playready(self.object(&distinct).ok()?, None).ok()
    }

    fn object(&self, keys: &[Given<'_>]) -> Result<PlayReadyObject, playready_header::Error> {
        let mode = self.scheme.cipher_mode();
        let keys = keys.iter().map(|key| (key.kid, Some(key.key)));
        let fields = self.settings.fields(KeyIds::for_mode(mode, keys));
        PlayReadyObject::with_header(&Header::new(fields)?)
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
