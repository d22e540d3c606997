// SPDX-License-Identifier: MPL-2.0
//! Content keys encrypted with a document key: AES-256-CBC with PKCS #7 padding, and HMAC-SHA512 over IV and ciphertext. CPIX 2.4,
//! "Mandatory algorithms".

use aes::Aes256;
use cbc::{Decryptor, Encryptor};
use cipher::block_padding::Pkcs7;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use host_access::Random;
use sha2::Sha512;
use zeroize::Zeroizing;

use cenc_types::KeyId;

use super::Error;
use super::content_key::clear;
use super::xml::{Attributes, Element, Namespace, XmlWriter};

const AES_256_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";

/// A content key that only the document's recipients can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedKey {
    /// The IV of 16 bytes, then the encrypted key with its padding.
    pub cipher_value: Vec<u8>,
    /// The MAC of the cipher value.
    pub mac: Option<Vec<u8>>,
}

/// The two keys that all recipients of a document share.
pub(super) struct DocumentKeys {
    /// The AES key, of 32 bytes.
    pub(super) document_key: Zeroizing<Vec<u8>>,
    /// The HMAC key, of 64 bytes in documents that are written. Without it nothing is decrypted.
    pub(super) mac_key: Option<Zeroizing<Vec<u8>>>,
}

impl DocumentKeys {
    /// Generates random keys.
    pub(super) fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut document_key = Zeroizing::new(vec![0; 32]);
        let mut mac_key = Zeroizing::new(vec![0; 64]);
        random.fill(&mut document_key)?;
        random.fill(&mut mac_key)?;
        Ok(Self {
            document_key,
            mac_key: Some(mac_key),
        })
    }

    pub(super) fn encrypt(
        &self,
        key: &cenc_types::ContentKey,
        kid: KeyId,
        random: &dyn Random,
    ) -> Result<EncryptedKey, Error> {
        let mut iv = [0; 16];
        random.fill(&mut iv)?;
        let encrypted = Encryptor::<Aes256>::new_from_slices(&self.document_key, &iv)
            .map_err(|_| Error::Unwrap)?
            .encrypt_padded_vec::<Pkcs7>(key.as_bytes());
        let cipher_value = [iv.as_slice(), encrypted.as_slice()].concat();
        Ok(EncryptedKey {
            mac: Some(
                self.mac(&cipher_value, kid)?
                    .finalize()
                    .into_bytes()
                    .to_vec(),
            ),
            cipher_value,
        })
    }

    /// Checks the MAC before anything is decrypted.
    pub(super) fn decrypt(
        &self,
        value: &EncryptedKey,
        kid: KeyId,
    ) -> Result<cenc_types::ContentKey, Error> {
        let mac = value.mac.as_ref().ok_or(Error::NoMac(kid))?;
        // The time of this comparison does not depend on the values.
        self.mac(&value.cipher_value, kid)?
            .verify_slice(mac)
            .map_err(|_| Error::BadMac(kid))?;
        let (iv, encrypted) = value
            .cipher_value
            .split_first_chunk::<16>()
            .ok_or(Error::BadCiphertext(kid))?;
        let mut bytes = Zeroizing::new(encrypted.to_vec());
        let key = Decryptor::<Aes256>::new_from_slices(&self.document_key, iv)
            .map_err(|_| Error::Unwrap)?
            .decrypt_padded::<Pkcs7>(&mut bytes)
            .map_err(|_| Error::BadCiphertext(kid))?;
        clear(key, kid)
    }

    fn mac(&self, cipher_value: &[u8], kid: KeyId) -> Result<Hmac<Sha512>, Error> {
        let mac_key = self.mac_key.as_ref().ok_or(Error::NoMac(kid))?;
        let mut mac =
            <Hmac<Sha512> as KeyInit>::new_from_slice(mac_key).map_err(|_| Error::Unwrap)?;
        mac.update(cipher_value);
        Ok(mac)
    }
}

impl EncryptedKey {
    /// Reads the content of a pskc:Secret, if it is encrypted.
    pub(super) fn read(secret: Element<'_, '_>) -> Result<Option<Self>, Error> {
        let Some(value) = secret.child(Namespace::Pskc, "EncryptedValue") else {
            return Ok(None);
        };
        check_algorithm(value, "EncryptedValue", AES_256_CBC)?;
        Ok(Some(Self {
            cipher_value: cipher_value(value, "EncryptedValue")?,
            mac: secret
                .child(Namespace::Pskc, "ValueMAC")
                .map(|mac| mac.public_bytes("ValueMAC"))
                .transpose()?,
        }))
    }

    pub(super) fn write(&self, xml: &mut XmlWriter) {
        write_encrypted(xml, "EncryptedValue", AES_256_CBC, &self.cipher_value);
        if let Some(mac) = &self.mac {
            xml.element_of(Namespace::Pskc, "ValueMAC", Attributes::default(), |xml| {
                xml.base64(mac);
            });
        }
    }
}

/// Reads the first CipherValue in an element, at any depth.
pub(super) fn cipher_value(
    parent: Element<'_, '_>,
    element: &'static str,
) -> Result<Vec<u8>, Error> {
    parent
        .descendant(Namespace::Encryption, "CipherValue")
        .ok_or(Error::Missing {
            element,
            missing: "CipherValue",
        })?
        .public_bytes("CipherValue")
}

/// Refuses any EncryptionMethod but `known`. An element without one means `known`.
pub(super) fn check_algorithm(
    parent: Element<'_, '_>,
    element: &'static str,
    known: &'static str,
) -> Result<(), Error> {
    if parent
        .descendant(Namespace::Encryption, "EncryptionMethod")
        .and_then(|method| method.attribute("Algorithm"))
        .is_some_and(|named| named != known)
    {
        return Err(Error::UnknownAlgorithm { element, known });
    }
    Ok(())
}

/// Writes an element of PSKC with the type xenc:EncryptedDataType.
pub(super) fn write_encrypted(
    xml: &mut XmlWriter,
    name: &'static str,
    algorithm: &'static str,
    value: &[u8],
) {
    xml.element_of(Namespace::Pskc, name, Attributes::default(), |xml| {
        xml.element_of(
            Namespace::Encryption,
            "EncryptionMethod",
            Attributes::default().with("Algorithm", algorithm),
            |_| (),
        );
        xml.element_of(
            Namespace::Encryption,
            "CipherData",
            Attributes::default(),
            |xml| {
                xml.element_of(
                    Namespace::Encryption,
                    "CipherValue",
                    Attributes::default(),
                    |xml| xml.base64(value),
                );
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use host_access::SystemRandom;

    use super::*;
    use crate::{ContentKey, Document, UnwrapKey, Version, WrapKey};

    /// Replaces RSA in these tests: the wrapped secret is the secret in reverse order.
    struct Reversed(&'static [u8]);

    impl WrapKey for Reversed {
        fn certificate(&self) -> &[u8] {
            self.0
        }

        fn wrap(&self, secret: &[u8]) -> Result<Vec<u8>, Error> {
            Ok(secret.iter().rev().copied().collect())
        }
    }

    impl UnwrapKey for Reversed {
        fn is_of(&self, certificate: &[u8]) -> bool {
            certificate == self.0
        }

        fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
            Ok(Zeroizing::new(wrapped.iter().rev().copied().collect()))
        }
    }

    const KID: KeyId = KeyId::from_bytes([1; 16]);

    fn encrypted() -> Document {
        let key = cenc_types::ContentKey::from_bytes(Zeroizing::new([7; 16]));
        let key = ContentKey::new(KID, key, cenc_types::Scheme::Cenc);
        let mut document = Document::default();
        document.content_keys.push(key);
        document
            .encrypt_to(&[&Reversed(b"a"), &Reversed(b"b")], &SystemRandom)
            .unwrap();
        document
    }

    /// Decrypts the document after `change` as the second recipient.
    fn decrypted_after(change: impl FnOnce(&mut Document)) -> Result<Document, Error> {
        let xml = encrypted().to_xml(Version::V2_4).unwrap();
        let mut document = Document::from_bytes(xml.as_bytes()).unwrap();
        change(&mut document);
        document.decrypt(&Reversed(b"b"))?;
        Ok(document)
    }

    fn value(document: &mut Document) -> &mut EncryptedKey {
        match &mut document.content_keys[0].data {
            crate::KeyData::Encrypted(value) => value,
            _ => panic!("it is encrypted"),
        }
    }

    #[test]
    fn each_recipient_gets_the_key() {
        let document = decrypted_after(|_| ()).unwrap();
        assert_eq!(document.content_keys[0].key().unwrap().as_bytes(), &[7; 16]);
        assert_eq!(
            encrypted().content_keys[0].key().err(),
            Some(Error::StillEncrypted(KID))
        );
        assert_eq!(
            encrypted().decrypt(&Reversed(b"c")),
            Err(Error::NotARecipient)
        );
    }

    #[test]
    fn changed_values_are_found_before_they_are_decrypted() {
        let error = |change: fn(&mut Document)| decrypted_after(change).err();
        let wrong = Some(Error::BadMac(KID));
        assert_eq!(error(|d| value(d).cipher_value[0] ^= 1), wrong);
        assert_eq!(error(|d| value(d).cipher_value.truncate(47)), wrong);
        assert_eq!(error(|d| value(d).mac.as_mut().unwrap()[63] ^= 1), wrong);
        assert_eq!(
            error(|d| value(d).mac.as_mut().unwrap().truncate(32)),
            wrong
        );
        assert_eq!(error(|d| value(d).mac = Some(vec![])), wrong);
        assert_eq!(error(|d| value(d).mac = None), Some(Error::NoMac(KID)));
        assert_eq!(
            error(|d| d.deliveries[1].mac_key = None),
            Some(Error::NoMac(KID))
        );
        assert_eq!(
            error(|d| d.deliveries[1].document_keys.clear()),
            Some(Error::NotARecipient)
        );
    }

    #[test]
    fn values_of_other_forms_are_refused() {
        // Under one of 256 random keys, zeros would decrypt to bytes that end like padding.
        let keys = DocumentKeys {
            document_key: Zeroizing::new(vec![1; 32]),
            ..DocumentKeys::generate(&SystemRandom).unwrap()
        };
        let with_mac = |cipher_value: &[u8]| EncryptedKey {
            cipher_value: cipher_value.to_vec(),
            mac: Some(
                keys.mac(cipher_value, KID)
                    .unwrap()
                    .finalize()
                    .into_bytes()
                    .to_vec(),
            ),
        };
        for len in [0, 15, 16, 17, 32, 48] {
            let decrypted = keys.decrypt(&with_mac(&vec![0; len]), KID);
            assert_eq!(decrypted.err(), Some(Error::BadCiphertext(KID)), "{len}");
        }
        let short = DocumentKeys {
            document_key: Zeroizing::new(vec![0; 16]),
            mac_key: keys.mac_key.clone(),
        };
        assert_eq!(
            short.decrypt(&with_mac(&[0; 48]), KID).err(),
            Some(Error::Unwrap)
        );
    }
}
