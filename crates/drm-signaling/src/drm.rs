// SPDX-License-Identifier: MPL-2.0
//! A DRM system of a stream, with its signaling in files and manifests.

use cenc_types::{KeyId, Pssh};
use playready_header::PlayReadyObject;
use playready_header::xml::Element;

use super::system_facts::{DashChild, DrmData, HlsKey};
use super::{Playlist, System, base64};

/// A DRM system with its signaling in files and manifests. [`System::signal`] and [`Drm::from_pssh`] create it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drm {
    pub(super) system_id: [u8; 16],
    /// None if only its `pssh` box is known.
    pub(super) system: Option<System>,
    pub(super) data: DrmData,
    pub(super) source_texts: Option<SourceTexts>,
}

/// Manifest texts that the source of the keys supplies for a system. They are copied unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceTexts {
    /// The elements inside DASH ContentProtection, in XML.
    pub content_protection: Option<String>,
    /// Lines of HLS media playlists.
    pub hls_media: Vec<String>,
    /// Lines of HLS multivariant playlists.
    pub hls_multivariant: Vec<String>,
    /// The text of a ProtectionHeader of Smooth Streaming.
    pub smooth: Option<String>,
}

impl Drm {
    pub(super) const fn new(system: System, data: DrmData) -> Self {
        Self {
            system_id: system.id(),
            system: Some(system),
            data,
            source_texts: None,
        }
    }

    /// Reads the system of an existing `pssh` box. `whole` is the complete box in bytes, which is kept unchanged.
    ///
    /// If the data in the box cannot be read, the system is [unknown](Self::unknown).
    pub fn from_pssh(pssh: &Pssh, whole: Vec<u8>) -> Self {
        match System::from_id(&pssh.system_id)
            .and_then(|system| Some((system, (system.facts().read)(&pssh.data)?)))
        {
            None => Self::unknown(pssh.system_id, whole),
            Some((system, data)) => Self::new(
                system,
                DrmData {
                    pssh: Some(whole),
                    ..data
                },
            ),
        }
    }

    /// Creates a system of which only the SystemID, in UUID order, and the complete `pssh` box are known.
    pub fn unknown(system_id: [u8; 16], pssh: Vec<u8>) -> Self {
        Self {
            system_id,
            system: None,
            data: DrmData {
                pssh: Some(pssh),
                ..DrmData::default()
            },
            source_texts: None,
        }
    }

    /// Creates PlayReady with an object and the complete `pssh` box that contains it.
    pub const fn playready(object: PlayReadyObject, pssh: Vec<u8>) -> Self {
        Self::new(
            System::PlayReady,
            DrmData {
                pssh: Some(pssh),
                kids: Vec::new(),
                object: Some(object),
                license_url: None,
            },
        )
    }

    /// Adds the manifest texts that the source of the keys supplies.
    #[must_use]
    pub fn with_source_texts(self, texts: SourceTexts) -> Self {
        Self {
            source_texts: Some(texts),
            ..self
        }
    }

    /// Returns the SystemID, in UUID order.
    pub const fn system_id(&self) -> [u8; 16] {
        self.system_id
    }

    /// Returns the system, or None if only its `pssh` box is known.
    pub const fn system(&self) -> Option<System> {
        self.system
    }

    /// Returns the complete `pssh` box, if the system has one.
    pub fn pssh(&self) -> Option<&[u8]> {
        self.data.pssh.as_deref()
    }

    /// Returns the KIDs that the system's data names; none if it names none, or is not known.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let header = self
            .data
            .object
            .as_ref()
            .and_then(|object| object.header().ok()?)
            .and_then(|header| header.to_header().ok());
        header.map_or_else(
            || self.data.kids.clone(),
            |header| header.fields().key_ids.key_ids().collect(),
        )
    }

    /// Returns the manifest texts that the source of the keys supplies.
    pub(super) const fn source_texts(&self) -> Option<&SourceTexts> {
        self.source_texts.as_ref()
    }

    /// Returns the PlayReady Object, if the system is PlayReady.
    pub const fn playready_object(&self) -> Option<&PlayReadyObject> {
        self.data.object.as_ref()
    }

    /// Returns the schemeIdUri of DASH ContentProtection.
    pub(super) fn dash_scheme(&self) -> String {
        let id = uuid::Uuid::from_bytes(self.system_id);
        self.system.map_or_else(
            || format!("urn:uuid:{id}"),
            |system| (system.facts().dash_scheme)(id),
        )
    }

    /// Returns the value attribute of DASH ContentProtection, if the system has one.
    pub(super) fn dash_value(&self) -> Option<&'static str> {
        self.system?.facts().dash_value
    }

    /// Returns the children of DASH ContentProtection: the box, and the system's own element.
    pub(super) fn dash_children(&self) -> Vec<DashChild> {
        let pssh = self.pssh().map(|pssh| DashChild {
            prefix: "cenc",
            namespace: "urn:mpeg:cenc:2013",
            element: Element::of_text("cenc:pssh", &base64(pssh)),
            names_keys: true,
        });
        let own = self
            .system
            .and_then(|system| (system.facts().dash_child)(&self.data));
        pssh.into_iter().chain(own).collect()
    }

    /// Returns the keys of a playlist. Systems without a key format in HLS have none.
    pub(super) fn hls_keys(&self, playlist: Playlist) -> Vec<HlsKey> {
        self.system
            .map(|system| (system.facts().hls_keys)(&self.data, playlist))
            .unwrap_or_default()
    }

    /// Returns the keys of a media playlist for a track with one key.
    pub(super) fn hls_track_keys(&self, kid: &KeyId) -> Vec<HlsKey> {
        let mut data = self.data.clone();
        if data.kids.contains(kid) {
            data.kids = vec![*kid];
        }
        data.object = data.object.map(|object| object.with_first_key_id(kid));
        self.system
            .map(|system| (system.facts().hls_keys)(&data, Playlist::Media))
            .unwrap_or_default()
    }

    /// Returns the text of a ProtectionHeader of Smooth Streaming, without regard to the source's texts.
    pub(super) fn smooth_header(&self) -> Option<String> {
        self.system
            .and_then(|system| (system.facts().smooth)(&self.data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(system_id: [u8; 16], data: &[u8]) -> Drm {
        let pssh = Pssh {
            system_id,
            kids: None,
            data: data.to_vec(),
        };
        let drm = Drm::from_pssh(&pssh, b"whole".to_vec());
        assert_eq!(drm.system_id(), system_id);
        assert_eq!(drm.pssh(), Some(b"whole".as_slice()));
        drm
    }

    #[test]
    fn existing_box_is_recognized_by_its_system_and_data() {
        let object = PlayReadyObject::default();
        let playready = read(System::PlayReady.id(), &object.to_bytes());
        assert_eq!(playready.playready_object(), Some(&object));
        let kid = KeyId::from_bytes(*b"0123456789abcdef");
        let widevine = read(System::Widevine.id(), b"\x12\x100123456789abcdef");
        assert_eq!(widevine.system(), Some(System::Widevine));
        assert_eq!(widevine.data.kids, [kid]);
        let common = read(System::Common.id(), b"");
        assert_eq!(common.system(), Some(System::Common));
        for system in [System::FairPlay.id(), System::Marlin.id(), [7; 16]] {
            assert_eq!(read(system, b"data").system(), None);
        }
        for system in [System::PlayReady, System::Widevine] {
            assert_eq!(read(system.id(), b"\x0b").system(), None);
        }
    }
}
