// SPDX-License-Identifier: MPL-2.0
//! Reads existing headers. Deviations in form are accepted and listed.

mod fields;

use cenc_types::KeyId;

use super::{HeaderVersion, NAMESPACE};
use crate::deviation::Deviations;
use crate::{Deviation, Error, guid};
use crate::{xml, xml::Element};

/// Children of DATA in the specification's order.
const DATA_ORDER: [&str; 8] = [
    "PROTECTINFO",
    "KID",
    "CHECKSUM",
    "LA_URL",
    "LUI_URL",
    "DS_ID",
    "CUSTOMATTRIBUTES",
    "DECRYPTORSETUP",
];

/// Children of PROTECTINFO in the specification's order.
const INFO_ORDER: [&str; 4] = ["KEYLEN", "ALGID", "KID", "KIDS"];

/// The recommended limit of a header and of its CUSTOMATTRIBUTES, in bytes.
const RECOMMENDED_LEN: usize = 1024;

/// An existing header, with unchecked texts.
///
/// ```
/// use playready_header::{FoundHeader, HeaderVersion};
///
/// // The KID of Microsoft's public test content, in GUID order.
/// let header = FoundHeader::from_xml(
///     r#"<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="4.0.0.0"><DATA><PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>AAAAEAAQABAQABAAAAAAAQ==</KID></DATA></WRMHEADER>"#,
/// )?;
/// assert_eq!(header.version, HeaderVersion::V4_0);
/// assert_eq!(header.key_ids[0].kid.to_string(), "10000000-1000-1000-1000-100000000001");
/// assert!(header.deviations.is_empty());
/// # Ok::<(), playready_header::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundHeader {
    /// The version it names.
    pub version: HeaderVersion,
    /// Its KIDs in order.
    pub key_ids: Vec<FoundKeyId>,
    /// KEYLEN, in bytes.
    pub key_length: Option<String>,
    /// LA_URL.
    pub la_url: Option<String>,
    /// LUI_URL.
    pub lui_url: Option<String>,
    /// DS_ID, base64.
    pub ds_id: Option<String>,
    /// The CUSTOMATTRIBUTES element in canonical form.
    pub custom_attributes: Option<String>,
    /// DECRYPTORSETUP.
    pub decryptor_setup: Option<String>,
    /// LICENSEREQUESTED.
    pub license_requested: Option<String>,
    /// Its deviations from the specification.
    pub deviations: Vec<Deviation>,
}

/// A KID of an existing header, with unchecked texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKeyId {
    /// The KID, in UUID order.
    pub kid: KeyId,
    /// ALGID.
    pub algorithm: Option<String>,
    /// CHECKSUM, base64.
    pub checksum: Option<String>,
}

impl FoundHeader {
    /// Reads the value of a header record: UTF-16LE, with or without byte order mark.
    ///
    /// # Errors
    /// [`Error::BadUtf16`], and those of [`Self::from_xml`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        if !rest.is_empty() {
            return Err(Error::BadUtf16);
        }
        Self::from_xml(&String::from_utf16(&units).map_err(|_| Error::BadUtf16)?)
    }

    /// Reads a header's text, at most 64 KiB.
    ///
    /// # Errors
    /// If it is not well-formed, has a document type definition, is not a header, is of an unknown version
    /// or holds a KID that is not the base64 of 16 bytes.
    pub fn from_xml(text: &str) -> Result<Self, Error> {
        let mut notes = Deviations::default();
        let unmarked = text.strip_prefix('\u{feff}');
        notes.note_if(unmarked.is_some(), Deviation::ByteOrderMark);
        let text = unmarked.unwrap_or(text);
        let mut header = Self::from_root(&xml::parse(text, &mut notes)?, &mut notes)?;
        let len = 2 * text.encode_utf16().count();
        notes.note_if(len > RECOMMENDED_LEN, Deviation::LongHeader(len));
        if let Err(error) = header.to_header() {
            notes.note(Deviation::Refused(error));
        }
        header.deviations = notes.into_vec();
        Ok(header)
    }

    fn from_root(root: &Element, notes: &mut Deviations) -> Result<Self, Error> {
        if root.name != "WRMHEADER" {
            return Err(Error::NotAHeader);
        }
        notes.note_if(
            root.attribute("xmlns") != Some(NAMESPACE),
            Deviation::Namespace,
        );
        let version = root.attribute("version").unwrap_or_default().parse()?;
        let absent = Element::new("");
        let data = root.child("DATA").unwrap_or(&absent);
        let info = data.child("PROTECTINFO").unwrap_or(&absent);
        check_order(data, &DATA_ORDER, notes);
        check_order(info, &INFO_ORDER, notes);
        let mut text = |parent: &Element, name| text_of(parent, name, notes);
        Ok(Self {
            version,
            key_length: text(info, "KEYLEN"),
            la_url: text(data, "LA_URL"),
            lui_url: text(data, "LUI_URL"),
            ds_id: text(data, "DS_ID"),
            decryptor_setup: text(data, "DECRYPTORSETUP"),
            license_requested: info.attribute("LICENSEREQUESTED").map(str::to_owned),
            key_ids: read_key_ids(version, data, info, notes)?,
            custom_attributes: custom_attributes(data, notes),
            deviations: Vec::new(),
        })
    }
}

/// Reads the KIDs at the places of all versions.
fn read_key_ids(
    version: HeaderVersion,
    data: &Element,
    info: &Element,
    notes: &mut Deviations,
) -> Result<Vec<FoundKeyId>, Error> {
    let absent = Element::new("");
    let list = info.child("KIDS").unwrap_or(&absent);
    let mut found = Vec::new();
    if let Some(kid) = text_of(data, "KID", notes) {
        notes.note_if(version != HeaderVersion::V4_0, Deviation::KeyIdPlace);
        found.push(FoundKeyId {
            kid: read_kid(&kid)?,
            algorithm: text_of(info, "ALGID", notes),
            checksum: text_of(data, "CHECKSUM", notes),
        });
    }
    for (parent, in_place) in [
        (info, version == HeaderVersion::V4_1),
        (list, version >= HeaderVersion::V4_2),
    ] {
        for element in parent.elements().filter(|element| element.name == "KID") {
            notes.note_if(!in_place, Deviation::KeyIdPlace);
            found.push(read_kid_element(element)?);
        }
    }
    Ok(found)
}

/// Reads a KID element of version 4.1 and above.
fn read_kid_element(element: &Element) -> Result<FoundKeyId, Error> {
    let attribute = |name| element.attribute(name).map(str::to_owned);
    Ok(FoundKeyId {
        kid: read_kid(element.attribute("VALUE").unwrap_or_default())?,
        algorithm: attribute("ALGID"),
        checksum: attribute("CHECKSUM"),
    })
}

fn read_kid(text: &str) -> Result<KeyId, Error> {
    guid::from_base64(text).map_err(|_| Error::BadValue("KID"))
}

fn custom_attributes(data: &Element, notes: &mut Deviations) -> Option<String> {
    let custom = data.child("CUSTOMATTRIBUTES")?.to_xml();
    let len = 2 * custom.encode_utf16().count();
    notes.note_if(len > RECOMMENDED_LEN, Deviation::LongCustomAttributes(len));
    Some(custom)
}

/// Returns the text of a child element, without the white space around it.
fn text_of(parent: &Element, name: &str, notes: &mut Deviations) -> Option<String> {
    let (text, padded) = parent.child(name)?.text();
    notes.note_if(padded, Deviation::WhiteSpace);
    Some(text)
}

/// Notes unknown, repeated and misplaced children.
fn check_order(parent: &Element, order: &[&str], notes: &mut Deviations) {
    let mut seen = Vec::new();
    for element in parent.elements() {
        let name = element.name.as_str();
        let Some(rank) = order.iter().position(|known| *known == name) else {
            notes.note(Deviation::UnknownElement(name.to_owned()));
            continue;
        };
        if seen.contains(&rank) {
            notes.note(Deviation::RepeatedElement(name.to_owned()));
        } else {
            seen.push(rank);
        }
    }
    notes.note_if(!seen.is_sorted(), Deviation::ElementOrder);
}

#[cfg(test)]
mod tests;
