// SPDX-License-Identifier: MPL-2.0
//! The request's document with its placeholders filled. What cannot be filled is left out, and so are signatures and old values,
//! which would no longer hold.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use cenc_types::{KeyId, Scheme};
use cpix::{ContentKey, Delivery, Document, Error as CpixError, RsaRecipient, WrapKey};
use drm_signaling::{Drm, Playlist, System};
use host_access::Random;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use zeroize::Zeroizing;

use super::edits::Edits;
use super::request::Request;
use super::signals::{Placeholder, Signals};
use super::{Error, Given, HeaderSettings};

const CPIX: &str = "urn:dashif:org:cpix";
const SPEKE: &str = "urn:aws:amazon:com:speke";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Fills the request with a key for each of its own, in their order.
pub fn fill(
    request: &Request,
    scheme: Scheme,
    settings: &HeaderSettings,
    keys: &[Given<'_>],
    random: &dyn Random,
) -> Result<Zeroizing<String>, Error> {
    let signals = Signals::new(scheme, &request.content_id, settings, keys);
    let filler = Filler {
        request,
        written: keys_document(request, scheme, keys, random)?,
        signals,
        seen: HashSet::new(),
        deliveries: 0,
        edits: Edits::default(),
        open: Vec::new(),
    };
    filler.run()
}

/// The keys as they are written, and to whom they are encrypted: the request's recipients, in their order.
fn keys_document(
    request: &Request,
    scheme: Scheme,
    keys: &[Given<'_>],
    random: &dyn Random,
) -> Result<Document, Error> {
    let mut document = Document::default();
    for given in keys {
        let key = cenc_types::ContentKey::from_bytes(Zeroizing::new(*given.key.as_bytes()));
        document
            .content_keys
            .push(ContentKey::new(given.kid, key, scheme));
    }
    let deliveries = request.document.deliveries.iter();
    let recipients = deliveries.map(|to| RsaRecipient::from_certificate(to.certificate.clone()));
    let recipients: Vec<RsaRecipient> = recipients.collect::<Result<_, _>>()?;
    if !recipients.is_empty() {
        let recipients: Vec<&dyn WrapKey> = recipients.iter().map(|to| to as _).collect();
        document.encrypt_to(&recipients, random)?;
    }
    Ok(document)
}

/// One pass over the request.
struct Filler<'a> {
    request: &'a Request,
    signals: Signals<'a>,
    written: Document,
    /// Keys and systems that the answer has already.
    seen: HashSet<(KeyId, Option<[u8; 16]>)>,
    /// How many recipients were passed.
    deliveries: usize,
    edits: Edits,
    /// The elements that are open, with the place where each begins and the place behind its start tag.
    open: Vec<(Part, Range<usize>)>,
}

/// What an element is for us.
enum Part {
    Root,
    /// A list such as ContentKeyList.
    List,
    Delivery,
    /// DeliveryKey, behind which the encrypted document key goes.
    DeliveryKey,
    /// A ContentKey, with its Data element.
    Key(Zeroizing<String>),
    System(Box<Drm>),
    Rule,
    /// An element whose text is ours.
    Filled(String),
    /// An element that is left out.
    Dropped,
    /// Kept as it stands, with all that is in it.
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
                    let part = self.part(&namespace, &start)?;
                    self.begin(&part, &start, from..to)?;
                    self.open.push((part, from..to));
                }
                Event::Empty(empty) => {
                    let part = self.part(&namespace, &empty)?;
                    self.empty(part, &empty, from..to)?;
                }
                Event::End(_) => self.end(from..to)?,
                Event::Eof => break,
                _ => (),
            }
        }
        self.edits.apply(&request.text).ok_or_else(damaged)
    }

    /// What an element is, by its name and what it stands in.
    fn part(&mut self, namespace: &str, start: &BytesStart<'_>) -> Result<Part, Error> {
        let local = start.local_name();
        let name = local.as_ref();
        let parent = self.open.last().map(|(part, _)| part);
        Ok(match (parent, namespace, name) {
            (None, ..) => Part::Root,
            (Some(Part::Root), SIGNATURE, "Signature") => Part::Dropped,
            (Some(Part::Root), CPIX, _) => Part::List,
            (Some(Part::List), CPIX, "DeliveryData") => Part::Delivery,
            (Some(Part::List), CPIX, "ContentKey") => self.key(start)?,
            (Some(Part::List), CPIX, "DRMSystem") => self.system(start)?,
            (Some(Part::List), CPIX, "ContentKeyUsageRule") => Part::Rule,
            (Some(Part::Delivery), CPIX, "DeliveryKey") => Part::DeliveryKey,
            (Some(Part::Delivery), CPIX, "DocumentKey" | "MACMethod") => Part::Dropped,
            (Some(Part::Key(_)), CPIX, "Data") => Part::Dropped,
            (Some(Part::System(system)), ..) => match placeholder(namespace, name, start) {
                Some(placeholder) => {
                    let text = self.signals.text(system, placeholder)?;
                    text.map_or(Part::Dropped, Part::Filled)
                }
                None => Part::Kept,
            },
            _ => Part::Kept,
        })
    }

    /// A key that stands in the answer already, since the store has one for two of the request, is left out.
    fn key(&mut self, start: &BytesStart<'_>) -> Result<Part, Error> {
        let given = self.given(start)?;
        if !self.seen.insert((given.kid, None)) {
            return Ok(Part::Dropped);
        }
        let key = self.written.content_key(given.kid).ok_or_else(damaged)?;
        Ok(Part::Key(key.data.to_xml()?))
    }

    fn system(&mut self, start: &BytesStart<'_>) -> Result<Part, Error> {
        let given = self.given(start)?;
        let id = attribute(start, "systemId").and_then(|id| uuid::Uuid::try_parse(id.trim()).ok());
        let id = id.ok_or_else(damaged)?.into_bytes();
        if !self.seen.insert((given.kid, Some(id))) {
            return Ok(Part::Dropped);
        }
        let system = System::from_id(&id).ok_or_else(damaged)?;
        Ok(Part::System(Box::new(self.signals.system(system, given)?)))
    }

    /// The key that stands for the KID of an element.
    fn given(&self, start: &BytesStart<'_>) -> Result<Given<'a>, Error> {
        let kid: KeyId = kid(start).ok_or_else(damaged)?;
        let mut asked = self.request.keys.iter().zip(self.signals.keys());
        let found = asked.find(|(asked, _)| asked.kid == kid);
        found.map(|(_, given)| *given).ok_or_else(damaged)
    }

    /// A start tag with the KID of the key that is given; None where it stays as it is.
    fn tag(&self, part: &Part, start: &BytesStart<'_>) -> Result<Option<String>, Error> {
        if !matches!(part, Part::Key(_) | Part::System(_) | Part::Rule) {
            return Ok(None);
        }
        let given = self.given(start)?.kid;
        Ok((kid(start) != Some(given)).then(|| with_kid(start, given)))
    }

    fn begin(
        &mut self,
        part: &Part,
        start: &BytesStart<'_>,
        tag: Range<usize>,
    ) -> Result<(), Error> {
        if let Some(new) = self.tag(part, start)? {
            self.edits.replace(tag, format!("<{new}>"));
        }
        Ok(())
    }

    /// An element without content gets an end tag where something goes into it.
    fn empty(
        &mut self,
        part: Part,
        start: &BytesStart<'_>,
        whole: Range<usize>,
    ) -> Result<(), Error> {
        let tag = self.tag(&part, start)?;
        let inside = match part {
            Part::Dropped => {
                self.edits.remove(whole);
                return Ok(());
            }
            Part::Key(data) => data,
            Part::Filled(text) => text.into(),
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
        let (part, start) = self.open.pop().ok_or_else(damaged)?;
        match part {
            Part::Dropped => self.edits.remove(start.start..tag.end),
            Part::Filled(text) => self.edits.replace(start.end..tag.start, text),
            Part::Key(data) => self.edits.insert(tag.start, data),
            Part::DeliveryKey => {
                let delivery = self.written.deliveries.get(self.deliveries);
                let delivery: &Delivery = delivery.ok_or_else(damaged)?;
                let version = self.request.protocol.cpix(&self.request.document);
                self.edits.insert(tag.end, delivery.keys_to_xml(version)?);
                self.deliveries += 1;
            }
            _ => (),
        }
        Ok(())
    }
}

/// What an element of a DRMSystem asks for.
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
    let found = start.try_get_attribute(name).ok().flatten()?;
    let value = found.normalized_value(XmlVersion::Implicit1_0);
    value.ok().map(Cow::into_owned)
}

fn kid(start: &BytesStart<'_>) -> Option<KeyId> {
    attribute(start, "kid")?.parse().ok()
}

/// The inside of a start tag with another KID; what the other attributes are is kept to the letter.
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

/// The document was read once: a second reader that sees another one has a fault.
const fn damaged() -> Error {
    Error::Document(CpixError::NotCpix)
}
