// SPDX-License-Identifier: MPL-2.0
//! Encryption and decryption of the document key by RSA: in a smart card, a key service, or `RsaRecipient` of the feature `rsa`.

use zeroize::Zeroizing;

use super::Error;

/// A recipient to whom keys are encrypted.
pub trait WrapKey {
    /// Returns the X.509 certificate, in DER.
    fn certificate(&self) -> &[u8];

    /// Encrypts at most 64 bytes by RSA-OAEP with MGF1 and SHA-1, the algorithm `rsa-oaep-mgf1p`.
    ///
    /// # Errors
    /// If the key cannot encrypt it.
    fn wrap(&self, secret: &[u8]) -> Result<Vec<u8>, Error>;
}

/// The private key of a recipient.
pub trait UnwrapKey {
    /// Returns true if the X.509 certificate, in DER, belongs to the key.
    fn is_of(&self, certificate: &[u8]) -> bool;

    /// Decrypts the result of [`WrapKey::wrap`].
    ///
    /// # Errors
    /// [`Error::Unwrap`] if it was encrypted to another key, or is damaged.
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;
}
