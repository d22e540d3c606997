// SPDX-License-Identifier: MPL-2.0
//! The content keys of a decryptor, by KID.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::SampleDecryptor;
use cenc_types::{ContentKey, KeyId};

/// The most looked up keys that are kept. A stream with more looks them up again.
const MAX_FOUND: usize = 256;

/// The error of a KID without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key for KID {0}: give it by key-uri, by key-id with key, or by key-seed")]
pub struct MissingKey(pub KeyId);

/// Finds a key by its KID: derives it, or requests it. It may block.
pub type KeyLookup = Box<dyn Fn(KeyId) -> Option<ContentKey> + Send + Sync>;

/// Decryptors by KID: of given keys, or of keys that are looked up when a sample needs them.
#[derive(Default)]
pub struct KnownKeys {
    given: HashMap<KeyId, Arc<SampleDecryptor>>,
    lookup: Option<KeyLookup>,
    found: Mutex<HashMap<KeyId, Arc<SampleDecryptor>>>,
}

impl KnownKeys {
    /// Returns keys that `lookup` finds.
    #[must_use]
    pub fn looked_up(lookup: KeyLookup) -> Self {
        Self {
            lookup: Some(lookup),
            ..Self::default()
        }
    }

    /// Returns the decryptor for samples under `kid`, after a lookup if the key is not known yet.
    ///
    /// # Errors
    /// [`MissingKey`]
    pub fn get(&self, kid: KeyId) -> Result<Arc<SampleDecryptor>, MissingKey> {
        let known = self.given.get(&kid).cloned().or_else(|| self.found(kid));
        known.map_or_else(|| self.look_up(kid), Ok)
    }

    /// Returns the KID and the decryptor of the key, if exactly one key was given.
    pub fn only(&self) -> Option<(KeyId, Arc<SampleDecryptor>)> {
        let mut given = self.given.iter();
        let (kid, decryptor) = given.next()?;
        (given.next().is_none() && self.lookup.is_none()).then(|| (*kid, Arc::clone(decryptor)))
    }

    fn found(&self, kid: KeyId) -> Option<Arc<SampleDecryptor>> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(&kid).cloned()
    }

    /// Looks a key up, without a lock.
    fn look_up(&self, kid: KeyId) -> Result<Arc<SampleDecryptor>, MissingKey> {
        let key = self.lookup.as_ref().and_then(|lookup| lookup(kid));
        let decryptor = Arc::new(SampleDecryptor::new(&key.ok_or(MissingKey(kid))?));
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= MAX_FOUND {
            found.clear();
        }
        found.insert(kid, Arc::clone(&decryptor));
        Ok(decryptor)
    }
}

impl<'k> FromIterator<(KeyId, &'k ContentKey)> for KnownKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, &'k ContentKey)>>(keys: I) -> Self {
        let decryptor = |(kid, key)| (kid, Arc::new(SampleDecryptor::new(key)));
        Self {
            given: keys.into_iter().map(decryptor).collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn kid(number: u128) -> KeyId {
        KeyId::from_bytes(number.to_be_bytes())
    }

    #[test]
    fn a_key_is_looked_up_once_and_a_missing_one_each_time() {
        let lookups = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lookups);
        let keys = KnownKeys::looked_up(Box::new(move |wanted| {
            counted.fetch_add(1, Ordering::Relaxed);
            (wanted == kid(1)).then(|| ContentKey::from_bytes([7; 16].into()))
        }));
        for _ in 0..3 {
            assert!(keys.get(kid(1)).is_ok());
        }
        assert_eq!(lookups.load(Ordering::Relaxed), 1);
        for _ in 0..2 {
            assert_eq!(keys.get(kid(2)).err(), Some(MissingKey(kid(2))));
        }
        assert_eq!(lookups.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn only_one_given_key_is_the_key_of_samples_that_name_none() {
        let key = ContentKey::from_bytes([7; 16].into());
        let of = |numbers: &[u128]| -> KnownKeys {
            numbers.iter().map(|number| (kid(*number), &key)).collect()
        };
        let only = |keys: &KnownKeys| keys.only().map(|(kid, _)| kid);
        assert_eq!(only(&of(&[1])), Some(kid(1)));
        assert_eq!(only(&of(&[1, 2])), None);
        assert_eq!(only(&KnownKeys::looked_up(Box::new(|_| None))), None);
    }

    #[test]
    fn a_stream_of_ever_new_keys_keeps_few_of_them() {
        let keys = KnownKeys::looked_up(Box::new(|_| Some(ContentKey::from_bytes([7; 16].into()))));
        for number in 0..2000 {
            assert!(keys.get(kid(number)).is_ok());
            assert!(keys.found.lock().unwrap().len() <= MAX_FOUND);
        }
    }
}
