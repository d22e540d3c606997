// SPDX-License-Identifier: MPL-2.0
//! A key store as a source: the packagers that share it have one key for a content's track and crypto period.
//!
//! The store's address may say where its key-encryption key is: `?kek-file=/path` or `?kek-credential=name`. Otherwise it is
//! the systemd credential `playready-kek`, where the service has one, or the file beside an SQLite store that has its name and
//! `.kek` behind it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::store::{
    Content, Error as StoreError, KekSource, KeySlot, KeyState, KeyStore, Location,
};
use super::{ContentRequest, Entry, Error, KeyProvider, KeyRing, PeriodKeys, Selector};

/// The systemd credential that is looked for.
const CREDENTIAL: &str = "playready-kek";
/// What a track's label is where the content names none.
const ALL: &str = "ALL";

/// A content in a store.
pub struct StoreKeys {
    store: KeyStore,
    content: Content,
    crypto_period: Option<Duration>,
}

impl StoreKeys {
    /// Opens the store, and makes it where it does not exist. A content that it does not know gets one key for all tracks.
    ///
    /// # Errors
    /// [`Error::NoContentId`], [`Error::Store`].
    pub fn open(uri: &str, request: &ContentRequest) -> Result<Self, Error> {
        let content_id = request.content_id.clone().ok_or(Error::NoContentId)?;
        let (uri, kek) = kek(uri)?;
        let store = KeyStore::open(&uri, vec![kek])?.acting_for("packager")?;
        let content = match store.content(&content_id) {
            Err(StoreError::NoContent(_)) => Content::new(&content_id, request.scheme),
            content => content?,
        };
        if content.scheme.cipher_mode() != request.scheme.cipher_mode() {
            return Err(Error::ContentScheme {
                stored: content.scheme,
                asked: request.scheme,
            });
        }
        Ok(Self {
            store,
            content,
            crypto_period: request.crypto_period,
        })
    }

    /// Selectors and labels of the tracks.
    fn tracks(&self) -> Vec<(&str, &str)> {
        match self.content.tracks.as_slice() {
            [] => vec![("*", ALL)],
            tracks => tracks
                .iter()
                .map(|(s, l)| (s.as_str(), l.as_str()))
                .collect(),
        }
    }

    fn slot(&self, label: &str, period: u64) -> KeySlot {
        KeySlot {
            content_id: self.content.id.clone(),
            label: label.to_owned(),
            period,
            mode: self.content.scheme.cipher_mode(),
        }
    }

    /// The key of a track. One that licence servers must have first is not given before they do.
    fn entry(&self, selector: &str, label: &str, period: u64) -> Result<Entry, Error> {
        let stored = self.store.key_of(&self.slot(label, period))?;
        let kid = stored.info.kid;
        if stored.info.state == KeyState::Planned && !self.content.targets.is_empty() {
            return Err(Error::NotDelivered(kid));
        }
        let selector: Selector = selector
            .parse()
            .map_err(|error| Error::Source(Box::new(error)))?;
        Ok(Entry {
            selector,
            kid,
            key: stored.key,
            iv: None,
            period: None,
        })
    }
}

impl KeyProvider for StoreKeys {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let mut keys = KeyRing::default();
        for (selector, label) in self.tracks() {
            let added = keys.add(self.entry(selector, label, period)?);
            added.map_err(|error| Error::Source(Box::new(error)))?;
        }
        Ok(Arc::new(keys.into()))
    }

    /// The keys become active, and those of the period before retired.
    fn begins(&mut self, period: u64) -> Result<(), Error> {
        let labels: BTreeSet<&str> = self.tracks().into_iter().map(|(_, label)| label).collect();
        let over = period
            .checked_sub(1)
            .filter(|_| self.crypto_period.is_some());
        for label in labels {
            if let Some(kid) = self.store.kid_of(&self.slot(label, period))? {
                self.store.set_state(&kid, KeyState::Active)?;
            }
            let over = over.map(|over| self.store.kid_of(&self.slot(label, over)));
            if let Some(kid) = over.transpose()?.flatten()
                && self.store.info(&kid)?.state == KeyState::Active
            {
                self.store.set_state(&kid, KeyState::Retired)?;
            }
        }
        Ok(())
    }
}

/// The address without what says where the key-encryption key is, and that key.
fn kek(uri: &str) -> Result<(String, KekSource), Error> {
    let (address, query) = uri.split_once('?').unwrap_or((uri, ""));
    let parts = query.split('&').filter(|part| !part.is_empty());
    let (ours, theirs): (Vec<&str>, Vec<&str>) = parts.partition(|part| part.starts_with("kek-"));
    let address = match theirs.as_slice() {
        [] => address.to_owned(),
        theirs => format!("{address}?{}", theirs.join("&")),
    };
    let mut given = url::form_urlencoded::parse(ours.first().unwrap_or(&"").as_bytes());
    let given = given.next();
    let kek = match given.as_ref().map(|(name, value)| (&**name, &**value)) {
        Some(("kek-file", path)) => KekSource::File(path.into()),
        Some(("kek-credential", name)) => KekSource::Credential(name.to_owned()),
        Some(_) => return Err(Error::BadUri),
        None => default_kek(&address)?,
    };
    Ok((address, kek))
}

fn default_kek(address: &str) -> Result<KekSource, Error> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    if credentials.is_some_and(|folder| folder.join(CREDENTIAL).exists()) {
        return Ok(KekSource::Credential(CREDENTIAL.to_owned()));
    }
    match Location::parse(address)? {
        Location::Sqlite(path) => {
            let mut name = path.into_os_string();
            name.push(".kek");
            Ok(KekSource::File(name.into()))
        }
        Location::Postgres(_) => Err(Error::NoKek),
    }
}
