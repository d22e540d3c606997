// SPDX-License-Identifier: MPL-2.0
//! PlayReady's key seed: content keys derived from a secret and the KID, by Microsoft's Key Seed page.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use cenc_types::{ContentKey, KeyId, decode_secret};

use super::{Error, guid};

/// The used bytes of a seed; further bytes are ignored.
const SEED_LEN: usize = 30;

/// The seed that Microsoft's public test server uses and publishes.
const PUBLIC_TEST_SEED: [u8; SEED_LEN] = [
    0x5d, 0x50, 0x68, 0xbe, 0xc9, 0xb3, 0x84, 0xff, 0x60, 0x44, 0x86, 0x71, 0x59, 0xf1, 0x6d, 0x6b,
    0x75, 0x55, 0x44, 0xfc, 0xd5, 0x11, 0x69, 0x89, 0xb1, 0xac, 0xc4, 0x27, 0x8e, 0x88,
];

/// A key seed of 30 bytes. It is wiped when dropped and cannot be printed, cloned or compared.
pub struct KeySeed(Zeroizing<[u8; SEED_LEN]>);

impl KeySeed {
    /// Uses the first 30 bytes.
    ///
    /// # Errors
    /// [`Error::ShortKeySeed`] if there are fewer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        bytes
            .first_chunk()
            .map(|seed| Self(Zeroizing::new(*seed)))
            .ok_or(Error::ShortKeySeed { len: bytes.len() })
    }

    /// Reads a seed in hex or base64.
    ///
    /// # Errors
    /// [`Error::BadKeySeed`] or [`Error::ShortKeySeed`]; the text is not repeated in the error.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::from_bytes(&decode_secret(text).ok_or(Error::BadKeySeed)?)
    }

    /// Returns the seed's 30 bytes. Copy them only into memory that is wiped.
    pub fn as_bytes(&self) -> &[u8; 30] {
        &self.0
    }

    /// Derives the content key of a KID.
    pub fn content_key(&self, kid: &KeyId) -> ContentKey {
        let seed = self.0.as_slice();
        let guid = guid::to_guid_bytes(kid);
        let parts = [seed, guid.as_slice(), seed, guid.as_slice()];
        let mut key = Zeroizing::new([0; 16]);
        // The page's A, B and C: SHA-256 over the first two, three and all four parts.
        for count in 2..=parts.len() {
            fold(&mut key, parts.iter().take(count));
        }
        ContentKey::from_bytes(key)
    }

    /// Returns true for the seed of Microsoft's public test server, which protects nothing. Warn users of it.
    pub fn is_public_test_seed(&self) -> bool {
        *self.0 == PUBLIC_TEST_SEED
    }
}

/// Adds both halves of the parts' SHA-256 to the key.
fn fold<'a>(key: &mut [u8; 16], parts: impl Iterator<Item = &'a &'a [u8]>) {
    let mut hasher = Sha256::new();
    parts.for_each(|part| hasher.update(part));
    let mut digest = Zeroizing::new([0; 32]);
    hasher.finalize_into((&mut *digest).into());
    let (low, high) = digest.split_at(16);
    for ((byte, low), high) in key.iter_mut().zip(low).zip(high) {
        *byte ^= low ^ high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST_SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";

    // Microsoft's operator page shows this key for this KID and seed.
    #[test]
    fn content_key_is_the_published_one() {
        let seed = KeySeed::parse(TEST_SEED).unwrap();
        let kid = "bd3c3069-fbcc-4862-9595-64a4d3e1afba".parse().unwrap();
        let published = ContentKey::parse("PRasCFTVWww5r0MzGt/uUA==").unwrap();
        assert_eq!(seed.content_key(&kid).as_bytes(), published.as_bytes());
    }

    #[test]
    fn bytes_after_the_thirtieth_do_not_count() {
        let mut long = PUBLIC_TEST_SEED.to_vec();
        long.extend([1, 2, 3]);
        let seed = KeySeed::from_bytes(&long).unwrap();
        assert!(seed.is_public_test_seed());
    }

    #[test]
    fn public_test_seed_is_told_from_others() {
        assert!(KeySeed::parse(TEST_SEED).unwrap().is_public_test_seed());
        assert!(!KeySeed::from_bytes(&[7; 30]).unwrap().is_public_test_seed());
    }

    #[test]
    fn short_and_malformed_seeds_are_refused() {
        let short = Some(Error::ShortKeySeed { len: 29 });
        assert_eq!(KeySeed::from_bytes(&[0; 29]).err(), short);
        assert_eq!(KeySeed::parse("***").err(), Some(Error::BadKeySeed));
    }
}
