// SPDX-License-Identifier: MPL-2.0
//! ContentKey: a key, clear or encrypted, with its KID and scheme.

use std::fmt;

use zeroize::Zeroizing;

use cenc_types::{KeyId, Scheme};

use super::xml::{Attributes, Element, Namespace, XmlWriter, encode};
use super::{EncryptedKey, Error, Version};

/// A ContentKey element.
pub struct ContentKey {
    /// The id for references of other elements.
    pub id: Option<String>,
    /// The KID.
    pub kid: KeyId,
    /// The content id, if it is not that of the document; from 2.4 on.
    pub content_id: Option<String>,
    /// A constant IV for `cbcs`, or the IV of HLS.
    pub explicit_iv: Option<[u8; 16]>,
    /// The root key's KID, if this is the key of a leaf licence.
    pub depends_on_key: Option<KeyId>,
    /// The scheme that the key is for.
    pub scheme: Option<EncryptionScheme>,
    /// The output protection; from 2.4 on.
    pub hdcp: Option<Hdcp>,
    /// The key itself.
    pub data: KeyData,
}

/// commonEncryptionScheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptionScheme {
    /// One of ISO/IEC 23001-7.
    Common(Scheme),
    /// Another, such as the methods of HLS that 2.4 allows.
    Other(String),
}

/// HDCPData.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hdcp {
    /// HDCP-LEVEL of HLS.
    pub hls_level: Option<String>,
    /// XML for manifests.
    pub output_protection: Option<String>,
}

/// The value of a content key.
pub enum KeyData {
    /// No value: the document requests it.
    Absent,
    /// In the clear.
    Clear(cenc_types::ContentKey),
    /// Encrypted to the document's recipients.
    Encrypted(EncryptedKey),
}

impl ContentKey {
    /// Creates a clear key with its KID and scheme.
    pub fn new(kid: KeyId, key: cenc_types::ContentKey, scheme: Scheme) -> Self {
        Self {
            data: KeyData::Clear(key),
            ..Self::request(kid, scheme)
        }
    }

    /// Creates a request for a key.
    pub const fn request(kid: KeyId, scheme: Scheme) -> Self {
        Self {
            id: None,
            kid,
            content_id: None,
            explicit_iv: None,
            depends_on_key: None,
            scheme: Some(EncryptionScheme::Common(scheme)),
            hdcp: None,
            data: KeyData::Absent,
        }
    }

    /// Returns the key.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::StillEncrypted`].
    pub const fn key(&self) -> Result<&cenc_types::ContentKey, Error> {
        match &self.data {
            KeyData::Clear(key) => Ok(key),
            KeyData::Absent => Err(Error::NoKey(self.kid)),
            KeyData::Encrypted(_) => Err(Error::StillEncrypted(self.kid)),
        }
    }

    /// Returns the scheme of ISO/IEC 23001-7 that the key is for; None without a scheme and for another one.
    pub const fn common_scheme(&self) -> Option<Scheme> {
        match self.scheme {
            Some(EncryptionScheme::Common(scheme)) => Some(scheme),
            Some(EncryptionScheme::Other(_)) | None => None,
        }
    }

    /// Returns the scheme that the key is for, if it is another than `scheme`. A key without a scheme is for any.
    pub fn other_scheme(&self, scheme: Scheme) -> Option<&EncryptionScheme> {
        self.scheme
            .as_ref()
            .filter(|own| **own != EncryptionScheme::Common(scheme))
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        let kid = element.required_kid("ContentKey")?;
        Ok(Self {
            id: element.owned_attribute("id"),
            kid,
            content_id: element.owned_attribute("contentId"),
            explicit_iv: element
                .attribute_bytes("explicitIV")?
                .map(|iv| iv.as_slice().try_into())
                .transpose()
                .map_err(|_| Error::BadValue {
                    name: "explicitIV",
                    expected: "the base64 of 16 bytes",
                })?,
            depends_on_key: element.kid("dependsOnKey")?,
            scheme: element
                .attribute("commonEncryptionScheme")
                .map(EncryptionScheme::from),
            hdcp: Hdcp::read(element)?,
            data: KeyData::read(element, kid)?,
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter, version: Version) {
        let iv = self.explicit_iv.map(|iv| encode(&iv).to_string());
        let attributes = Attributes::default()
            .maybe("id", self.id.as_ref())
            .maybe("contentId", self.content_id.as_ref())
            .with("kid", &self.kid)
            .maybe("explicitIV", iv.as_ref())
            .maybe("dependsOnKey", self.depends_on_key.as_ref())
            .maybe("commonEncryptionScheme", self.scheme.as_ref());
        if let Some(EncryptionScheme::Other(_)) = self.scheme {
            version.needs_2_4(
                xml,
                "another commonEncryptionScheme than cenc, cens, cbc1 or cbcs",
            );
        }
        if self.content_id.is_some() {
            version.needs_2_4(xml, "ContentKey@contentId");
        }
        xml.element("ContentKey", attributes, |xml| {
            if let Some(hdcp) = &self.hdcp {
                hdcp.write(xml, version);
            }
            self.data.write(xml, Attributes::default());
        });
    }
}

impl Hdcp {
    fn read(key: Element<'_, '_>) -> Result<Option<Self>, Error> {
        const NAME: &str = "HDCPOutputProtectionData";
        let Some(element) = key.child(Namespace::Cpix, "HDCPData") else {
            return Ok(None);
        };
        let data = element.child(Namespace::Cpix, NAME);
        Ok(Some(Self {
            hls_level: element.owned_attribute("HLSHDCPLevel"),
            output_protection: data.map(|data| data.encoded_text(NAME)).transpose()?,
        }))
    }

    fn write(&self, xml: &mut XmlWriter, version: Version) {
        version.needs_2_4(xml, "HDCPData");
        let attributes = Attributes::default().maybe("HLSHDCPLevel", self.hls_level.as_ref());
        xml.element("HDCPData", attributes, |xml| {
            if let Some(data) = &self.output_protection {
                xml.element("HDCPOutputProtectionData", Attributes::default(), |xml| {
                    xml.base64(data.as_bytes());
                });
            }
        });
    }
}

impl KeyData {
    fn read(key: Element<'_, '_>, kid: KeyId) -> Result<Self, Error> {
        let data = key.child(Namespace::Cpix, "Data");
        let Some(secret) = data.and_then(|data| data.child(Namespace::Pskc, "Secret")) else {
            return Ok(Self::Absent);
        };
        if let Some(plain) = secret.child(Namespace::Pskc, "PlainValue") {
            return clear(&plain.bytes("PlainValue")?, kid).map(Self::Clear);
        }
        Ok(EncryptedKey::read(secret)?.map_or(Self::Absent, Self::Encrypted))
    }

    /// Writes the Data element by itself with the namespaces that it needs, for insertion into another document. The text is empty if
    /// there is no key.
    ///
    /// # Errors
    /// None for keys of this crate.
    pub fn to_xml(&self) -> Result<Zeroizing<String>, Error> {
        let namespaces = [Namespace::Cpix, Namespace::Pskc, Namespace::Encryption];
        let mut xml = XmlWriter::fragment();
        self.write(&mut xml, Attributes::default().declare(&namespaces));
        xml.finish()
    }

    fn write(&self, xml: &mut XmlWriter, attributes: Attributes) {
        if let Self::Absent = self {
            return;
        }
        xml.element("Data", attributes, |xml| {
            xml.element_of(
                Namespace::Pskc,
                "Secret",
                Attributes::default(),
                |xml| match self {
                    Self::Absent => (),
                    Self::Encrypted(encrypted) => encrypted.write(xml),
                    Self::Clear(key) => {
                        xml.element_of(
                            Namespace::Pskc,
                            "PlainValue",
                            Attributes::default(),
                            |xml| {
                                xml.base64(key.as_bytes());
                            },
                        );
                    }
                },
            );
        });
    }
}

/// Returns a clear key, which must have 16 bytes.
pub(super) fn clear(bytes: &[u8], kid: KeyId) -> Result<cenc_types::ContentKey, Error> {
    let len = bytes.len();
    let mut key = Zeroizing::new([0; 16]);
    if len != key.len() {
        return Err(Error::BadKeyLength { kid, len });
    }
    key.copy_from_slice(bytes);
    Ok(cenc_types::ContentKey::from_bytes(key))
}

impl From<&str> for EncryptionScheme {
    fn from(text: &str) -> Self {
        text.parse()
            .map(Self::Common)
            .unwrap_or_else(|_| Self::Other(text.to_owned()))
    }
}

impl fmt::Display for EncryptionScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common(scheme) => scheme.fmt(f),
            Self::Other(name) => f.write_str(name),
        }
    }
}
