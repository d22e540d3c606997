// SPDX-License-Identifier: MPL-2.0
//! DeliveryData: a recipient of the keys, with the document key and MAC key encrypted to its certificate.

use zeroize::Zeroizing;

use cenc_types::KeyId;

use super::document::Version;
use super::encryption::{DocumentKeys, check_algorithm, cipher_value, write_encrypted};
use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{Error, UnwrapKey, WrapKey};

const RSA_OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const HMAC_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512";
/// The attribute Algorithm of a DocumentKey, up to 2.3.1: the use of the key.
const AES_256_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

/// A recipient of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The id for references of other elements.
    pub id: Option<String>,
    /// A name to display.
    pub name: Option<String>,
    /// The X.509 certificate, in DER.
    pub certificate: Vec<u8>,
    /// The document keys; none in a request for keys.
    pub document_keys: Vec<WrappedKey>,
    /// The MAC key, encrypted to the certificate.
    pub mac_key: Option<Vec<u8>>,
    /// Description.
    pub description: Option<String>,
    /// SendingEntity.
    pub sending_entity: Option<String>,
    /// SenderPointOfContact.
    pub sender_point_of_contact: Option<String>,
    /// ReceivingEntity.
    pub receiving_entity: Option<String>,
}

/// A document key, encrypted to the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The id for references of other elements.
    pub id: Option<String>,
    /// The content keys that it encrypts; an empty list means all that no other document key encrypts. From 2.4 on.
    pub encrypts: Vec<KeyId>,
    /// The encrypted key.
    pub wrapped: Vec<u8>,
}

/// The decrypted document keys of a recipient.
pub(super) struct UnwrappedKeys<'d>(Vec<UnwrappedKey<'d>>);

/// A decrypted document key.
struct UnwrappedKey<'d> {
    /// The content keys that it encrypts; an empty list means all that no other one encrypts.
    encrypts: &'d [KeyId],
    keys: DocumentKeys,
}

impl UnwrappedKeys<'_> {
    /// Returns the keys that encrypt the content key of a KID: those that name it, or else those that name none.
    pub(super) fn for_kid(&self, kid: KeyId) -> Option<&DocumentKeys> {
        self.0
            .iter()
            .find(|key| key.encrypts.contains(&kid))
            .or_else(|| self.0.iter().find(|key| key.encrypts.is_empty()))
            .map(|key| &key.keys)
    }
}

impl Delivery {
    /// Creates a recipient who requests keys.
    pub fn request(certificate: Vec<u8>) -> Self {
        Self {
            certificate,
            ..Self::default()
        }
    }

    /// Encrypts the keys of a document to a recipient.
    pub(super) fn wrap(recipient: &dyn WrapKey, keys: &DocumentKeys) -> Result<Self, Error> {
        Ok(Self {
            document_keys: vec![WrappedKey {
                id: None,
                encrypts: Vec::new(),
                wrapped: recipient.wrap(&keys.document_key)?,
            }],
            mac_key: keys
                .mac_key
                .as_ref()
                .map(|key| recipient.wrap(key))
                .transpose()?,
            ..Self::request(recipient.certificate().to_vec())
        })
    }

    /// Decrypts the document keys.
    pub(super) fn unwrap(&self, private_key: &dyn UnwrapKey) -> Result<UnwrappedKeys<'_>, Error> {
        let mac_key = self
            .mac_key
            .as_ref()
            .map(|key| private_key.unwrap_key(key))
            .transpose()?;
        self.document_keys
            .iter()
            .map(|key| {
                Ok(UnwrappedKey {
                    encrypts: &key.encrypts,
                    keys: DocumentKeys {
                        document_key: private_key.unwrap_key(&key.wrapped)?,
                        mac_key: mac_key.clone(),
                    },
                })
            })
            .collect::<Result<_, _>>()
            .map(UnwrappedKeys)
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        let text = |name| element.child(Namespace::Cpix, name).map(|e| e.text());
        Ok(Self {
            id: element.owned_attribute("id"),
            name: element.owned_attribute("name"),
            certificate: read_certificate(element)?,
            document_keys: element
                .all(Namespace::Cpix, "DocumentKey")
                .map(WrappedKey::read)
                .collect::<Result<_, _>>()?,
            mac_key: element
                .child(Namespace::Cpix, "MACMethod")
                .map(read_mac_key)
                .transpose()?,
            description: text("Description"),
            sending_entity: text("SendingEntity"),
            sender_point_of_contact: text("SenderPointOfContact"),
            receiving_entity: text("ReceivingEntity"),
        })
    }

    pub(super) fn write(&self, xml: &mut XmlWriter, version: Version) {
        let attributes = Attributes::default()
            .maybe("id", self.id.as_ref())
            .maybe("name", self.name.as_ref());
        xml.element("DeliveryData", attributes, |xml| {
            self.write_certificate(xml);
            self.write_keys(xml, version, Attributes::default);
            xml.text("Description", self.description.as_deref());
            xml.text("SendingEntity", self.sending_entity.as_deref());
            xml.text(
                "SenderPointOfContact",
                self.sender_point_of_contact.as_deref(),
            );
            xml.text("ReceivingEntity", self.receiving_entity.as_deref());
        });
    }

    /// Writes the elements DocumentKey and MACMethod by themselves with the namespaces that they need, for insertion after the
    /// DeliveryKey of another document.
    ///
    /// # Errors
    /// [`Error::NotInVersion`] for a part that the version does not have.
    pub fn keys_to_xml(&self, version: Version) -> Result<Zeroizing<String>, Error> {
        let namespaces = [Namespace::Cpix, Namespace::Pskc, Namespace::Encryption];
        let mut xml = XmlWriter::fragment();
        self.write_keys(&mut xml, version, || {
            Attributes::default().declare(&namespaces)
        });
        xml.finish()
    }

    fn write_keys(
        &self,
        xml: &mut XmlWriter,
        version: Version,
        attributes: impl Fn() -> Attributes,
    ) {
        for key in &self.document_keys {
            key.write(xml, version, attributes());
        }
        if let Some(mac_key) = &self.mac_key {
            let method = attributes().with("Algorithm", HMAC_SHA512);
            xml.element("MACMethod", method, |xml| {
                write_encrypted(xml, "MACKey", RSA_OAEP, mac_key);
            });
        }
    }

    fn write_certificate(&self, xml: &mut XmlWriter) {
        xml.element("DeliveryKey", Attributes::default(), |xml| {
            xml.element_of(
                Namespace::Signature,
                "X509Data",
                Attributes::default(),
                |xml| {
                    xml.element_of(
                        Namespace::Signature,
                        "X509Certificate",
                        Attributes::default(),
                        |xml| {
                            xml.base64(&self.certificate);
                        },
                    );
                },
            );
        });
    }
}

impl WrappedKey {
    fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        check_algorithm(element, "DocumentKey", RSA_OAEP)?;
        Ok(Self {
            id: element.owned_attribute("id"),
            encrypts: element
                .attribute("encryptsKey")
                .unwrap_or_default()
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .map_err(|_| Error::BadValue {
                    name: "encryptsKey",
                    expected: "a list of KIDs",
                })?,
            wrapped: cipher_value(element, "DocumentKey")?,
        })
    }

    fn write(&self, xml: &mut XmlWriter, version: Version, attributes: Attributes) {
        let mut attributes = attributes.maybe("id", self.id.as_ref());
        match self.encrypts.as_slice() {
            [] => (),
            [kid] => {
                version.needs_2_4(xml, "DocumentKey@encryptsKey");
                attributes = attributes.with("encryptsKey", kid);
            }
            // The text of 2.4 allows a list, but its schema only one UUID.
            [..] => version.refuse(xml, "DocumentKey@encryptsKey of several keys"),
        }
        if version != Version::V2_4 {
            attributes = attributes.with("Algorithm", AES_256_CBC);
        }
        xml.element("DocumentKey", attributes, |xml| {
            xml.element("Data", Attributes::default(), |xml| {
                xml.element_of(Namespace::Pskc, "Secret", Attributes::default(), |xml| {
                    write_encrypted(xml, "EncryptedValue", RSA_OAEP, &self.wrapped);
                });
            });
        });
    }
}

fn read_certificate(element: Element<'_, '_>) -> Result<Vec<u8>, Error> {
    element
        .child(Namespace::Cpix, "DeliveryKey")
        .and_then(|key| key.descendant(Namespace::Signature, "X509Certificate"))
        .ok_or(Error::Missing {
            element: "DeliveryKey",
            missing: "X509Certificate",
        })?
        .public_bytes("X509Certificate")
}

/// Reads any of the three forms that occur: pskc:MACKey, cpix:Key, or cpix:Key around pskc:EncryptedValue.
fn read_mac_key(method: Element<'_, '_>) -> Result<Vec<u8>, Error> {
    let (element, known) = ("MACMethod", HMAC_SHA512);
    if method
        .attribute("Algorithm")
        .is_some_and(|named| named != known)
    {
        return Err(Error::UnknownAlgorithm { element, known });
    }
    check_algorithm(method, element, RSA_OAEP)?;
    cipher_value(method, element)
}
