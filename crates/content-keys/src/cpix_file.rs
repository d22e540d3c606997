// SPDX-License-Identifier: MPL-2.0
//! CPIX files as a source: keys, the tracks that they are for by usage rules, and what DRM systems signal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use cenc_types::{ContentKey, Iv, Scheme};
use cpix::{Document, Position};

use super::{Error, KeyEntry, KeyProvider, KeyRing, LineError, PeriodKeys, PeriodRules, Selector};
use host_access::{Host, SecretFiles};

/// A CPIX document in a file. It is read again when a crypto period comes that it had no keys for.
pub struct CpixFile {
    path: PathBuf,
    scheme: Scheme,
    document: Arc<Document>,
    files: Arc<dyn SecretFiles>,
}

impl CpixFile {
    /// Opens a document that holds keys in the clear, which others must not be able to read.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Cpix`].
    pub fn open(path: PathBuf, scheme: Scheme, host: &Host) -> Result<Self, Error> {
        let files = Arc::clone(&host.files);
        let document = Arc::new(read(&path, &*files)?);
        Ok(Self {
            path,
            scheme,
            document,
            files,
        })
    }

    /// The keys of the document for one period, or those of all.
    fn keys_of(&self, period: Option<u64>) -> Result<PeriodKeys, Error> {
        let id = match period {
            None => None,
            Some(number) => {
                let found = self.document.period_at(Position::Index(number));
                let found = found.ok_or(Error::NoPeriod { period: number })?;
                found.id.clone()
            }
        };
        Ok(PeriodKeys {
            keys: ring(&self.document, (self.scheme, id.as_deref()))?,
            systems: self.document.drm_systems.clone(),
            rules: rules(&self.document, id),
            license_store: None,
        })
    }
}

impl KeyProvider for CpixFile {
    fn rotates(&self) -> bool {
        self.document
            .periods
            .iter()
            .any(|period| period.index.is_some())
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, Error> {
        let period = Some(period).filter(|_| self.rotates());
        let keys = match self.keys_of(period) {
            Err(Error::NoPeriod { .. }) => {
                self.document = Arc::new(read(&self.path, &*self.files)?);
                self.keys_of(period)
            }
            keys => keys,
        };
        Ok(Arc::new(keys?))
    }
}

/// All keys of the document in a file, for a decryptor.
///
/// # Errors
/// As [`CpixFile::open`].
pub(super) fn load(path: &Path, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    let mut ring = KeyRing::default();
    for (number, key) in (1..).zip(&read(path, files)?.content_keys) {
        // A selector for each: they are found by KID.
        let entry = entry(key, (Selector::Track(number), None))?;
        ring.add(entry).map_err(not_two)?;
    }
    Ok(ring)
}

fn read(path: &Path, files: &dyn SecretFiles) -> Result<Document, Error> {
    let text = files.read(path)?;
    Ok(Document::from_bytes(text.as_bytes())?)
}

/// The keys that rules of the period name; without rules the one key, for every track.
fn ring(document: &Document, (scheme, period): (Scheme, Option<&str>)) -> Result<KeyRing, Error> {
    let counts = |key: &&cpix::ContentKey| {
        let mut rules = document
            .usage_rules
            .iter()
            .filter(|rule| rule.kid == key.kid);
        document.usage_rules.is_empty()
            || rules.any(|rule| {
                rule.periods.is_empty() || rule.periods.iter().any(|id| Some(id.as_str()) == period)
            })
    };
    let mut ring = KeyRing::default();
    let keys = document.content_keys.iter().filter(counts);
    for (number, key) in (1..).zip(keys) {
        let selector = match document.usage_rules.is_empty() {
            true => Selector::Any,
            false => Selector::Track(number),
        };
        let iv = key.explicit_iv.filter(|_| scheme == Scheme::Cbcs);
        ring.add(entry(key, (selector, iv))?).map_err(not_two)?;
    }
    Ok(ring)
}

fn entry(
    key: &cpix::ContentKey,
    (selector, iv): (Selector, Option<[u8; 16]>),
) -> Result<KeyEntry, Error> {
    Ok(KeyEntry {
        selector,
        kid: key.kid,
        key: ContentKey::from_bytes(Zeroizing::new(*key.key()?.as_bytes())),
        iv: iv.and_then(|iv| Iv::new(&iv).ok()),
        period: None,
    })
}

fn rules(document: &Arc<Document>, period: Option<String>) -> Option<PeriodRules> {
    let document = Arc::clone(document);
    (!document.usage_rules.is_empty()).then_some(PeriodRules { document, period })
}

fn not_two(error: LineError) -> Error {
    match error {
        LineError::SelectorTaken(_) => Error::Source(
            "the CPIX document has several keys and no usage rules that say whose each is".into(),
        ),
        error => Error::Source(Box::new(error)),
    }
}
