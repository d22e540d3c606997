// SPDX-License-Identifier: MPL-2.0
//! Checks of a draft. They return all findings at once, each with its field.

use cenc_types::{ContentKey, KeyId, decode_secret};
use content_key_store::{KeyStore, SeedInfo};
use zeroize::Zeroizing;

use super::{Draft, DraftField, DraftKeySource, Finding, Severity};
use crate::operations::kid;

/// A draft that was parsed, with its findings.
#[derive(Default)]
pub(super) struct ParsedDraft {
    pub(super) kid: Option<KeyId>,
    pub(super) key: Option<ContentKey>,
    pub(super) findings: Vec<Finding>,
}

/// Parses a draft and compares it with the store.
///
/// # Errors
/// If the store fails.
pub(super) fn check_draft(
    store: &KeyStore,
    draft: &Draft,
) -> Result<ParsedDraft, content_key_store::Error> {
    let mut parsed = ParsedDraft::default();
    parsed.read_kid(draft.kid.as_deref());
    match &draft.source {
        DraftKeySource::Random => (),
        DraftKeySource::Entered(text) => parsed.read_key(text),
        DraftKeySource::Seed(name) => parsed.check_seed(name, &store.seeds()?),
    }
    parsed.check_kid(store, draft)?;
    parsed.check_same_key(store)?;
    parsed.check_content(store, draft)?;
    parsed.check_slot(store, draft)?;
    Ok(parsed)
}

impl ParsedDraft {
    fn add(&mut self, field: DraftField, severity: Severity, text: &impl ToString) {
        self.findings.push(Finding {
            field,
            severity,
            text: text.to_string(),
        });
    }

    fn error(&mut self, field: DraftField, text: &impl ToString) {
        self.add(field, Severity::Error, text);
    }

    fn read_kid(&mut self, text: Option<&str>) {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return;
        };
        match kid::read(text) {
            Ok(kid) => self.kid = Some(kid),
            Err(error) => self.error(DraftField::Kid, &error),
        }
    }

    fn read_key(&mut self, text: &Zeroizing<String>) {
        let length = decode_secret(text).map(|bytes| bytes.len());
        match (ContentKey::parse(text), length) {
            (Ok(key), _) => self.key = Some(key),
            (Err(_), Some(length)) => {
                self.error(
                    DraftField::Key,
                    &format!(
                        "a content key has 16 bytes, not {length}: 32 hexadecimal digits or 24 base64 characters"
                    ),
                );
            }
            (Err(error), None) => self.error(DraftField::Key, &error),
        }
    }

    fn check_seed(&mut self, name: &str, seeds: &[SeedInfo]) {
        match seeds.iter().find(|seed| seed.name == name) {
            None => self.error(
                DraftField::Seed,
                &content_key_store::Error::NoSeed(name.to_owned()),
            ),
            Some(seed) if seed.retired.is_some() => {
                self.error(
                    DraftField::Seed,
                    &format!("the key seed '{name}' is retired: choose another seed"),
                );
            }
            Some(_) => (),
        }
    }

    /// Checks that the KID has no other key or cipher mode in the store.
    fn check_kid(
        &mut self,
        store: &KeyStore,
        draft: &Draft,
    ) -> Result<(), content_key_store::Error> {
        let Some(kid) = self.kid else { return Ok(()) };
        let info = match store.info(&kid) {
            Err(content_key_store::Error::NoKey(_)) => return Ok(()),
            info => info?,
        };
        let is_same = match &draft.source {
            DraftKeySource::Random => false,
            DraftKeySource::Seed(name) => info.seed.as_ref() == Some(name),
            DraftKeySource::Entered(_) => match &self.key {
                Some(key) => store.kids_with(key)?.contains(&kid),
                None => return Ok(()),
            },
        };
        let mode = info.mode;
        if mode != draft.scheme.cipher_mode() {
            self.error(
                DraftField::Scheme,
                &content_key_store::Error::OtherMode { kid, mode },
            );
        } else if is_same {
            self.add(
                DraftField::Kid,
                Severity::Note,
                &format!("KID {kid} is in the store already, with the same key"),
            );
        } else {
            self.error(DraftField::Kid, &content_key_store::Error::OtherKey(kid));
        }
        Ok(())
    }

    /// Warns of another KID with the same key, which security level 3000 does not allow.
    fn check_same_key(&mut self, store: &KeyStore) -> Result<(), content_key_store::Error> {
        let Some(key) = &self.key else { return Ok(()) };
        if let Some(other) = store
            .kids_with(key)?
            .into_iter()
            .find(|other| Some(*other) != self.kid)
        {
            self.add(
                DraftField::Key,
                Severity::Warning,
                &format!("KID {other} has the same key: give each KID a key of its own"),
            );
        }
        Ok(())
    }

    fn check_content(
        &mut self,
        store: &KeyStore,
        draft: &Draft,
    ) -> Result<(), content_key_store::Error> {
        let Some(id) = &draft.content else {
            return Ok(());
        };
        match store.content(id) {
            Err(content_key_store::Error::NoContent(_)) => {
                self.add(
                    DraftField::Content,
                    Severity::Note,
                    &format!("content '{id}' is new and will be added"),
                );
            }
            content => {
                let scheme = content?.scheme;
                if scheme.cipher_mode() != draft.scheme.cipher_mode() {
                    self.add(
                        DraftField::Scheme,
                        Severity::Warning,
                        &format!(
                            "content '{id}' is protected with {scheme}: its packagers will not request a key of {}",
                            draft.scheme
                        ),
                    );
                }
            }
        }
        Ok(())
    }

    fn check_slot(
        &mut self,
        store: &KeyStore,
        draft: &Draft,
    ) -> Result<(), content_key_store::Error> {
        let Some(slot) = draft.slot() else {
            return Ok(());
        };
        match store.kid_of(&slot) {
            Ok(Some(found)) if Some(found) != self.kid => {
                self.error(
                    DraftField::Period,
                    &content_key_store::Error::SlotTaken(found),
                );
            }
            Ok(_) => (),
            Err(error @ content_key_store::Error::BadName("track label")) => {
                self.error(DraftField::Label, &error);
            }
            Err(error @ content_key_store::Error::BadName(_)) => {
                self.error(DraftField::Content, &error);
            }
            Err(error @ content_key_store::Error::OutOfRange(_)) => {
                self.error(DraftField::Period, &error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
