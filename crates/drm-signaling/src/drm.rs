// SPDX-License-Identifier: MPL-2.0
//! A DRM system of a stream, with the data that it takes to files and manifests.

use cenc_types::Pssh;
use playready_header::PlayReadyObject;
use playready_header::xml::Element;

use super::system_facts::{DashChild, DrmData, HlsKey};
use super::{Playlist, System, base64};

/// A DRM system with the data that it takes to files and manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drm {
    system_id: [u8; 16],
    /// None where no more is known of it than its `pssh` box.
    system: Option<System>,
    data: DrmData,
    given: Option<GivenTexts>,
}

/// What the source of the keys says of a system, for manifests; it is passed on as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenTexts {
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
            given: None,
        }
    }

    /// The system of a `pssh` that was made elsewhere; `whole` is the box in bytes, which is kept as it is.
    ///
    /// Of a box with data that cannot be read no more is known than the box.
    pub fn from_pssh(pssh: &Pssh, whole: Vec<u8>) -> Self {
        let known = System::from_id(&pssh.system_id).and_then(|system| {
            let data = (system.facts().read)(&pssh.data)?;
            Some((system, data))
        });
        let Some((system, data)) = known else {
            return Self::unknown(pssh.system_id, whole);
        };
        let pssh = Some(whole);
        Self::new(system, DrmData { pssh, ..data })
    }

    /// A system of which no more is known than its SystemID, in UUID order, and its whole `pssh` box.
    pub fn unknown(system_id: [u8; 16], pssh: Vec<u8>) -> Self {
        Self {
            system_id,
            system: None,
            data: DrmData {
                pssh: Some(pssh),
                ..DrmData::default()
            },
            given: None,
        }
    }

    /// PlayReady with an object, and the whole `pssh` box that it is in.
    pub const fn playready(object: PlayReadyObject, pssh: Vec<u8>) -> Self {
        let data = DrmData {
            pssh: Some(pssh),
            kids: Vec::new(),
            object: Some(object),
        };
        Self::new(System::PlayReady, data)
    }

    /// The same system with what the source of the keys says of it.
    #[must_use]
    pub fn with_texts(self, texts: GivenTexts) -> Self {
        Self {
            given: Some(texts),
            ..self
        }
    }

    /// The SystemID, in UUID order.
    pub const fn system_id(&self) -> [u8; 16] {
        self.system_id
    }

    /// Which system it is; None where no more is known of it than its `pssh` box.
    pub const fn system(&self) -> Option<System> {
        self.system
    }

    /// The whole `pssh` box, of the systems that have one.
    pub fn pssh(&self) -> Option<&[u8]> {
        self.data.pssh.as_deref()
    }

    /// What the source of the keys says of it for manifests.
    pub(super) const fn texts(&self) -> Option<&GivenTexts> {
        self.given.as_ref()
    }

    /// The PlayReady Object, of PlayReady.
    pub const fn playready_object(&self) -> Option<&PlayReadyObject> {
        self.data.object.as_ref()
    }

    /// The schemeIdUri of DASH ContentProtection.
    pub(super) fn dash_scheme(&self) -> String {
        let id = uuid::Uuid::from_bytes(self.system_id);
        let of_system = self.system.map(|system| (system.facts().dash_scheme)(id));
        of_system.unwrap_or_else(|| format!("urn:uuid:{id}"))
    }

    /// The value attribute of DASH ContentProtection, where a system has one.
    pub(super) fn dash_value(&self) -> Option<&'static str> {
        self.system?.facts().dash_value
    }

    /// What stands in DASH ContentProtection: the box, and what the system has of its own.
    pub(super) fn dash_children(&self) -> Vec<DashChild> {
        let pssh = self.pssh().map(|pssh| DashChild {
            prefix: "cenc",
            namespace: "urn:mpeg:cenc:2013",
            element: Element::of_text("cenc:pssh", &base64(pssh)),
        });
        let own = self
            .system
            .and_then(|system| (system.facts().dash_child)(&self.data));
        pssh.into_iter().chain(own).collect()
    }

    /// The keys of a playlist; none for the systems for which HLS knows no key format.
    pub(super) fn hls_keys(&self, playlist: Playlist) -> Vec<HlsKey> {
        let keys = self
            .system
            .map(|system| (system.facts().hls_keys)(&self.data, playlist));
        keys.unwrap_or_default()
    }

    /// The text of a ProtectionHeader of Smooth Streaming, as the system makes it itself.
    pub(super) fn smooth_header(&self) -> Option<String> {
        self.system
            .and_then(|system| (system.facts().smooth)(&self.data))
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::KeyId;

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
    fn box_made_elsewhere_is_known_by_its_system_and_data() {
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
