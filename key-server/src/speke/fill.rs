// SPDX-License-Identifier: MPL-2.0
//! Fills the placeholders of the request's document. It removes placeholders without a value, and old values, which would be wrong in
//! the response.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use cenc_types::{KeyId, Scheme};
use cpix::{ContentKey, Document, Error as CpixError, RsaRecipient, WrapKey};
use drm_signaling::{Drm, Playlist, System};
use host_access::Random;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use zeroize::Zeroizing;

use super::edits::Edits;
use super::request::SpekeRequest;
use super::signals::{Placeholder, Signals};
use super::{Error, HeaderSettings, ResponseKey};

const CPIX: &str = "urn:dashif:org:cpix";
const SPEKE: &str = "urn:aws:amazon:com:speke";

/// Fills the request with one key for each of its keys, in their order.
pub fn fill(
    request: &SpekeRequest,
    scheme: Scheme,
    settings: &HeaderSettings,
    keys: &[ResponseKey<'_>],
    random: &dyn Random,
) -> Result<Zeroizing<String>, Error> {
    Filler {
        request,
        written: keys_document(request, scheme, keys, random)?,
        signals: Signals::new(scheme, &request.content_id, settings, keys),
        seen: HashSet::new(),
        deliveries: 0,
        edits: Edits::default(),
        open: Vec::new(),
    }
    .run()
}

/// Returns a document with the keys, encrypted to the request's recipients in their order.
fn keys_document(
    request: &SpekeRequest,
    scheme: Scheme,
    keys: &[ResponseKey<'_>],
    random: &dyn Random,
) -> Result<Document, Error> {
    let mut document = Document::default();
    document.content_keys.extend(keys.iter().map(|key| {
        ContentKey::new(
            key.kid,
            cenc_types::ContentKey::copy_of(key.key.as_bytes()),
            scheme,
        )
    }));
    let recipients = request
        .document
        .deliveries
        .iter()
        .map(|to| RsaRecipient::from_certificate(to.certificate.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    if !recipients.is_empty() {
        let wrap_keys: Vec<&dyn WrapKey> = recipients.iter().map(|to| to as _).collect();
        document.encrypt_to(&wrap_keys, random)?;
    }
    Ok(document)
}

/// One pass over the request.
struct Filler<'a> {
    request: &'a SpekeRequest,
    signals: Signals<'a>,
    written: Document,
    /// The keys and systems that the response has already.
    seen: HashSet<(KeyId, Option<[u8; 16]>)>,
    /// The number of recipients before the current position.
    deliveries: usize,
    edits: Edits,
    /// The open elements, the innermost last.
    open: Vec<OpenElement>,
}

/// An element whose end tag is not read yet.
struct OpenElement {
    role: ElementRole,
    /// The bytes of its start tag.
    tag: Range<usize>,
}

/// The role of an element in the response.
enum ElementRole {
    Root,
    /// A list such as ContentKeyList.
    List,
    Delivery,
    /// A DeliveryKey, after which the encrypted document key is inserted.
    DeliveryKey,
    /// A ContentKey, with its Data element.
    Key(Zeroizing<String>),
    System(Box<Drm>),
    Rule,
    /// An element whose text is replaced.
    Filled(String),
    /// An element that is removed.
    Dropped,
    /// An element that is kept with all its content.
    Kept,
}

impl<'a> Filler<'a> {
    fn run(mut self) -> Result<Zeroizing<String>, Error> {
        let request = self.request;
        let mut reader = NsReader::from_str(&request.text);
        loop {
            let from = position(reader.buffer_position());
            let (namespace, event) = reader.read_resolved_event().map_err(|_| damaged())?;
            let namespace = match namespace {
                ResolveResult::Bound(Namespace(uri)) => uri.to_owned(),
                ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
            };
            let to = position(reader.buffer_position());
            match event {
                Event::Start(start) => {
                    let role = self.role(&namespace, &start)?;
                    self.start(&role, &start, from..to)?;
                    self.open.push(OpenElement {
                        role,
                        tag: from..to,
                    });
                }
                Event::Empty(empty) => {
                    let role = self.role(&namespace, &empty)?;
                    self.empty(role, &empty, from..to)?;
                }
                Event::End(_) => self.end(from..to)?,
                Event::Eof => break,
                _ => (),
            }
        }
        self.edits.apply(&request.text).ok_or_else(damaged)
    }

    /// Returns the role of an element, by its name and its parent.
    fn role(&mut self, namespace: &str, start: &BytesStart<'_>) -> Result<ElementRole, Error> {
        let local = start.local_name();
        let name = local.as_ref();
        let parent = self.open.last().map(|element| &element.role);
        Ok(match (parent, namespace, name) {
            (None, ..) => ElementRole::Root,
            (Some(ElementRole::Root), CPIX, _) => ElementRole::List,
            (Some(ElementRole::List), CPIX, "DeliveryData") => ElementRole::Delivery,
            (Some(ElementRole::List), CPIX, "ContentKey") => self.key(start)?,
            (Some(ElementRole::List), CPIX, "DRMSystem") => self.system(start)?,
            (Some(ElementRole::List), CPIX, "ContentKeyUsageRule") => ElementRole::Rule,
            (Some(ElementRole::Delivery), CPIX, "DeliveryKey") => ElementRole::DeliveryKey,
            (Some(ElementRole::Delivery), CPIX, "DocumentKey" | "MACMethod") => {
                ElementRole::Dropped
            }
            (Some(ElementRole::Key(_)), CPIX, "Data") => ElementRole::Dropped,
            (Some(ElementRole::System(system)), ..) => match placeholder(namespace, name, start) {
                Some(placeholder) => {
                    let text = self.signals.text(system, placeholder)?;
                    text.map_or(ElementRole::Dropped, ElementRole::Filled)
                }
                None => ElementRole::Kept,
            },
            _ => ElementRole::Kept,
        })
    }

    /// Removes a key that the response has already, because the store has one key for two of the request.
    fn key(&mut self, start: &BytesStart<'_>) -> Result<ElementRole, Error> {
        let key = self.response_key(start)?;
        if !self.seen.insert((key.kid, None)) {
            return Ok(ElementRole::Dropped);
        }
        let written = self.written.content_key(key.kid).ok_or_else(damaged)?;
        Ok(ElementRole::Key(written.data.to_xml()?))
    }

    fn system(&mut self, start: &BytesStart<'_>) -> Result<ElementRole, Error> {
        let key = self.response_key(start)?;
        let id = attribute(start, "systemId")
            .and_then(|id| uuid::Uuid::try_parse(id.trim()).ok())
            .ok_or_else(damaged)?
            .into_bytes();
        if !self.seen.insert((key.kid, Some(id))) {
            return Ok(ElementRole::Dropped);
        }
        Ok(ElementRole::System(Box::new(
            self.signals
                .system(System::from_id(&id).ok_or_else(damaged)?, key)?,
        )))
    }

    /// Returns the key of the response for the KID of an element.
    fn response_key(&self, start: &BytesStart<'_>) -> Result<ResponseKey<'a>, Error> {
        let kid: KeyId = kid(start).ok_or_else(damaged)?;
        self.request
            .keys
            .iter()
            .zip(self.signals.keys())
            .find(|(requested, _)| requested.kid == kid)
            .map(|(_, key)| *key)
            .ok_or_else(damaged)
    }

    /// Returns a start tag with the KID of the response; None if it stays the same.
    fn tag(&self, role: &ElementRole, start: &BytesStart<'_>) -> Result<Option<String>, Error> {
        if !matches!(
            role,
            ElementRole::Key(_) | ElementRole::System(_) | ElementRole::Rule
        ) {
            return Ok(None);
        }
        let new = self.response_key(start)?.kid;
        Ok((kid(start) != Some(new)).then(|| with_kid(start, new)))
    }

    fn start(
        &mut self,
        role: &ElementRole,
        start: &BytesStart<'_>,
        tag: Range<usize>,
    ) -> Result<(), Error> {
        if let Some(new) = self.tag(role, start)? {
            self.edits.replace(tag, format!("<{new}>"));
        }
        Ok(())
    }

    /// Fills an element without content, which needs an end tag then.
    fn empty(
        &mut self,
        role: ElementRole,
        start: &BytesStart<'_>,
        whole: Range<usize>,
    ) -> Result<(), Error> {
        let tag = self.tag(&role, start)?;
        let inside = match role {
            ElementRole::Dropped => {
                self.edits.remove(whole);
                return Ok(());
            }
            ElementRole::Key(data) => data,
            ElementRole::Filled(text) => text.into(),
            _ => {
                if let Some(tag) = tag {
                    self.edits.replace(whole, format!("<{tag}/>"));
                }
                return Ok(());
            }
        };
        let tag = tag.unwrap_or_else(|| start.trim_end().to_owned());
        let mut element = Zeroizing::new(String::with_capacity(2 * tag.len() + inside.len() + 5));
        for piece in ["<", &tag, ">", &inside, "</", start.name().as_ref(), ">"] {
            element.push_str(piece);
        }
        self.edits.replace(whole, element);
        Ok(())
    }

    fn end(&mut self, tag: Range<usize>) -> Result<(), Error> {
        let OpenElement { role, tag: start } = self.open.pop().ok_or_else(damaged)?;
        match role {
            ElementRole::Dropped => self.edits.remove(start.start..tag.end),
            ElementRole::Filled(text) => self.edits.replace(start.end..tag.start, text),
            ElementRole::Key(data) => self.edits.insert(tag.start, data),
            ElementRole::DeliveryKey => {
                let delivery = self
                    .written
                    .deliveries
                    .get(self.deliveries)
                    .ok_or_else(damaged)?;
                let version = self.request.protocol.cpix(&self.request.document);
                self.edits.insert(tag.end, delivery.keys_to_xml(version)?);
                self.deliveries += 1;
            }
            _ => (),
        }
        Ok(())
    }
}

/// Returns the placeholder of an element of a DRMSystem; None for other elements.
fn placeholder(namespace: &str, name: &str, start: &BytesStart<'_>) -> Option<Placeholder> {
    match (namespace, name) {
        (CPIX, "PSSH") => Some(Placeholder::Pssh),
        (CPIX, "ContentProtectionData") => Some(Placeholder::ContentProtection),
        (CPIX, "URIExtXKey") => Some(Placeholder::Uri),
        (CPIX, "SmoothStreamingProtectionHeaderData") | (SPEKE, "ProtectionHeader") => {
            Some(Placeholder::Smooth)
        }
        (SPEKE, "KeyFormat") => Some(Placeholder::KeyFormat),
        (SPEKE, "KeyFormatVersions") => Some(Placeholder::KeyFormatVersions),
        (CPIX, "HLSSignalingData") => match attribute(start, "playlist").as_deref() {
            Some("master" | "multiVariant") => Some(Placeholder::Hls(Playlist::Multivariant)),
            _ => Some(Placeholder::Hls(Playlist::Media)),
        },
        _ => None,
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start
        .try_get_attribute(name)
        .ok()
        .flatten()?
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(Cow::into_owned)
}

fn kid(start: &BytesStart<'_>) -> Option<KeyId> {
    attribute(start, "kid")?.parse().ok()
}

/// Returns the inside of a start tag with another KID. The other attributes are not changed.
fn with_kid(start: &BytesStart<'_>, kid: KeyId) -> String {
    let mut tag = start.name().as_ref().to_owned();
    for attribute in start.attributes().flatten() {
        let name = attribute.key.0;
        let new = (name == "kid").then(|| kid.to_string());
        let value = new.as_deref().unwrap_or(&attribute.value);
        let quote = if value.contains('"') { '\'' } else { '"' };
        tag.extend([" ", name, "="]);
        tag.push(quote);
        tag.push_str(value);
        tag.push(quote);
    }
    tag
}

fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Returns the error for a document that differs from the one that was read first, which is a fault of the server.
const fn damaged() -> Error {
    Error::Document(CpixError::NotCpix)
}
