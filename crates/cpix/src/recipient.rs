// SPDX-License-Identifier: MPL-2.0
//! What encrypts and decrypts the document key: RSA, in a smart card, a key service or `RsaRecipient` of feature `recipients`.

use zeroize::Zeroizing;

use super::Error;

/// Someone to whom keys are encrypted.
pub trait WrapKey {
    /// The X.509 certificate, in DER.
    fn certificate(&self) -> &[u8];

    /// Encrypts at most 64 bytes by RSA-OAEP with MGF1 and SHA-1, the algorithm `rsa-oaep-mgf1p`.
    ///
    /// # Errors
    /// When the key cannot do that.
    fn wrap(&self, secret: &[u8]) -> Result<Vec<u8>, Error>;
}

/// The private key of a recipient.
pub trait UnwrapKey {
    /// Whether the X.509 certificate, in DER, belongs to the key.
    fn is_of(&self, certificate: &[u8]) -> bool;

    /// Decrypts what [`WrapKey::wrap`] encrypted.
    ///
    /// # Errors
    /// [`Error::Unwrap`] when it was encrypted to another key, or is damaged.
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;
}
