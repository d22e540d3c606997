// SPDX-License-Identifier: MPL-2.0
//! What the DRM systems signal for a key, as the texts of CPIX elements.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gstplayready::cenc::Scheme;
use gstplayready::playready::{self, Header, KeyIds, PlayReadyObject};
use gstplayready::signaling::{Drm, Playlist, System, dash, hls};

use super::{Error, Given, HeaderSettings};

/// What all systems of an answer share.
pub struct Signals<'a> {
    pub scheme: Scheme,
    pub content_id: &'a str,
    pub settings: &'a HeaderSettings,
    /// All keys of the answer.
    pub keys: &'a [Given<'a>],
}

/// A system with one key of it.
pub struct SystemSignals {
    /// Signals the key.
    drm: Drm,
    /// Signals all keys of the answer: HLS on Windows wants them at the start.
    of_all: Option<Drm>,
    scheme: Scheme,
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

impl Signals<'_> {
    /// A system for one of the keys.
    pub fn system(&self, system: System, key: Given<'_>) -> Result<SystemSignals, Error> {
        let kids = vec![key.kid];
        let drm = match system {
            System::PlayReady => self.playready(&[key])?,
            System::Widevine => Drm::widevine(kids, self.scheme, Some(self.content_id))?,
            System::Common => Drm::common(kids)?,
            System::FairPlay => Drm::FairPlay { kids },
            System::Marlin => Drm::Marlin { kids },
        };
        let of_all = match (system, self.keys) {
            (System::PlayReady, [_, _, ..]) => self.playready_of_all()?,
            _ => None,
        };
        Ok(SystemSignals {
            drm,
            of_all,
            scheme: self.scheme,
        })
    }

    fn playready(&self, keys: &[Given<'_>]) -> Result<Drm, Error> {
        Ok(Drm::playready(self.object(keys)?, None)?)
    }

    /// None where the content's header version holds one KID only.
    fn playready_of_all(&self) -> Result<Option<Drm>, Error> {
        let mut distinct: Vec<Given<'_>> = Vec::new();
        for key in self.keys {
            if distinct.iter().all(|other| other.kid != key.kid) {
                distinct.push(*key);
            }
        }
        match self.object(&distinct) {
            Ok(object) => Ok(Some(Drm::playready(object, None)?)),
            Err(playready::Error::VersionCannotHold { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn object(&self, keys: &[Given<'_>]) -> Result<PlayReadyObject, playready::Error> {
        let mode = self.scheme.cipher_mode();
        let keys = keys.iter().map(|key| (key.kid, Some(key.key)));
        let fields = self.settings.fields(KeyIds::for_mode(mode, keys));
        PlayReadyObject::with_header(&Header::new(fields)?)
    }
}

impl SystemSignals {
    /// The text of an element; None where the system has nothing to say there.
    pub fn text(&self, placeholder: Placeholder) -> Result<Option<String>, Error> {
        Ok(match placeholder {
            Placeholder::Pssh => self.drm.pssh().map(base64),
            Placeholder::ContentProtection => {
                let inside = dash::inside(&self.drm);
                Some(inside).filter(|xml| !xml.is_empty()).map(base64)
            }
            Placeholder::Hls(playlist) => {
                let all = self.of_all.as_ref();
                let all = all.filter(|_| playlist == Playlist::Multivariant);
                let lines = hls::key_lines(all.unwrap_or(&self.drm), self.scheme, playlist)?;
                Some(lines.join("\n"))
                    .filter(|lines| !lines.is_empty())
                    .map(base64)
            }
            Placeholder::Smooth => self.drm.playready_object().map(PlayReadyObject::to_base64),
            Placeholder::Uri => hls::key_uri(&self.drm).map(|(uri, _)| base64(uri)),
            Placeholder::KeyFormat => hls::key_uri(&self.drm).map(|(_, format)| base64(format)),
            Placeholder::KeyFormatVersions => hls::key_uri(&self.drm).map(|_| base64("1")),
        })
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
