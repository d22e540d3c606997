// SPDX-License-Identifier: MPL-2.0
//! The DRM systems of a stream and what each of them puts into manifests.

use cenc_types::{KeyId, Pssh};
use playready_header::PlayReadyObject;
use playready_header::xml::Element;

use super::{Playlist, System, WidevineData, base64};

/// A DRM system with the data that it takes to files and manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drm {
    /// Microsoft PlayReady.
    PlayReady {
        /// The whole `pssh` box.
        pssh: Vec<u8>,
        /// The object in it.
        object: PlayReadyObject,
    },
    /// Google Widevine.
    Widevine {
        /// The whole `pssh` box.
        pssh: Vec<u8>,
        /// The KIDs in it.
        kids: Vec<KeyId>,
    },
    /// W3C common: a list of KIDs, for any system.
    Common {
        /// The whole `pssh` box.
        pssh: Vec<u8>,
    },
    /// Apple FairPlay Streaming, which finds keys by the URI in a playlist and has no `pssh`.
    FairPlay {
        /// The KIDs.
        kids: Vec<KeyId>,
    },
    /// Marlin, which finds keys by KID; what it would have in a `pssh` is not public.
    Marlin {
        /// The KIDs.
        kids: Vec<KeyId>,
    },
    /// A system of which the source of the keys says itself what stands in manifests.
    Given {
        /// What is not given.
        made: Box<Self>,
        /// The texts.
        texts: GivenTexts,
    },
    /// A system of which no more is known than its `pssh` box.
    Other {
        /// SystemID, in UUID order.
        system_id: [u8; 16],
        /// The whole `pssh` box.
        pssh: Vec<u8>,
    },
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

/// An element inside DASH ContentProtection, and the namespace that it needs.
pub(super) struct DashChild {
    pub(super) prefix: &'static str,
    pub(super) namespace: &'static str,
    pub(super) element: Element,
}

/// How HLS finds a key of a system.
pub(super) struct HlsKey {
    pub(super) format: &'static str,
    pub(super) uri: String,
    /// The attribute KEYID, which Widevine adds to those of HLS.
    pub(super) key_id: Option<KeyId>,
}

impl Drm {
    /// The system of a `pssh` that was made elsewhere; `whole` is the box in bytes, which is kept as it is.
    ///
    /// Data that cannot be read makes the box one of [`Drm::Other`].
    pub fn from_pssh(pssh: &Pssh, whole: Vec<u8>) -> Self {
        let other = |pssh_box| Self::Other {
            system_id: pssh.system_id,
            pssh: pssh_box,
        };
        match System::from_id(&pssh.system_id) {
            Some(System::PlayReady) => match PlayReadyObject::parse(&pssh.data) {
                Ok(object) => Self::PlayReady {
                    pssh: whole,
                    object,
                },
                Err(_) => other(whole),
            },
            Some(System::Widevine) => match WidevineData::parse(&pssh.data) {
                Ok(data) => Self::Widevine {
                    pssh: whole,
                    kids: data.key_ids,
                },
                Err(_) => other(whole),
            },
            Some(System::Common) => Self::Common { pssh: whole },
            Some(System::FairPlay | System::Marlin) | None => other(whole),
        }
    }

    /// The SystemID, in UUID order.
    pub const fn system_id(&self) -> [u8; 16] {
        match self {
            Self::PlayReady { .. } => System::PlayReady.id(),
            Self::Widevine { .. } => System::Widevine.id(),
            Self::Common { .. } => System::Common.id(),
            Self::FairPlay { .. } => System::FairPlay.id(),
            Self::Marlin { .. } => System::Marlin.id(),
            Self::Other { system_id, .. } => *system_id,
            Self::Given { made, .. } => made.system_id(),
        }
    }

    /// The whole `pssh` box, of the systems that have one.
    pub fn pssh(&self) -> Option<&[u8]> {
        match self {
            Self::PlayReady { pssh, .. }
            | Self::Widevine { pssh, .. }
            | Self::Common { pssh }
            | Self::Other { pssh, .. } => Some(pssh),
            Self::FairPlay { .. } | Self::Marlin { .. } => None,
            Self::Given { made, .. } => made.pssh(),
        }
    }

    /// What the source of the keys says of it for manifests.
    pub(super) const fn texts(&self) -> Option<&GivenTexts> {
        match self {
            Self::Given { texts, .. } => Some(texts),
            _ => None,
        }
    }

    /// The PlayReady Object, of PlayReady.
    pub const fn playready_object(&self) -> Option<&PlayReadyObject> {
        match self {
            Self::PlayReady { object, .. } => Some(object),
            Self::Given { made, .. } => made.playready_object(),
            _ => None,
        }
    }

    /// The schemeIdUri of DASH ContentProtection.
    pub(super) fn dash_scheme(&self) -> String {
        let system = uuid::Uuid::from_bytes(self.system_id());
        match self {
            // In upper case as Shaka Packager and Bento4 write it; clients may compare the texts.
            Self::Marlin { .. } => format!("urn:uuid:{system:X}"),
            Self::Given { made, .. } => made.dash_scheme(),
            _ => format!("urn:uuid:{system}"),
        }
    }

    /// The value attribute of DASH ContentProtection, where a system has one.
    pub(super) const fn dash_value(&self) -> Option<&'static str> {
        match self {
            Self::PlayReady { .. } => Some("MSPR 2.0"),
            Self::Given { made, .. } => made.dash_value(),
            _ => None,
        }
    }

    /// What stands in DASH ContentProtection. Microsoft's DASH specification 1.3 recommends box and object for PlayReady.
    pub(super) fn dash_children(&self) -> Vec<DashChild> {
        if let Self::Given { made, .. } = self {
            return made.dash_children();
        }
        let pssh = self.pssh().map(|pssh| DashChild {
            prefix: "cenc",
            namespace: "urn:mpeg:cenc:2013",
            element: Element::of_text("cenc:pssh", &base64(pssh)),
        });
        let own = match self {
            Self::PlayReady { object, .. } => Some(DashChild {
                prefix: "mspr",
                namespace: "urn:microsoft:playready",
                element: Element::of_text("mspr:pro", &object.to_base64()),
            }),
            Self::Marlin { kids } => Some(DashChild {
                prefix: "mas",
                namespace: "urn:marlin:mas:1-0:services:schemas:mpd",
                element: marlin_content_ids(kids),
            }),
            _ => None,
        };
        pssh.into_iter().chain(own).collect()
    }

    /// The keys of a playlist; none for the systems for which HLS knows no key format.
    ///
    /// `identity`, the format without a DRM system, would need a URI that gives out the key itself.
    pub(super) fn hls_keys(&self, playlist: Playlist) -> Vec<HlsKey> {
        match self {
            Self::PlayReady { object, .. } => vec![HlsKey {
                format: "com.microsoft.playready",
                uri: format!(
                    "data:text/plain;charset=UTF-16;base64,{}",
                    object.to_base64()
                ),
                key_id: None,
            }],
            Self::Widevine { pssh, kids } => widevine_keys(pssh, kids, playlist),
            Self::FairPlay { kids } => kids.iter().map(fairplay_key).collect(),
            Self::Given { made, .. } => made.hls_keys(playlist),
            Self::Common { .. } | Self::Marlin { .. } | Self::Other { .. } => Vec::new(),
        }
    }
}

fn marlin_content_ids(kids: &[KeyId]) -> Element {
    let ids = Element::new("mas:MarlinContentIds");
    kids.iter().fold(ids, |ids, kid| {
        let urn = format!("urn:marlin:kid:{}", simple(kid));
        ids.with_child(Element::of_text("mas:MarlinContentId", &urn))
    })
}

/// All have one URI, which RFC 8216, 4.3.4.5 allows once in a multivariant playlist.
fn widevine_keys(pssh: &[u8], kids: &[KeyId], playlist: Playlist) -> Vec<HlsKey> {
    let key = |key_id| HlsKey {
        format: "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
        uri: format!("data:text/plain;base64,{}", base64(pssh)),
        key_id,
    };
    match (playlist, kids) {
        (_, []) | (Playlist::Multivariant, [_, _, ..]) => vec![key(None)],
        _ => kids.iter().map(|kid| key(Some(*kid))).collect(),
    }
}

fn fairplay_key(kid: &KeyId) -> HlsKey {
    HlsKey {
        format: "com.apple.streamingkeydelivery",
        uri: format!("skd://{kid}"),
        key_id: None,
    }
}

/// A KID as 32 hexadecimal digits.
pub(super) fn simple(kid: &KeyId) -> uuid::fmt::Simple {
    uuid::Uuid::from_bytes(*kid.as_bytes()).simple()
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
    fn box_made_elsewhere_is_known_by_its_system_and_data() {
        let object = PlayReadyObject::default();
        let playready = read(System::PlayReady.id(), &object.to_bytes());
        assert_eq!(playready.playready_object(), Some(&object));
        let kid = KeyId::from_bytes(*b"0123456789abcdef");
        let widevine = read(System::Widevine.id(), b"\x12\x100123456789abcdef");
        assert!(matches!(widevine, Drm::Widevine { kids, .. } if kids == [kid]));
        assert!(matches!(read(System::Common.id(), b""), Drm::Common { .. }));
        for system in [System::FairPlay.id(), System::Marlin.id(), [7; 16]] {
            assert!(matches!(read(system, b"data"), Drm::Other { .. }));
        }
        for system in [System::PlayReady, System::Widevine] {
            assert!(matches!(read(system.id(), b"\x0b"), Drm::Other { .. }));
        }
    }
}
