// SPDX-License-Identifier: MPL-2.0
//! The columns of the table of DRM systems.

use cenc_types::{KeyId, Scheme};
use playready_header::PlayReadyObject;
use playready_header::xml::Element;

use super::{Error, PlayReadyContent, Playlist};

/// The facts of a DRM system: its SystemID, and its signaling in files and manifests.
#[derive(Debug)]
pub struct SystemFacts {
    /// SystemID, in UUID order.
    pub id: [u8; 16],
    /// The name in reports.
    pub name: &'static str,
    /// The only scheme that its clients play; None if they play several.
    pub only_scheme: Option<Scheme>,
    /// True if files have a `pssh` box for it.
    pub has_pssh: bool,
    /// True if the multivariant playlist of HLS has one key line with all KIDs of the content.
    pub has_shared_session_key: bool,
    /// The signaling that a packager requests from a key server.
    pub requested: RequestedSignaling,
    /// Creates its signaling data.
    pub(crate) make: fn(&DrmContent<'_>) -> Result<DrmData, Error>,
    /// Reads the data of a `pssh` box. Returns None if the data is malformed or its format is not public.
    pub(crate) read: fn(&[u8]) -> Option<DrmData>,
    /// The schemeIdUri of DASH ContentProtection.
    pub(crate) dash_scheme: fn(uuid::Uuid) -> String,
    /// The value of DASH ContentProtection.
    pub(crate) dash_value: Option<&'static str>,
    /// The child of DASH ContentProtection in addition to the `pssh` box.
    pub(crate) dash_child: fn(&DrmData) -> Option<DashChild>,
    /// The keys of a playlist. Systems without a key format in HLS have none.
    ///
    /// `identity`, the format without a DRM system, is not used, since its URI would serve the key itself.
    pub(crate) hls_keys: fn(&DrmData, Playlist) -> Vec<HlsKey>,
    /// The text of a ProtectionHeader of Smooth Streaming.
    pub(crate) smooth: fn(&DrmData) -> Option<String>,
}

/// The CPIX elements that a packager requests from a key server for a system.
#[derive(Debug, Clone, Copy)]
pub struct RequestedSignaling {
    /// PSSH and ContentProtectionData.
    pub boxes: bool,
    /// SmoothStreamingProtectionHeaderData.
    pub smooth: bool,
    /// URIExtXKey, in CPIX versions without playlist lines.
    pub key_uri: bool,
}

impl RequestedSignaling {
    /// The elements for an unknown system.
    pub const GENERAL: Self = Self {
        boxes: true,
        smooth: false,
        key_uri: false,
    };

    /// Nothing: for a system whose signaling no key server gives.
    pub const NOTHING: Self = Self {
        boxes: false,
        smooth: false,
        key_uri: false,
    };

    /// Returns true if any element is requested. Otherwise, a request does not name the system.
    pub const fn has_any(self) -> bool {
        self.boxes || self.smooth || self.key_uri
    }
}

/// The content that is signaled.
#[derive(Debug)]
pub struct DrmContent<'a> {
    /// The KIDs.
    pub kids: &'a [KeyId],
    /// The scheme.
    pub scheme: Scheme,
    /// The provider's id of the content.
    pub content_id: Option<&'a str>,
    /// Its PlayReady signaling.
    pub playready: PlayReadyContent,
    /// The absolute URL of the licence server for Clear Key; None if players have it in their settings.
    pub clear_key_url: Option<&'a str>,
}

/// The signaling data of a system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DrmData {
    /// The complete `pssh` box.
    pub(crate) pssh: Option<Vec<u8>>,
    /// The KIDs that manifests name one by one.
    pub(crate) kids: Vec<KeyId>,
    /// The PlayReady Object in the box.
    pub(crate) object: Option<PlayReadyObject>,
    /// The URL of a licence server, of systems that have it in an element of their own.
    pub(crate) license_url: Option<String>,
}

/// An element inside DASH ContentProtection, and the namespace that it needs.
pub(crate) struct DashChild {
    pub(crate) prefix: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) element: Element,
    /// True if it is for certain keys, and so has no place where keys change in the segments.
    pub(crate) names_keys: bool,
}

/// A key of a system in an HLS playlist.
pub struct HlsKey {
    /// The attribute KEYFORMAT.
    pub format: &'static str,
    /// The attribute URI.
    pub uri: String,
    /// The attribute KEYID, which Widevine adds to those of HLS.
    pub key_id: Option<KeyId>,
}

impl SystemFacts {
    /// Creates the facts of a system that finds its keys by KID, has no box, and is only named in manifests.
    pub(crate) const fn new(id: u128, name: &'static str) -> Self {
        Self {
            id: id.to_be_bytes(),
            name,
            only_scheme: None,
            has_pssh: false,
            has_shared_session_key: false,
            requested: RequestedSignaling::GENERAL,
            make: |content| Ok(DrmData::from_kids(content.kids)),
            read: |_| None,
            dash_scheme: |id| format!("urn:uuid:{id}"),
            dash_value: None,
            dash_child: |_| None,
            hls_keys: |_, _| Vec::new(),
            smooth: |_| None,
        }
    }
}

impl DrmData {
    /// Creates data of KIDs only.
    pub(crate) fn from_kids(kids: &[KeyId]) -> Self {
        Self {
            kids: kids.to_vec(),
            ..Self::default()
        }
    }
}
