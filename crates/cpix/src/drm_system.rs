// SPDX-License-Identifier: MPL-2.0
//! DRMSystem: the signaling of a DRM system for one key. An empty field is a request for its value.

use uuid::Uuid;

use cenc_types::KeyId;

use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{Error, Version};

/// A DRMSystem element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrmSystem {
    /// The id for references of other elements.
    pub id: Option<String>,
    /// SystemID, in UUID order.
    pub system_id: [u8; 16],
    /// The KID of the key.
    pub kid: KeyId,
    /// A name to display.
    pub name: Option<String>,
    /// ALLOWED-CPC of HLS; from 2.4 on.
    pub hls_allowed_cpc: Option<String>,
    /// The complete `pssh` box.
    pub pssh: Option<Vec<u8>>,
    /// The content of the ContentProtection element of an MPD.
    pub content_protection: Option<ContentProtection>,
    /// Lines of HLS playlists, at most two.
    pub hls: Vec<HlsSignaling>,
    /// The text of a ProtectionHeader of Smooth Streaming; a PlayReady Object in base64.
    pub smooth: Option<String>,
    /// URIEXTXKey, the URI of an EXT-X-KEY; up to 2.3.1.
    pub uri_ext_x_key: Option<String>,
}

/// ContentProtectionData.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentProtection {
    /// XML elements.
    pub xml: String,
    /// The robustness level; from 2.4 on.
    pub robustness: Option<String>,
}

/// HLSSignalingData.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HlsSignaling {
    /// The playlist that the lines are for; None means the media playlist.
    pub playlist: Option<Playlist>,
    /// The lines.
    pub lines: String,
    /// ALLOWED-CPC; from 2.4 on.
    pub allowed_cpc: Option<String>,
}

/// A kind of playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Playlist {
    /// `master` up to 2.3.1, `multiVariant` from 2.4 on.
    MultiVariant,
    /// `media`.
    Media,
}

impl DrmSystem {
    /// Creates a system without signaling for a key.
    pub const fn new(system_id: [u8; 16], kid: KeyId) -> Self {
        Self {
            id: None,
            system_id,
            kid,
            name: None,
            hls_allowed_cpc: None,
            pssh: None,
            content_protection: None,
            hls: Vec::new(),
            smooth: None,
            uri_ext_x_key: None,
        }
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        let cpix = |name| element.child(Namespace::Cpix, name);
        Ok(Self {
            id: element.owned_attribute("id"),
            system_id: system_id(element)?,
            kid: element.required_kid("DRMSystem")?,
            name: element.owned_attribute("name"),
            hls_allowed_cpc: element.owned_attribute("HLSAllowedCPC"),
            pssh: cpix("PSSH")
                .map(|pssh| pssh.public_bytes("PSSH"))
                .transpose()?,
            content_protection: cpix("ContentProtectionData")
                .map(ContentProtection::read)
                .transpose()?,
            hls: element
                .all(Namespace::Cpix, "HLSSignalingData")
                .map(HlsSignaling::read)
                .collect::<Result<_, _>>()?,
            smooth: cpix("SmoothStreamingProtectionHeaderData")
                .or_else(|| element.child(Namespace::Speke, "ProtectionHeader"))
                .map(|smooth| smooth.text().trim().to_owned()),
            uri_ext_x_key: cpix("URIExtXKey")
                .map(|uri| uri.encoded_text("URIExtXKey"))
                .transpose()?,
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter, version: Version) {
        let attributes = Attributes::default()
            .maybe("id", self.id.as_ref())
            .with("systemId", &Uuid::from_bytes(self.system_id))
            .with("kid", &self.kid)
            .maybe("name", self.name.as_ref())
            .maybe("HLSAllowedCPC", self.hls_allowed_cpc.as_ref());
        if self.hls_allowed_cpc.is_some() {
            version.needs_2_4(xml, "DRMSystem@HLSAllowedCPC");
        }
        xml.element("DRMSystem", attributes, |xml| {
            write_base64(xml, "PSSH", self.pssh.as_deref());
            if let Some(protection) = &self.content_protection {
                protection.write(xml, version);
            }
            self.write_uri(xml, version);
            self.write_hls(xml, version);
            self.write_smooth(xml, version);
        });
    }

    fn write_uri(&self, xml: &mut XmlWriter, version: Version) {
        if version == Version::V2_4 && self.uri_ext_x_key.is_some() {
            version.refuse(xml, "URIExtXKey");
        }
        write_base64(
            xml,
            "URIExtXKey",
            self.uri_ext_x_key.as_ref().map(String::as_bytes),
        );
    }

    fn write_hls(&self, xml: &mut XmlWriter, version: Version) {
        let mut seen = Vec::new();
        for playlist in self.hls.iter().map(|lines| lines.playlist) {
            if seen.contains(&playlist) || seen.len() == 2 {
                version.refuse(xml, "HLSSignalingData twice for one playlist");
            }
            seen.push(playlist);
        }
        self.hls.iter().for_each(|lines| lines.write(xml, version));
    }

    fn write_smooth(&self, xml: &mut XmlWriter, version: Version) {
        let Some(smooth) = &self.smooth else { return };
        let (namespace, name) = match version {
            Version::Speke1 => (Namespace::Speke, "ProtectionHeader"),
            Version::V2_3 | Version::V2_4 => {
                (Namespace::Cpix, "SmoothStreamingProtectionHeaderData")
            }
        };
        xml.element_of(namespace, name, Attributes::default(), |xml| {
            xml.characters(name, smooth);
        });
    }
}

impl ContentProtection {
    /// Returns the `pssh` box in the cenc:pssh element, or None if there is none.
    ///
    /// # Errors
    /// If the XML is not well-formed, or the element's text is not base64.
    pub fn pssh(&self) -> Result<Option<Vec<u8>>, Error> {
        // The text may have several elements, so it needs a root.
        Element::with_root(&format!("<x>{}</x>", self.xml), usize::MAX, |root| {
            let pssh = root.descendant(Namespace::Mpeg, "pssh");
            pssh.map(|pssh| pssh.public_bytes("cenc:pssh")).transpose()
        })
    }

    fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        Ok(Self {
            xml: element.encoded_text("ContentProtectionData")?,
            robustness: element.owned_attribute("robustness"),
        })
    }

    fn write(&self, xml: &mut XmlWriter, version: Version) {
        if self.robustness.is_some() {
            version.needs_2_4(xml, "ContentProtectionData@robustness");
        }
        let attributes = Attributes::default().maybe("robustness", self.robustness.as_ref());
        xml.element("ContentProtectionData", attributes, |xml| {
            xml.base64(self.xml.as_bytes());
        });
    }
}

impl HlsSignaling {
    fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        Ok(Self {
            playlist: element.parsed(
                "playlist",
                "master, multiVariant or media",
                |text| match text {
                    "master" | "multiVariant" => Some(Playlist::MultiVariant),
                    "media" => Some(Playlist::Media),
                    _ => None,
                },
            )?,
            lines: element.encoded_text("HLSSignalingData")?,
            allowed_cpc: element.owned_attribute("allowedCPC"),
        })
    }

    fn write(&self, xml: &mut XmlWriter, version: Version) {
        let playlist = self.playlist.map(|playlist| match (playlist, version) {
            (Playlist::Media, _) => "media",
            (Playlist::MultiVariant, Version::V2_4) => "multiVariant",
            (Playlist::MultiVariant, Version::V2_3 | Version::Speke1) => "master",
        });
        if self.allowed_cpc.is_some() {
            version.needs_2_4(xml, "HLSSignalingData@allowedCPC");
        }
        let attributes = Attributes::default()
            .maybe("playlist", playlist.as_ref())
            .maybe("allowedCPC", self.allowed_cpc.as_ref());
        xml.element("HLSSignalingData", attributes, |xml| {
            xml.base64(self.lines.as_bytes());
        });
    }
}

fn system_id(element: Element<'_, '_>) -> Result<[u8; 16], Error> {
    Ok(element
        .parsed("systemId", "a UUID", |text| Uuid::try_parse(text).ok())?
        .ok_or(Error::Missing {
            element: "DRMSystem",
            missing: "@systemId",
        })?
        .into_bytes())
}

fn write_base64(xml: &mut XmlWriter, name: &'static str, bytes: Option<&[u8]>) {
    if let Some(bytes) = bytes {
        xml.element(name, Attributes::default(), |xml| xml.base64(bytes));
    }
}
