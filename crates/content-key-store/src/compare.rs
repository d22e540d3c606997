// SPDX-License-Identifier: MPL-2.0
//! Facts about keys that do not reveal them: equality, and the checksum in a PlayReady Header.

use cenc_types::{CipherMode, ContentKey, KeyId};
use playready_header::header::HeaderKeyId;

use super::content_key::{KIND, load};
use super::transaction::Transaction;
use super::{Error, KeyStore, seed};

impl KeyStore {
    /// Returns the KIDs of a key, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn kids_with(&self, key: &ContentKey) -> Result<Vec<KeyId>, Error> {
        let nobody = KeyId::from_bytes([0; 16]);
        self.read(|transaction| others_with(transaction, &nobody, key))
    }

    /// Returns a KID as a PlayReady Header lists it, with the checksum of a key of counter mode.
    ///
    /// # Errors
    /// [`Error::NoKey`].
    pub fn header_key_id(&self, kid: &KeyId) -> Result<HeaderKeyId<8>, Error> {
        let stored = self.read(|transaction| load(transaction, kid))?;
        let key = Some(&stored.key).filter(|_| stored.info.mode == CipherMode::Ctr);
        Ok(HeaderKeyId::aes_ctr(*kid, key))
    }

    /// Returns the same for the key that a seed gives, which need not be in the store.
    ///
    /// # Errors
    /// [`Error::NoSeed`].
    pub fn header_key_id_of_seed(&self, seed: &str, kid: &KeyId) -> Result<HeaderKeyId<8>, Error> {
        let seed = self.read(|transaction| seed::load(transaction, seed))?;
        Ok(HeaderKeyId::aes_ctr(*kid, Some(&seed.content_key(kid))))
    }
}

/// Returns the other KIDs than `kid` that have the key, the oldest first.
pub(super) fn others_with(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
    key: &ContentKey,
) -> Result<Vec<KeyId>, Error> {
    let fingerprint = transaction.secrets.fingerprint(KIND, key.as_bytes());
    transaction
        .run(
            "SELECT kid FROM content_key WHERE fingerprint = $1 AND kid <> $2 ORDER BY created",
            &[fingerprint.as_slice().into(), kid.into()],
        )?
        .into_iter()
        .map(|mut row| row.key_id())
        .collect()
}
