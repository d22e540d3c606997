// SPDX-License-Identifier: MPL-2.0
//! Facts about keys that do not reveal them: equality, and the checksum in a PlayReady Header.

use cenc_types::{CipherMode, ContentKey, KeyId};
use playready_header::guid;
use playready_header::header::HeaderKeyId;

use super::actor::Outside;
use super::content_key::{KIND, load};
use super::model::{mode_name, mode_of};
use super::transaction::Transaction;
use super::{Error, KeyStore, may_use_key, seed};

impl KeyStore {
    /// Returns the KIDs of a key, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn kids_with(&self, key: &ContentKey) -> Result<Vec<KeyId>, Error> {
        self.read(|transaction| others_with(transaction, &KeyId::from_bytes([0; 16]), key))
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

/// True if anybody can guess a key: it is all zero, or its own KID in one of the two orders of its bytes.
pub fn is_guessable(kid: Option<&KeyId>, key: &ContentKey) -> bool {
    key.as_bytes() == &[0; 16]
        || kid
            .is_some_and(|kid| [*kid.as_bytes(), guid::to_guid_bytes(kid)].contains(key.as_bytes()))
}

/// Checks that no KID of the other cipher mode has the key.
///
/// # Errors
/// [`Error::SameKeyOtherMode`].
pub(super) fn check_mode(
    transaction: &mut Transaction<'_>,
    key: &ContentKey,
    mode: CipherMode,
) -> Result<(), Error> {
    let fingerprint = transaction.secrets.fingerprint(KIND, key.as_bytes());
    match transaction.one(
        "SELECT kid, mode FROM content_key WHERE fingerprint = $1 AND mode <> $2 LIMIT 1",
        &[fingerprint.as_slice().into(), mode_name(mode).into()],
    )? {
        None => Ok(()),
        Some(mut row) => {
            let kid = row.key_id()?;
            if transaction.check_key(&kid).is_err() {
                return Err(transaction.actor.outside(Outside::SameKey));
            }
            Err(Error::SameKeyOtherMode {
                kid,
                mode: mode_of(&row.text()?)?,
            })
        }
    }
}

/// Returns the other KIDs than `kid` that have the key and that the actor may use, the oldest first.
pub(super) fn others_with(
    transaction: &mut Transaction<'_>,
    kid: &KeyId,
    key: &ContentKey,
) -> Result<Vec<KeyId>, Error> {
    let actor = transaction.limited_actor()?;
    let fingerprint = transaction.secrets.fingerprint(KIND, key.as_bytes());
    transaction
        .run(
            concat!(
                "SELECT kid FROM content_key WHERE fingerprint = $1 AND kid <> $2 AND ",
                may_use_key!("content_key.kid", "$3"),
                " ORDER BY created"
            ),
            &[fingerprint.as_slice().into(), kid.into(), actor],
        )?
        .into_iter()
        .map(|mut row| row.key_id())
        .collect()
}
