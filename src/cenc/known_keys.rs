// SPDX-License-Identifier: MPL-2.0
//! The content keys in hand, by KID: the one place where a decryptor looks for a key.

use std::collections::HashMap;

use super::{ContentKey, KeyId, SampleDecryptor};

/// Keys that are ready to decrypt.
#[derive(Default)]
pub struct KnownKeys(HashMap<KeyId, SampleDecryptor>);

impl KnownKeys {
    /// What decrypts samples under a KID; None: the key is not in hand.
    pub fn get(&self, kid: &KeyId) -> Option<&SampleDecryptor> {
        self.0.get(kid)
    }
}

impl<'k> FromIterator<(KeyId, &'k ContentKey)> for KnownKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, &'k ContentKey)>>(keys: I) -> Self {
        let keys = keys.into_iter();
        let keys = keys.map(|(kid, key)| (kid, SampleDecryptor::new(key)));
        Self(keys.collect())
    }
}
