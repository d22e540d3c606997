// SPDX-License-Identifier: MPL-2.0
//! A checked request: the keys that it asks for, and its version of the protocol.

use cenc_types::Scheme;
use content_key_store::{KeySlot, SlotRequest};
use cpix::{ContentKey, Document, EncryptionScheme, Version};
use drm_signaling::{System, hls};
use host_access::Random;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::contract::{self, RequestedKey, TrackPeriod};
use super::{Error, HeaderSettings, ResponseKey, fill};

/// The protocol of a request and its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SPEKE 1.0: CPIX 2.0 with elements of its own.
    Speke1,
    /// SPEKE 2.0: CPIX 2.3.
    Speke2_0,
    /// SPEKE 2.1: CPIX 2.4.
    Speke2_1,
    /// CPIX of any version without SPEKE.
    Cpix,
}

/// A request for keys.
pub struct SpekeRequest {
    /// The received document, without a byte order mark.
    pub(super) text: String,
    pub(super) document: Document,
    pub(super) protocol: Protocol,
    pub(super) content_id: String,
    /// The keys, in the order of the document's ContentKey elements.
    pub(super) keys: Vec<RequestedKey>,
    scheme: Option<Scheme>,
}

impl SpekeRequest {
    /// Reads a body of at most 1 MiB; `version` is the header X-Speke-Version.
    ///
    /// # Errors
    /// If the request is not valid.
    pub fn read(body: &[u8], version: Option<&str>) -> Result<Self, Error> {
        let document = Document::from_bytes(body).map_err(Error::of_document)?;
        document.refuse_signature()?;
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        // The document was read from the same bytes.
        let text = String::from_utf8_lossy(body).into_owned();
        let names = root_attributes(&text);
        let protocol = Protocol::of(version, &names)?;
        let content_id = content_id(protocol, &names, &document)?;
        protocol.check_version(&document)?;
        let scheme = scheme(protocol, &document.content_keys)?;
        let keys = contract::read(protocol, &document)?;
        check_systems(&document)?;
        Ok(Self {
            text,
            document,
            protocol,
            content_id,
            keys,
            scheme,
        })
    }

    /// Returns the protocol.
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the id of the content.
    pub fn content_id(&self) -> &str {
        &self.content_id
    }

    /// Returns the scheme of the keys; None if the request leaves it to the content.
    pub const fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Returns the scheme of a content that the store does not know: `cbcs` if the request names FairPlay, else `cenc`.
    pub fn default_scheme(&self) -> Scheme {
        self.document
            .drm_systems
            .iter()
            .filter_map(|system| System::from_id(&system.system_id))
            .find_map(|system| system.facts().only_scheme)
            .unwrap_or(Scheme::Cenc)
    }

    /// Returns the slots of the keys in the store, with the requested KIDs. A key may have several slots.
    ///
    /// # Errors
    /// [`Error::SchemeOfSystem`].
    pub fn slots(&self, scheme: Scheme) -> Result<Vec<SlotRequest>, Error> {
        self.check_scheme(scheme)?;
        let slot = |track_period: &TrackPeriod| KeySlot {
            content_id: self.content_id.clone(),
            label: track_period.label.clone(),
            period: track_period.period,
            mode: scheme.cipher_mode(),
        };
        Ok(self
            .keys
            .iter()
            .flat_map(|key| {
                key.track_periods
                    .iter()
                    .map(move |track_period| SlotRequest {
                        slot: slot(track_period),
                        kid: Some(key.kid),
                    })
            })
            .collect())
    }

    /// Returns the response: the request with `keys`, one for each of [`Self::slots`], in their order.
    ///
    /// # Errors
    /// [`Error::UnsupportedContract`] if the slots of one key have different keys; [`Error::Header`] for settings that do not fit;
    /// [`Error::Document`] for a recipient without a usable certificate.
    pub fn answer(
        &self,
        scheme: Scheme,
        settings: &HeaderSettings,
        keys: &[ResponseKey<'_>],
        random: &dyn Random,
    ) -> Result<Zeroizing<String>, Error> {
        let mut keys = keys.iter();
        let mut distinct = Vec::with_capacity(self.keys.len());
        for requested in &self.keys {
            let mut of_key = keys.by_ref().take(requested.track_periods.len());
            let first = of_key.next().ok_or(Error::UnsupportedContract)?;
            if of_key.any(|other| other.kid != first.kid) {
                return Err(Error::UnsupportedContract);
            }
            distinct.push(*first);
        }
        fill::fill(self, scheme, settings, &distinct, random)
    }

    /// Checks that all systems support the scheme: FairPlay supports only `cbcs`, and HLS has no methods for `cens` and `cbc1`.
    fn check_scheme(&self, scheme: Scheme) -> Result<(), Error> {
        for system in &self.document.drm_systems {
            let plays = System::from_id(&system.system_id).is_none_or(|known| known.plays(scheme));
            let has_method = system.hls.is_empty() || hls::method(scheme).is_ok();
            if !plays || !has_method {
                return Err(Error::SchemeOfSystem(Uuid::from_bytes(system.system_id)));
            }
        }
        Ok(())
    }
}

impl Protocol {
    /// Returns the value of X-Speke-Version, which responses have from version 2 on.
    pub const fn number(self) -> Option<&'static str> {
        match self {
            Self::Speke1 | Self::Cpix => None,
            Self::Speke2_0 => Some("2.0"),
            Self::Speke2_1 => Some("2.1"),
        }
    }

    /// Returns the protocol of a header and of root attributes: SPEKE 1.0 has neither contentId nor version.
    fn of(version: Option<&str>, names: &[String]) -> Result<Self, Error> {
        let has = |name| names.iter().any(|other| other == name);
        match version.map(str::trim) {
            None if has("contentId") || has("version") => Ok(Self::Cpix),
            None | Some("1.0") => Ok(Self::Speke1),
            Some("2.0") => Ok(Self::Speke2_0),
            Some("2.1") => Ok(Self::Speke2_1),
            Some(_) => Err(Error::UnsupportedSpeke),
        }
    }

    /// True if a request must have an encryption contract and a scheme.
    pub(super) const fn is_strict(self) -> bool {
        matches!(self, Self::Speke2_0 | Self::Speke2_1)
    }

    fn check_version(self, document: &Document) -> Result<(), Error> {
        let known: &[&str] = match self {
            Self::Speke1 => return Ok(()),
            Self::Speke2_0 => &["2.3"],
            Self::Speke2_1 => &["2.4"],
            Self::Cpix => &["2.0", "2.1", "2.2", "2.3", "2.3.1", "2.4"],
        };
        match document.version.as_deref() {
            None if self.is_strict() => Err(Error::MissingVersion),
            Some(version) if !known.contains(&version) => Err(Error::UnsupportedVersion),
            _ => Ok(()),
        }
    }

    /// Returns the version in which new elements are written.
    pub(super) fn cpix(self, document: &Document) -> Version {
        match (self, document.version.as_deref()) {
            (Self::Speke2_1, _) | (Self::Cpix, Some("2.4")) => Version::V2_4,
            (Self::Speke1, _) => Version::Speke1,
            _ => Version::V2_3,
        }
    }
}

/// Returns the names of the root's attributes, since [`Document`] does not distinguish `id` from `contentId`.
fn root_attributes(text: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(root) | Event::Empty(root)) => return names(&root),
            Ok(Event::Eof) | Err(_) => return Vec::new(),
            Ok(_) => (),
        }
    }
}

fn names(element: &BytesStart<'_>) -> Vec<String> {
    element
        .attributes()
        .flatten()
        .map(|attribute| attribute.key.0.to_owned())
        .collect()
}

fn content_id(protocol: Protocol, names: &[String], document: &Document) -> Result<String, Error> {
    let (name, missing) = match protocol {
        Protocol::Speke1 => ("id", Error::MissingId),
        _ => ("contentId", Error::MissingContentId),
    };
    document
        .content_id
        .clone()
        .filter(|id| !id.is_empty() && names.iter().any(|other| other == name))
        .ok_or(missing)
}

/// Returns the scheme of all keys.
fn scheme(protocol: Protocol, keys: &[ContentKey]) -> Result<Option<Scheme>, Error> {
    let mut found = None;
    for key in keys {
        let scheme = match (&key.scheme, protocol) {
            (Some(EncryptionScheme::Common(scheme)), _) => *scheme,
            (Some(EncryptionScheme::Other(method)), Protocol::Speke2_1 | Protocol::Cpix) => {
                scheme_of_method(method)?
            }
            (Some(EncryptionScheme::Other(_)), _) => return Err(Error::UnsupportedContract),
            (None, _) if protocol.is_strict() => return Err(Error::MissingScheme(key.kid)),
            (None, _) => continue,
        };
        if found.replace(scheme).is_some_and(|first| first != scheme) {
            return Err(Error::SchemeCombination);
        }
    }
    Ok(found)
}

/// Returns the scheme of a method of HLS (RFC 8216, 4.3.2.4), which CPIX 2.4 allows too.
fn scheme_of_method(method: &str) -> Result<Scheme, Error> {
    match method {
        "SAMPLE-AES" => Ok(Scheme::Cbcs),
        "SAMPLE-AES-CTR" => Ok(Scheme::Cenc),
        _ => Err(Error::UnsupportedContract),
    }
}

fn check_systems(document: &Document) -> Result<(), Error> {
    for system in &document.drm_systems {
        if System::from_id(&system.system_id).is_none() {
            return Err(Error::UnknownSystem(Uuid::from_bytes(system.system_id)));
        }
    }
    Ok(())
}
