// SPDX-License-Identifier: MPL-2.0
//! Wraps the master key under a new key-encryption key. Nothing else changes, since the master key wraps all other secrets.

use super::kek::KekSource;
use super::secrets::add_kek;
use super::{Error, KeyStore};

impl KeyStore {
    /// Wraps the master key under a new key-encryption key, which is created if its file does not exist, and retires the old one.
    /// Processes that have the store open continue to work. Returns false if the key wraps the master key already.
    ///
    /// # Errors
    /// Those of the source.
    pub fn rewrap(&self, new: &KekSource) -> Result<bool, Error> {
        let known = self.read(|transaction| super::kek::current(transaction.database))?;
        match new.find(std::slice::from_ref(&known), &*self.host.files) {
            Ok(Some(_)) => return Ok(false),
            // A file that does not exist yet is an error of `find`, but not of `create`.
            Ok(None) | Err(Error::KekFile(_)) => (),
            Err(error) => return Err(error),
        }
        let kek = new.create(&self.host)?;
        self.write("re-wrap", &kek.id, |transaction| {
            add_kek(transaction.database, &kek, &*transaction.host.clock)?;
            transaction.secrets.master.store(
                transaction.database,
                &kek,
                &*transaction.host.random,
            )?;
            Ok::<_, Error>(((), "ok".to_owned()))
        })?;
        self.lock().move_record(kek.file.as_deref())?;
        Ok(true)
    }
}
