// SPDX-License-Identifier: MPL-2.0
//! The columns of the table of DRM systems.

use cenc_types::{KeyId, Scheme};
use playready_header::PlayReadyObject;
use playready_header::xml::Element;

use super::{Error, PlayReadyContent, Playlist};

/// All that is known of a DRM system: its SystemID, and what stands in files and manifests for it.
#[derive(Debug)]
pub struct SystemFacts {
    /// SystemID, in UUID order.
    pub id: [u8; 16],
    /// The name in reports.
    pub name: &'static str,
    /// The only scheme that its clients play; None where it is not bound to one.
    pub only_scheme: Option<Scheme>,
    /// Whether a `pssh` box is written.
    pub has_pssh: bool,
    /// Whether the multivariant playlist of HLS is to have one key line with all KIDs of the content.
    pub has_shared_session_key: bool,
    /// What a packager asks a key server for.
    pub questions: SystemQuestions,
    /// Makes what it takes to files and manifests.
    pub(crate) make: fn(&DrmContent<'_>) -> Result<DrmData, Error>,
    /// Reads the data of a `pssh` box; None where it cannot be read, or what it would be is not known.
    pub(crate) read: fn(&[u8]) -> Option<DrmData>,
    /// The schemeIdUri of DASH ContentProtection.
    pub(crate) dash_scheme: fn(uuid::Uuid) -> String,
    /// The value of DASH ContentProtection.
    pub(crate) dash_value: Option<&'static str>,
    /// What stands in DASH ContentProtection beside the `pssh` box.
    pub(crate) dash_child: fn(&DrmData) -> Option<DashChild>,
    /// The keys of a playlist; none for the systems for which HLS knows no key format.
    ///
    /// `identity`, the format without a DRM system, would need a URI that gives out the key itself.
    pub(crate) hls_keys: fn(&DrmData, Playlist) -> Vec<HlsKey>,
    /// The text of a ProtectionHeader of Smooth Streaming.
    pub(crate) smooth: fn(&DrmData) -> Option<String>,
}

/// The elements by which a packager asks a key server about a system, in CPIX.
#[derive(Debug, Clone, Copy)]
pub struct SystemQuestions {
    /// PSSH and ContentProtectionData.
    pub boxes: bool,
    /// SmoothStreamingProtectionHeaderData.
    pub smooth: bool,
    /// URIExtXKey, where the version has no playlist lines.
    pub key_uri: bool,
}

impl SystemQuestions {
    /// The questions for a system of which no more is known.
    pub const GENERAL: Self = Self {
        boxes: true,
        smooth: false,
        key_uri: false,
    };
}

/// The content that is signaled.
#[derive(Debug)]
pub struct DrmContent<'a> {
    /// The KIDs.
    pub kids: &'a [KeyId],
    /// The scheme.
    pub scheme: Scheme,
    /// What its provider calls it.
    pub content_id: Option<&'a str>,
    /// What PlayReady says of it.
    pub playready: PlayReadyContent,
}

/// What a system takes to files and manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DrmData {
    /// The whole `pssh` box.
    pub(crate) pssh: Option<Vec<u8>>,
    /// The KIDs that texts name one by one.
    pub(crate) kids: Vec<KeyId>,
    /// The PlayReady Object in the box.
    pub(crate) object: Option<PlayReadyObject>,
}

/// An element inside DASH ContentProtection, and the namespace that it needs.
pub(crate) struct DashChild {
    pub(crate) prefix: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) element: Element,
}

/// How HLS finds a key of a system.
pub(crate) struct HlsKey {
    pub(crate) format: &'static str,
    pub(crate) uri: String,
    /// The attribute KEYID, which Widevine adds to those of HLS.
    pub(crate) key_id: Option<KeyId>,
}

impl SystemFacts {
    /// A system that finds its keys by KID: it has no box, and manifests do no more than name it.
    pub(crate) const fn new(id: u128, name: &'static str) -> Self {
        Self {
            id: id.to_be_bytes(),
            name,
            only_scheme: None,
            has_pssh: false,
            has_shared_session_key: false,
            questions: SystemQuestions::GENERAL,
            make: |content| Ok(DrmData::of_kids(content.kids)),
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
    /// The KIDs alone.
    pub(crate) fn of_kids(kids: &[KeyId]) -> Self {
        Self {
            kids: kids.to_vec(),
            ..Self::default()
        }
    }
}
