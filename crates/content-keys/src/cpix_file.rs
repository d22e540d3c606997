// SPDX-License-Identifier: MPL-2.0
//! CPIX files as a source of keys, of usage rules that assign them to tracks, and of DRM signaling.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cenc_types::{ContentKey, Iv, Scheme};
use cpix::{Document, Position};

use super::signaling_check::SignalingCheck;
use super::{
    ContentRequest, Error, KeyEntry, KeyProvider, KeyRing, LineError, PeriodKeys, PeriodRules,
    Selector,
};
use host_access::{Host, SecretFiles};

/// A CPIX document in a file. The file is read again when the document has no keys for a crypto period.
pub struct CpixFile {
    path: PathBuf,
    request: ContentRequest,
    document: Arc<Document>,
    files: Arc<dyn SecretFiles>,
}

impl CpixFile {
    /// Opens a document that holds keys in the clear. Other users must not be able to read the file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Cpix`].
    pub fn open(path: PathBuf, request: &ContentRequest, host: &Host) -> Result<Self, Error> {
        Ok(Self {
            document: Arc::new(read(&path, &*host.files)?),
            path,
            request: request.clone(),
            files: Arc::clone(&host.files),
        })
    }

    /// Returns the keys of one period, or those of all with None.
    fn find_keys(&self, period: Option<u64>) -> Result<PeriodKeys, Error> {
        let period_id = match period {
            None => None,
            Some(number) => {
                let period = self
                    .document
                    .period_at(Position::Index(number))
                    .ok_or(Error::NoPeriod { period: number })?;
                self.check_time(number, period)?;
                period.id.clone()
            }
        };
        let keys = period_ring(&self.document, self.request.scheme, period_id.as_deref())?;
        self.check_signaling(&keys)?;
        Ok(PeriodKeys {
            keys,
            systems: self.document.drm_systems.clone(),
            rules: (!self.document.usage_rules.is_empty()).then(|| PeriodRules {
                document: Arc::clone(&self.document),
                period: period_id,
                scheme: self.request.scheme,
            }),
            license_store: None,
            roots: self.document.roots(),
        })
    }
}

impl CpixFile {
    /// Refuses a period of which the document says that it is at another time.
    fn check_time(&self, number: u64, period: &cpix::Period) -> Result<(), Error> {
        match (period.bounds, self.request.bounds(number)) {
            (Some(stated), Some(used)) if stated != used => {
                Err(Error::PeriodTime { period: number })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the PlayReady Objects of the document are for the keys and for the mode of the scheme.
    fn check_signaling(&self, keys: &KeyRing) -> Result<(), Error> {
        for entry in keys.entries() {
            for system in &self.document.drm_systems {
                if system.kid == entry.kid {
                    SignalingCheck {
                        system,
                        key: Some(&entry.key),
                        mode: self.request.scheme.cipher_mode(),
                    }
                    .check_playready_key()
                    .map_err(|reason| Error::Signaling {
                        kid: entry.kid,
                        reason,
                    })?;
                }
            }
        }
        Ok(())
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
        match self.find_keys(period) {
            Err(Error::NoPeriod { .. }) => {
                self.document = Arc::new(read(&self.path, &*self.files)?);
                self.find_keys(period)
            }
            keys => keys,
        }
        .map(Arc::new)
    }
}

/// Returns all keys of the document in a file, for a decryptor.
///
/// # Errors
/// As [`CpixFile::open`].
pub(super) fn load(path: &Path, files: &dyn SecretFiles) -> Result<KeyRing, Error> {
    let mut ring = KeyRing::default();
    for (number, key) in (1..).zip(&read(path, files)?.content_keys) {
        // A decryptor finds keys by KID, so each key has a selector of its own.
        ring.add(key_entry(key, Selector::Track(number), None)?)
            .map_err(explain_conflict)?;
    }
    Ok(ring)
}

fn read(path: &Path, files: &dyn SecretFiles) -> Result<Document, Error> {
    let document = Document::from_bytes(files.read(path)?.as_bytes())?;
    document.refuse_signature()?;
    Ok(document)
}

/// Returns the keys that usage rules name for the period. A document without rules has one key, for every track.
fn period_ring(
    document: &Document,
    scheme: Scheme,
    period_id: Option<&str>,
) -> Result<KeyRing, Error> {
    let has_rules = !document.usage_rules.is_empty();
    let is_used = |key: &&cpix::ContentKey| {
        !has_rules
            || document.usage_rules.iter().any(|rule| {
                rule.kid == key.kid
                    && (rule.periods.is_empty()
                        || rule.periods.iter().any(|id| Some(id.as_str()) == period_id))
            })
    };
    let mut ring = KeyRing::default();
    for (number, key) in (1..).zip(document.content_keys.iter().filter(is_used)) {
        let selector = match has_rules {
            true => Selector::Track(number),
            false => Selector::Any,
        };
        match check_scheme(key, scheme) {
            // Its rules may be for tracks that are not in this file.
            Err(_) if has_rules => continue,
            checked => checked?,
        }
        let iv = key.explicit_iv.filter(|_| scheme == Scheme::Cbcs);
        ring.add(key_entry(key, selector, iv)?)
            .map_err(explain_conflict)?;
    }
    Ok(ring)
}

/// Refuses a key that the document gives for another scheme.
pub(super) fn check_scheme(key: &cpix::ContentKey, requested: Scheme) -> Result<(), Error> {
    match key.other_scheme(requested) {
        None => Ok(()),
        Some(stated) => Err(Error::KeyScheme {
            kid: key.kid,
            stated: stated.clone(),
            requested,
        }),
    }
}

fn key_entry(
    key: &cpix::ContentKey,
    selector: Selector,
    iv: Option<[u8; 16]>,
) -> Result<KeyEntry, Error> {
    Ok(KeyEntry {
        selector,
        kid: key.kid,
        key: ContentKey::copy_of(key.key()?.as_bytes()),
        iv: iv.and_then(|iv| Iv::new(&iv).ok()),
        period: None,
    })
}

fn explain_conflict(error: LineError) -> Error {
    match error {
        LineError::SelectorTaken(_) => Error::Source(
            "the CPIX document has several keys and no usage rules: add a rule for each key that says which tracks use it".into(),
        ),
        error => Error::Source(Box::new(error)),
    }
}

#[cfg(test)]
mod tests;
