// SPDX-License-Identifier: MPL-2.0
//! The content keys in hand, by KID: the one place where a decryptor looks for a key.

use std::collections::HashMap;

use super::SampleDecryptor;
use cenc_types::{ContentKey, KeyId};

/// The key of a KID is not in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key for KID {0}: give it by key-uri, or by key-id with key")]
pub struct MissingKey(pub KeyId);

/// Keys that are ready to decrypt.
#[derive(Default)]
pub struct KnownKeys(HashMap<KeyId, SampleDecryptor>);

impl KnownKeys {
    /// What decrypts samples under a KID.
    ///
    /// # Errors
    /// [`MissingKey`]
    pub fn get(&self, kid: KeyId) -> Result<&SampleDecryptor, MissingKey> {
        self.0.get(&kid).ok_or(MissingKey(kid))
    }
}

impl<'k> FromIterator<(KeyId, &'k ContentKey)> for KnownKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, &'k ContentKey)>>(keys: I) -> Self {
        let keys = keys.into_iter();
        let keys = keys.map(|(kid, key)| (kid, SampleDecryptor::new(key)));
        Self(keys.collect())
    }
}
