// SPDX-License-Identifier: MPL-2.0
//! Wraps secrets by AES-256-GCM (NIST SP 800-38D) under the master key, and that under a key-encryption key. A wrapped secret is a nonce of 12 random bytes, the
//! ciphertext, and a tag of 16 bytes. The associated data identifies the secret, so that it cannot be moved to another row.

use aes_gcm::aead::KeyInit;
use aes_gcm::{AeadInOut, Aes256Gcm, Nonce};
use cenc_types::{CipherMode, ContentKey, KeyId};
use host_access::Random;
use zeroize::Zeroizing;

use super::Error;
use super::model::mode_name;

/// Bytes of a nonce. Random ones are safe for 2^32 secrets under one wrapping key.
const NONCE_LEN: usize = 12;
/// Bytes of a tag.
const TAG_LEN: usize = 16;

/// The identity of a wrapped secret.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// A content key.
    ContentKey(&'a KeyId, CipherMode),
    /// The leaf licence of a content key, with the KID of its root key.
    LeafLicence {
        /// The content key.
        kid: &'a KeyId,
        /// The root key.
        root_kid: &'a KeyId,
    },
    /// A key seed, by its name.
    Seed(&'a str),
    /// The credentials for a target, by its name.
    Target(&'a str),
    /// One of the store's own keys, by its name.
    Secret(&'a str),
    /// The key that wraps all others.
    MasterKey,
}

impl Subject<'_> {
    fn associated_data(&self) -> Vec<u8> {
        match self {
            Self::ContentKey(kid, mode) => [
                b"gstplayready content key 1\0",
                kid.as_bytes().as_slice(),
                mode_name(*mode).as_bytes(),
            ]
            .concat(),
            Self::LeafLicence { kid, root_kid } => [
                b"gstplayready leaf licence 1\0".as_slice(),
                kid.as_bytes(),
                root_kid.as_bytes(),
            ]
            .concat(),
            Self::Seed(name) => [b"gstplayready key seed 1\0", name.as_bytes()].concat(),
            Self::Target(name) => [b"gstplayready target 1\0".as_slice(), name.as_bytes()].concat(),
            Self::Secret(name) => [b"gstplayready store key 1\0", name.as_bytes()].concat(),
            Self::MasterKey => b"gstplayready master key 1\0".to_vec(),
        }
    }

    fn tampered(&self) -> Error {
        Error::Tampered {
            what: match self {
                Self::ContentKey(kid, _) => format!("key of KID {kid}"),
                Self::LeafLicence { kid, .. } => format!("leaf licence of KID {kid}"),
                Self::Seed(name) => format!("key seed '{name}'"),
                Self::Target(name) => format!("credentials for target '{name}'"),
                Self::Secret(name) => format!("key for {name}"),
                Self::MasterKey => "master key".to_owned(),
            },
        }
    }
}

/// AES-256-GCM with one wrapping key; the key schedule is wiped on drop.
pub(super) struct Wrapper(Aes256Gcm);

impl Wrapper {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    pub(super) fn wrap(
        &self,
        subject: Subject<'_>,
        secret: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        // Reserves the whole length, so that growing leaves no copy of the clear bytes in memory.
        let mut sealed = Zeroizing::new(Vec::with_capacity(secret.len() + TAG_LEN));
        sealed.extend_from_slice(secret);
        self.0
            .encrypt_in_place(
                &Nonce::from(nonce),
                &subject.associated_data(),
                &mut *sealed,
            )
            .expect("a short secret fits into a message of 64 GiB");
        Ok([nonce.as_slice(), sealed.as_slice()].concat())
    }

    pub(super) fn unwrap(
        &self,
        subject: Subject<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.open(&subject.associated_data(), wrapped)
            .ok_or_else(|| subject.tampered())
    }

    fn open(&self, associated: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = Zeroizing::new(sealed.to_vec());
        self.0
            .decrypt_in_place(&Nonce::from(*nonce), associated, &mut *opened)
            .ok()?;
        Some(opened)
    }
}

/// Makes a content key of unwrapped bytes.
pub(super) fn content_key(bytes: &[u8]) -> Result<ContentKey, Error> {
    bytes
        .try_into()
        .map(ContentKey::copy_of)
        .map_err(|_| Error::Damaged("a content key has another length"))
}

#[cfg(test)]
mod tests {
    use cenc_types::decode_hex;
    use host_access::SystemRandom;

    use super::*;

    fn kid() -> KeyId {
        KeyId::from_bytes([7; 16])
    }

    // Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation": AES-256, 96-bit IV, associated data.
    #[test]
    fn published_vector_opens() {
        let key = decode_hex(&"feffe9928665731c6d6a8f9467308308".repeat(2)).unwrap();
        let wrapper = Wrapper::new(key.as_slice().try_into().unwrap());
        let associated = decode_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let wrapped = decode_hex(
            "cafebabefacedbaddecaf888\
             522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
             76fc6ece0f4e1768cddf8853bb2d551b",
        )
        .unwrap();
        let clear = decode_hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        assert_eq!(wrapper.open(&associated, &wrapped), clear);
    }

    #[test]
    fn wrapped_key_opens_only_where_it_belongs() {
        let wrapper = Wrapper::new(&[1; 32]);
        let (kid, other) = (kid(), KeyId::from_bytes([8; 16]));
        let subject = Subject::ContentKey(&kid, CipherMode::Ctr);
        let wrapped = wrapper.wrap(subject, &[5; 16], &SystemRandom).unwrap();
        assert_eq!(*wrapper.unwrap(subject, &wrapped).unwrap(), [5; 16]);
        for elsewhere in [
            Subject::ContentKey(&kid, CipherMode::Cbc),
            Subject::ContentKey(&other, CipherMode::Ctr),
            Subject::Seed("a"),
            Subject::Target("a"),
            Subject::Secret("a"),
            Subject::MasterKey,
        ] {
            assert!(wrapper.unwrap(elsewhere, &wrapped).is_err());
        }
        assert!(Wrapper::new(&[2; 32]).unwrap(subject, &wrapped).is_err());
    }

    #[test]
    fn changed_and_short_ones_are_refused() {
        let wrapper = Wrapper::new(&[1; 32]);
        let wrapped = wrapper
            .wrap(Subject::Seed("a"), &[5; 30], &SystemRandom)
            .unwrap();
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(wrapper.unwrap(Subject::Seed("a"), &changed).is_err());
            assert!(wrapper.unwrap(Subject::Seed("a"), &wrapped[..at]).is_err());
        }
    }

    #[test]
    fn nonces_differ() {
        let wrapper = Wrapper::new(&[1; 32]);
        let wrap = || {
            wrapper
                .wrap(Subject::Seed("a"), &[5; 30], &SystemRandom)
                .unwrap()
        };
        assert_ne!(wrap()[..NONCE_LEN], wrap()[..NONCE_LEN]);
    }
}
