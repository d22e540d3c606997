// SPDX-License-Identifier: MPL-2.0
//! Inserts content keys by their KIDs: keys that an operator enters, that another system made, or that come from a seed.

use cenc_types::{CipherMode, ContentKey};

use super::content_key::{KeyIdentity, Provenance, assign, load, store};
use super::list::exists;
use super::transaction::Transaction;
use super::{
    Error, Inserted, KeySlot, KeyStore, NewKey, NewKeySource, Origin, StoredKey, compare, content,
    outbox, seed,
};

impl KeyStore {
    /// Adds a key by its KID, assigns it to the given slots, and enqueues it for the targets of their contents. Adding the same
    /// key again changes nothing.
    ///
    /// # Errors
    /// [`Error::OtherKey`], [`Error::OtherMode`], [`Error::SameKeyOtherMode`], [`Error::GuessableKey`], [`Error::SlotTaken`],
    /// [`Error::NilKeyId`], [`Error::NoSeed`].
    pub fn insert(&self, new: &NewKey, slots: &[KeySlot]) -> Result<Inserted, Error> {
        slots.iter().try_for_each(KeySlot::check)?;
        if new.kid.is_nil() {
            return Err(Error::NilKeyId);
        }
        self.check_insert(new, slots)?;
        self.write("insert", &new.kid.to_string(), |transaction| {
            let inserted = insert(transaction, new)?;
            for slot in slots {
                if assign(transaction, slot, new.identity())? {
                    let targets = content::load(transaction, &slot.content_id)?.targets;
                    outbox::enqueue(transaction, &new.kid, &targets)?;
                }
            }
            let result = inserted.result();
            Ok((inserted, result))
        })
    }
}

impl Inserted {
    /// Returns the result as the audit has it.
    fn result(&self) -> String {
        match (self.was_there, self.same_key.as_slice()) {
            (true, _) => "was there".to_owned(),
            (false, []) => "ok".to_owned(),
            (false, [other, ..]) => format!("same key as {other}"),
        }
    }
}

impl NewKey {
    const fn identity(&self) -> KeyIdentity<'_> {
        KeyIdentity {
            kid: &self.kid,
            mode: self.mode,
        }
    }
}

fn insert(transaction: &mut Transaction<'_>, new: &NewKey) -> Result<Inserted, Error> {
    let made;
    let (key, origin, seed) = match &new.source {
        NewKeySource::Entered(key) => (key, Origin::Entered, None),
        NewKeySource::Imported(key) => (key, Origin::Imported, None),
        NewKeySource::Random => {
            made = ContentKey::generate(&*transaction.host.random)?;
            (&made, Origin::Random, None)
        }
        NewKeySource::Seed(name) => {
            made = seed::load(transaction, name)?.content_key(&new.kid);
            (&made, Origin::Seed, Some(name.as_str()))
        }
    };
    if compare::is_guessable(Some(&new.kid), key) {
        return Err(Error::GuessableKey);
    }
    let was_there = match exists(transaction, &new.kid)? {
        false => {
            compare::check_mode(transaction, key, new.mode)?;
            store(
                transaction,
                new.identity(),
                key,
                Provenance { origin, seed },
            )?;
            false
        }
        true => {
            check_same(&load(transaction, &new.kid)?, key, new.mode)?;
            true
        }
    };
    Ok(Inserted {
        was_there,
        same_key: compare::others_with(transaction, &new.kid, key)?,
    })
}

fn check_same(found: &StoredKey, key: &ContentKey, mode: CipherMode) -> Result<(), Error> {
    let kid = found.info.kid;
    if found.key.as_bytes() != key.as_bytes() {
        return Err(Error::OtherKey(kid));
    }
    if found.info.mode != mode {
        return Err(Error::OtherMode {
            kid,
            mode: found.info.mode,
        });
    }
    Ok(())
}
