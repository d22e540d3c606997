// SPDX-License-Identifier: MPL-2.0
//! Recipients by RSA-OAEP (RFC 8017, 7.1) with MGF1 and SHA-1, the only algorithm that CPIX requires. Keys have 2048 to 4096 bits.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use webpki::EndEntityCert;
use zeroize::Zeroizing;

use super::{Error, UnwrapKey, WrapKey};

const SIZES: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The recommended least size of a key, in bits: CPIX 2.4, "Mandatory algorithms".
const RECOMMENDED: usize = 3072;

/// A recipient with an RSA certificate.
pub struct RsaRecipient {
    certificate: Vec<u8>,
    key: OaepPublicEncryptingKey,
}

/// A warning that a key is shorter than CPIX recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeakKey {
    /// Its size in bits.
    pub bits: usize,
}

/// A recipient's RSA key.
pub struct RsaPrivateKey {
    key: OaepPrivateDecryptingKey,
    public: Vec<u8>,
}

impl RsaRecipient {
    /// Reads an X.509 certificate of version 3, in DER. The caller must check that it is valid and trusted.
    ///
    /// # Errors
    /// [`Error::BadRecipient`].
    pub fn from_certificate(certificate: Vec<u8>) -> Result<Self, Error> {
        let public = public_key(&certificate).ok_or(Error::BadRecipient(
            "not an x.509 certificate of version 3 in der",
        ))?;
        let bad = Error::BadRecipient("the certificate's key is not rsa");
        let key = PublicEncryptingKey::from_der(&public).map_err(|_| bad.clone())?;
        check_size(key.key_size_bits())?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| bad)?;
        Ok(Self { certificate, key })
    }

    /// Returns a warning for the operator if the key is weak.
    pub fn weakness(&self) -> Option<WeakKey> {
        let bits = self.key.key_size_bits();
        (bits < RECOMMENDED).then_some(WeakKey { bits })
    }
}

impl WrapKey for RsaRecipient {
    fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn wrap(&self, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        let len = self
            .key
            .encrypt(&OAEP_SHA1_MGF1SHA1, secret, &mut wrapped, None)
            .map_err(|_| Error::Unwrap)?
            .len();
        wrapped.truncate(len);
        Ok(wrapped)
    }
}

impl RsaPrivateKey {
    /// Reads a PKCS #8 key, in DER.
    ///
    /// # Errors
    /// [`Error::BadRecipient`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let bad = Error::BadRecipient("not an rsa private key as pkcs #8 in der");
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| bad.clone())?;
        check_size(key.key_size_bits())?;
        Ok(Self {
            public: key
                .public_key()
                .as_der()
                .map_err(|_| bad.clone())?
                .as_ref()
                .to_vec(),
            key: OaepPrivateDecryptingKey::new(key).map_err(|_| bad)?,
        })
    }
}

impl UnwrapKey for RsaPrivateKey {
    fn is_of(&self, certificate: &[u8]) -> bool {
        public_key(certificate).is_some_and(|public| public == self.public)
    }

    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut plain = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let len = self
            .key
            .decrypt(&OAEP_SHA1_MGF1SHA1, wrapped, &mut plain, None)
            .map_err(|_| Error::Unwrap)?
            .len();
        plain.truncate(len);
        Ok(plain)
    }
}

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits;
        write!(
            f,
            "the recipient's rsa key has {bits} bits; cpix recommends {RECOMMENDED} or more"
        )
    }
}

/// Returns the SubjectPublicKeyInfo of a certificate, in DER.
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let der = certificate.into();
    let certificate = EndEntityCert::try_from(&der).ok()?;
    Some(certificate.subject_public_key_info().to_vec())
}

fn check_size(bits: usize) -> Result<(), Error> {
    if SIZES.contains(&bits) {
        return Ok(());
    }
    Err(Error::BadRecipient(
        "the rsa key must have 2048 to 4096 bits",
    ))
}
