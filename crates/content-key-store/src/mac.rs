// SPDX-License-Identifier: MPL-2.0
//! HMAC-SHA-256 (RFC 2104) under the store's own keys, for the audit's chain and for fingerprints that find equal keys.
//!
//! A fingerprint shows only that two keys of one store are equal. A plain hash would let a reader of the database test guesses at
//! weak keys, and find the keys that two stores share.

use hmac::{Hmac, KeyInit, Mac};
use host_access::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Error;

/// A key for HMAC, wiped on drop.
pub(super) struct MacKey(Zeroizing<[u8; 32]>);

impl MacKey {
    pub(super) fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: &[u8; 32] = bytes
            .try_into()
            .map_err(|_| Error::Damaged("a key of the store has another length"))?;
        Ok(Self::from_array(bytes))
    }

    pub(super) fn from_array(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the MAC of a list of fields, each with its length before it, so that no two lists have the same bytes.
    pub(super) fn mac(&self, fields: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.as_bytes()).expect("HMAC takes keys of any length");
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac.finalize().into_bytes().into()
    }

    /// Returns the fingerprint of a secret of some kind.
    pub(super) fn fingerprint(&self, kind: &str, secret: &[u8]) -> [u8; 16] {
        *self
            .mac(&[kind.as_bytes(), secret])
            .first_chunk()
            .expect("16 of 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use cenc_types::decode_hex;

    use super::*;

    // By Python: hmac.new(b'\x0b' * 32, bytes(7) + b'\2' + b'Hi' + bytes(7) + b'\5' + b'There', 'sha256').
    #[test]
    fn fields_are_framed_by_their_lengths() {
        let key = MacKey::from_bytes(&[0x0b; 32]).unwrap();
        let expected = decode_hex(HI_THERE).unwrap();
        assert_eq!(key.mac(&[b"Hi", b"There"]).as_slice(), expected.as_slice());
        assert_ne!(key.mac(&[b"HiT", b"here"]), key.mac(&[b"Hi", b"There"]));
    }

    const HI_THERE: &str = "66e428cd536597bf9f72b4a149d781414a7d8b6b054da8352b6563e78a87590c";
}
