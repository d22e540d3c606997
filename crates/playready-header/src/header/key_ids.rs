// SPDX-License-Identifier: MPL-2.0
//! The KIDs of a header: one algorithm for all, and a checksum only where that algorithm has one.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use cenc_types::{CipherMode, ContentKey, KeyId};

use crate::{Error, checksum, guid};

/// The KIDs of a header with their ALGID. Without a KID the algorithm has no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyIds {
    /// AESCTR, with a checksum of 8 bytes.
    AesCtr(Vec<HeaderKeyId<8>>),
    /// AESCBC, which never has a checksum.
    AesCbc(Vec<KeyId>),
    /// COCKTAIL, the cipher of WMDRM, with a checksum of 7 bytes.
    Cocktail(Vec<HeaderKeyId<7>>),
    /// No ALGID: the header is for content in either cipher mode.
    NoAlgorithm(Vec<KeyId>),
}

/// A KID and the checksum of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderKeyId<const N: usize> {
    /// The KID.
    pub kid: KeyId,
    /// CHECKSUM; None if the key is unknown.
    pub checksum: Option<[u8; N]>,
}

impl HeaderKeyId<8> {
    /// Computes the AESCTR checksum of a key, and does not keep the key.
    pub fn aes_ctr(kid: KeyId, key: Option<&ContentKey>) -> Self {
        Self {
            kid,
            checksum: key.map(|key| checksum::aes_ctr(&kid, key)),
        }
    }
}

impl HeaderKeyId<7> {
    /// Computes the COCKTAIL checksum of a key of 7 bytes, and does not keep the key.
    ///
    /// # Errors
    /// [`Error::LongCocktailKey`].
    pub fn cocktail(kid: KeyId, key: Option<&[u8]>) -> Result<Self, Error> {
        Ok(Self {
            kid,
            checksum: key.map(checksum::cocktail).transpose()?,
        })
    }
}

/// The attributes of a KID that is written: ALGID, CHECKSUM and VALUE.
pub(super) struct KeyIdEntry {
    pub(super) algorithm: Option<&'static str>,
    pub(super) checksum: Option<String>,
    pub(super) value: String,
}

impl Default for KeyIds {
    fn default() -> Self {
        Self::AesCtr(Vec::new())
    }
}

impl KeyIds {
    /// Returns the KIDs of content in one cipher mode, with checksums if the mode has them.
    pub fn for_mode<'k, K>(mode: CipherMode, keys: K) -> Self
    where
        K: IntoIterator<Item = (KeyId, Option<&'k ContentKey>)>,
    {
        let keys = keys.into_iter();
        match mode {
            CipherMode::Ctr => Self::AesCtr(
                keys.map(|(kid, key)| HeaderKeyId::aes_ctr(kid, key))
                    .collect(),
            ),
            CipherMode::Cbc => Self::AesCbc(keys.map(|(kid, _)| kid).collect()),
        }
    }

    /// Returns the number of KIDs.
    pub fn len(&self) -> usize {
        self.key_ids().count()
    }

    /// Returns true if there is no KID.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the KIDs in the order of the header.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        let (ctr, cocktail, bare) = match self {
            Self::AesCtr(keys) => (keys.as_slice(), [].as_slice(), [].as_slice()),
            Self::Cocktail(keys) => ([].as_slice(), keys.as_slice(), [].as_slice()),
            Self::AesCbc(kids) | Self::NoAlgorithm(kids) => {
                ([].as_slice(), [].as_slice(), kids.as_slice())
            }
        };
        ctr.iter()
            .map(|key| key.kid)
            .chain(cocktail.iter().map(|key| key.kid))
            .chain(bare.iter().copied())
    }

    /// Moves the KID at an index to the front.
    pub(crate) fn moved_to_front(mut self, index: usize) -> Self {
        fn rotate<T>(keys: &mut [T], index: usize) {
            if let Some(front) = keys.get_mut(..=index) {
                front.rotate_right(1);
            }
        }
        match &mut self {
            Self::AesCtr(keys) => rotate(keys, index),
            Self::Cocktail(keys) => rotate(keys, index),
            Self::AesCbc(kids) | Self::NoAlgorithm(kids) => rotate(kids, index),
        }
        self
    }

    /// Refuses the nil KID and repeated KIDs.
    pub(super) fn check(&self) -> Result<(), Error> {
        let mut seen = HashSet::new();
        for kid in self.key_ids() {
            if kid.is_nil() {
                return Err(Error::NilKeyId);
            }
            if !seen.insert(kid) {
                return Err(Error::DuplicateKeyId(kid));
            }
        }
        Ok(())
    }

    /// Returns KEYLEN of version 4.0, in bytes.
    pub(super) const fn key_len(&self) -> &'static str {
        match self {
            Self::Cocktail(_) => "7",
            Self::AesCtr(_) | Self::AesCbc(_) | Self::NoAlgorithm(_) => "16",
        }
    }

    pub(super) fn entries(&self) -> Vec<KeyIdEntry> {
        match self {
            Self::AesCtr(keys) => keys.iter().map(|key| key.entry("AESCTR")).collect(),
            Self::Cocktail(keys) => keys.iter().map(|key| key.entry("COCKTAIL")).collect(),
            Self::AesCbc(kids) => kids.iter().map(|kid| bare(kid, Some("AESCBC"))).collect(),
            Self::NoAlgorithm(kids) => kids.iter().map(|kid| bare(kid, None)).collect(),
        }
    }
}

impl<const N: usize> HeaderKeyId<N> {
    fn entry(&self, algorithm: &'static str) -> KeyIdEntry {
        KeyIdEntry {
            checksum: self.checksum.map(|checksum| STANDARD.encode(checksum)),
            ..bare(&self.kid, Some(algorithm))
        }
    }
}

fn bare(kid: &KeyId, algorithm: Option<&'static str>) -> KeyIdEntry {
    KeyIdEntry {
        algorithm,
        checksum: None,
        value: guid::to_base64(kid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nil_and_repeated_key_ids_are_refused() {
        let kid = KeyId::from_bytes([1; 16]);
        let nil = KeyId::from_bytes([0; 16]);
        assert_eq!(KeyIds::AesCbc(vec![nil]).check(), Err(Error::NilKeyId));
        assert_eq!(
            KeyIds::AesCbc(vec![kid, kid]).check(),
            Err(Error::DuplicateKeyId(kid))
        );
    }

    #[test]
    fn only_counter_mode_gets_checksums() {
        let kid = KeyId::from_bytes([1; 16]);
        let key = ContentKey::parse("00112233445566778899aabbccddeeff").unwrap();
        let ctr = KeyIds::for_mode(CipherMode::Ctr, [(kid, Some(&key))]);
        assert!(ctr.entries().iter().all(|entry| entry.checksum.is_some()));
        let cbc = KeyIds::for_mode(CipherMode::Cbc, [(kid, Some(&key))]);
        assert_eq!(cbc, KeyIds::AesCbc(vec![kid]));
        assert!(cbc.entries().iter().all(|entry| entry.checksum.is_none()));
    }
}
