// SPDX-License-Identifier: MPL-2.0
//! The content keys of a decryptor, by KID.

use std::collections::HashMap;

use super::SampleDecryptor;
use cenc_types::{ContentKey, KeyId};

/// The error of a KID without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key for KID {0}: give it by key-uri, or by key-id with key")]
pub struct MissingKey(pub KeyId);

/// Decryptors by KID.
#[derive(Default)]
pub struct KnownKeys(HashMap<KeyId, SampleDecryptor>);

impl KnownKeys {
    /// Returns the decryptor for samples under `kid`.
    ///
    /// # Errors
    /// [`MissingKey`]
    pub fn get(&self, kid: KeyId) -> Result<&SampleDecryptor, MissingKey> {
        self.0.get(&kid).ok_or(MissingKey(kid))
    }
}

impl<'k> FromIterator<(KeyId, &'k ContentKey)> for KnownKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, &'k ContentKey)>>(keys: I) -> Self {
        Self(
            keys.into_iter()
                .map(|(kid, key)| (kid, SampleDecryptor::new(key)))
                .collect(),
        )
    }
}
