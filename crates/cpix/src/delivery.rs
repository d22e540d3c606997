// SPDX-License-Identifier: MPL-2.0
//! DeliveryData: to whom the keys are encrypted, and the document key and MAC key, each encrypted to that recipient.

use zeroize::Zeroizing;

use cenc_types::KeyId;

use super::document::Version;
use super::encryption::{DocumentKeys, check_algorithm, cipher_value, write_encrypted};
use super::xml::{Attributes, Element, Namespace, XmlWriter};
use super::{Error, UnwrapKey, WrapKey};

const RSA_OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const HMAC_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512";
/// What a DocumentKey is used for, as its attribute says up to 2.3.1.
const AES_256_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

/// A recipient of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// What other elements call it.
    pub id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// The X.509 certificate, in DER.
    pub certificate: Vec<u8>,
    /// The document keys; none in a question for keys.
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
    /// What other elements call it.
    pub id: Option<String>,
    /// The content keys that it encrypts; none stands for all that no other one does. From 2.4 on.
    pub encrypts: Vec<KeyId>,
    /// The encrypted key.
    pub wrapped: Vec<u8>,
}

/// The document keys of a recipient, decrypted, each with the content keys that it encrypts.
pub(super) struct UnwrappedKeys<'d>(Vec<(&'d [KeyId], DocumentKeys)>);

impl UnwrappedKeys<'_> {
    /// The keys under which the content key of that KID is encrypted: those that name it, or those that name none.
    pub(super) fn of(&self, kid: KeyId) -> Option<&DocumentKeys> {
        let own = self.0.iter().find(|(kids, _)| kids.contains(&kid));
        let common = || self.0.iter().find(|(kids, _)| kids.is_empty());
        own.or_else(common).map(|(_, keys)| keys)
    }
}

impl Delivery {
    /// A recipient who asks for keys.
    pub fn request(certificate: Vec<u8>) -> Self {
        Self {
            certificate,
            ..Self::default()
        }
    }

    /// A recipient to whom the keys of a document are encrypted.
    pub(super) fn wrap(recipient: &dyn WrapKey, keys: &DocumentKeys) -> Result<Self, Error> {
        let document_key = WrappedKey {
            id: None,
            encrypts: Vec::new(),
            wrapped: recipient.wrap(&keys.document_key)?,
        };
        let mac_key = keys.mac_key.as_ref();
        Ok(Self {
            document_keys: vec![document_key],
            mac_key: mac_key.map(|key| recipient.wrap(key)).transpose()?,
            ..Self::request(recipient.certificate().to_vec())
        })
    }

    /// The document keys, each with the content keys that it encrypts.
    pub(super) fn unwrap(&self, private: &dyn UnwrapKey) -> Result<UnwrappedKeys<'_>, Error> {
        let mac_key = self.mac_key.as_ref();
        let mac_key = mac_key.map(|key| private.unwrap_key(key)).transpose()?;
        let keys = self.document_keys.iter().map(|key| {
            let keys = DocumentKeys {
                document_key: private.unwrap_key(&key.wrapped)?,
                mac_key: mac_key.clone(),
            };
            Ok((key.encrypts.as_slice(), keys))
        });
        keys.collect::<Result<_, _>>().map(UnwrappedKeys)
    }

    pub(super) fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        let text = |name| element.child(Namespace::Cpix, name).map(|e| e.text());
        let document_keys = element.all(Namespace::Cpix, "DocumentKey");
        let mac_method = element.child(Namespace::Cpix, "MACMethod");
        Ok(Self {
            id: element.owned_attribute("id"),
            name: element.owned_attribute("name"),
            certificate: read_certificate(element)?,
            document_keys: document_keys
                .map(WrappedKey::read)
                .collect::<Result<_, _>>()?,
            mac_key: mac_method.map(read_mac_key).transpose()?,
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

    /// The elements DocumentKey and MACMethod by themselves with the namespaces that they need, to stand behind the DeliveryKey of
    /// a document that somebody else wrote.
    ///
    /// # Errors
    /// [`Error::NotInVersion`] for what the version cannot say.
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
        let keys = self.document_keys.iter();
        keys.for_each(|key| key.write(xml, version, attributes()));
        if let Some(mac_key) = &self.mac_key {
            let method = attributes().with("Algorithm", HMAC_SHA512);
            xml.element("MACMethod", method, |xml| {
                write_encrypted(xml, (Namespace::Pskc, "MACKey"), RSA_OAEP, mac_key);
            });
        }
    }

    fn write_certificate(&self, xml: &mut XmlWriter) {
        xml.element("DeliveryKey", Attributes::default(), |xml| {
            let data = (Namespace::Signature, "X509Data");
            xml.element_of(data, Attributes::default(), |xml| {
                let name = (Namespace::Signature, "X509Certificate");
                xml.element_of(name, Attributes::default(), |xml| {
                    xml.base64(&self.certificate);
                });
            });
        });
    }
}

impl WrappedKey {
    fn read(element: Element<'_, '_>) -> Result<Self, Error> {
        check_algorithm(element, "DocumentKey", RSA_OAEP)?;
        let name = "encryptsKey";
        let expected = "a list of KIDs";
        let kids = element.attribute(name).unwrap_or_default();
        let kids = kids.split_whitespace().map(str::parse);
        Ok(Self {
            id: element.owned_attribute("id"),
            encrypts: kids
                .collect::<Result<_, _>>()
                .map_err(|_| Error::BadValue { name, expected })?,
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
            // The text of 2.4 speaks of a list, its schema of one UUID.
            [..] => version.refuse(xml, "DocumentKey@encryptsKey of several keys"),
        }
        if version != Version::V2_4 {
            attributes = attributes.with("Algorithm", AES_256_CBC);
        }
        xml.element("DocumentKey", attributes, |xml| {
            xml.element("Data", Attributes::default(), |xml| {
                let secret = (Namespace::Pskc, "Secret");
                xml.element_of(secret, Attributes::default(), |xml| {
                    let name = (Namespace::Pskc, "EncryptedValue");
                    write_encrypted(xml, name, RSA_OAEP, &self.wrapped);
                });
            });
        });
    }
}

fn read_certificate(element: Element<'_, '_>) -> Result<Vec<u8>, Error> {
    let missing = "X509Certificate";
    let key = element.child(Namespace::Cpix, "DeliveryKey");
    let certificate = key.and_then(|key| key.descendant(Namespace::Signature, missing));
    let element = "DeliveryKey";
    certificate
        .ok_or(Error::Missing { element, missing })?
        .public_bytes(missing)
}

/// In any of the three shapes of the field: pskc:MACKey, cpix:Key, or cpix:Key around pskc:EncryptedValue.
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
