// SPDX-License-Identifier: MPL-2.0
//! What there is to say about a draft of a key, before it is one: all of it at once, each finding by its field.

use cenc_types::{ContentKey, KeyId, decode_secret};
use content_key_store::{KeyStore, SeedInfo};
use zeroize::Zeroizing;

use super::{Draft, Field, Finding, Severity, Source};
use crate::operations::kid;

/// What a draft says, once it was read.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) kid: Option<KeyId>,
    pub(super) key: Option<ContentKey>,
    pub(super) findings: Vec<Finding>,
}

/// Reads a draft and holds it against the store.
///
/// # Errors
/// When the store cannot be asked.
pub(super) fn examine(store: &KeyStore, draft: &Draft) -> Result<Parsed, content_key_store::Error> {
    let mut parsed = Parsed::default();
    parsed.read_kid(draft.kid.as_deref());
    match &draft.source {
        Source::Random => (),
        Source::Entered(text) => parsed.read_key(text),
        Source::Seed(name) => parsed.check_seed(name, &store.seeds()?),
    }
    parsed.check_kid(store, draft)?;
    parsed.check_same_key(store)?;
    parsed.check_content(store, draft)?;
    parsed.check_slot(store, draft)?;
    Ok(parsed)
}

impl Parsed {
    fn say(&mut self, (field, severity): (Field, Severity), text: &impl ToString) {
        self.findings.push(Finding {
            field,
            severity,
            text: text.to_string(),
        });
    }

    fn error(&mut self, field: Field, text: &impl ToString) {
        self.say((field, Severity::Error), text);
    }

    fn read_kid(&mut self, text: Option<&str>) {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return;
        };
        match kid::read(text) {
            Ok(kid) => self.kid = Some(kid),
            Err(error) => self.error(Field::Kid, &error),
        }
    }

    fn read_key(&mut self, text: &Zeroizing<String>) {
        let length = decode_secret(text).map(|bytes| bytes.len());
        match (ContentKey::parse(text), length) {
            (Ok(key), _) => self.key = Some(key),
            (Err(_), Some(length)) => {
                let text = format!(
                    "a content key has 16 bytes, not {length}: 32 hexadecimal digits or 24 base64 characters"
                );
                self.error(Field::Key, &text);
            }
            (Err(error), None) => self.error(Field::Key, &error),
        }
    }

    fn check_seed(&mut self, name: &str, seeds: &[SeedInfo]) {
        match seeds.iter().find(|seed| seed.name == name) {
            None => self.error(
                Field::Seed,
                &content_key_store::Error::NoSeed(name.to_owned()),
            ),
            Some(seed) if seed.retired.is_some() => {
                let text = format!("the key seed '{name}' is retired: no more keys come from it");
                self.error(Field::Seed, &text);
            }
            Some(_) => (),
        }
    }

    /// One KID means one key in one cipher mode for ever.
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
            Source::Random => false,
            Source::Seed(name) => info.seed.as_ref() == Some(name),
            Source::Entered(_) => match &self.key {
                Some(key) => store.kids_with(key)?.contains(&kid),
                None => return Ok(()),
            },
        };
        let mode = info.mode;
        if mode != draft.scheme.cipher_mode() {
            self.error(
                Field::Scheme,
                &content_key_store::Error::OtherMode { kid, mode },
            );
        } else if is_same {
            let text = format!("KID {kid} is in the store already, with the same key");
            self.say((Field::Kid, Severity::Note), &text);
        } else {
            self.error(Field::Kid, &content_key_store::Error::OtherKey(kid));
        }
        Ok(())
    }

    /// Devices of security level 3000 want keys that differ.
    fn check_same_key(&mut self, store: &KeyStore) -> Result<(), content_key_store::Error> {
        let Some(key) = &self.key else { return Ok(()) };
        let others = store.kids_with(key)?;
        if let Some(other) = others.into_iter().find(|other| Some(*other) != self.kid) {
            let text = format!("KID {other} has the same key: give each KID a key of its own");
            self.say((Field::Key, Severity::Warning), &text);
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
                let text = format!("content '{id}' is new and will be added");
                self.say((Field::Content, Severity::Note), &text);
            }
            content => {
                let scheme = content?.scheme;
                if scheme.cipher_mode() != draft.scheme.cipher_mode() {
                    let text = format!(
                        "content '{id}' is protected by {scheme}, its packagers will not ask for a key of {}",
                        draft.scheme
                    );
                    self.say((Field::Scheme, Severity::Warning), &text);
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
                self.error(Field::Period, &content_key_store::Error::SlotTaken(found));
            }
            Ok(_) => (),
            Err(error @ content_key_store::Error::BadName("track label")) => {
                self.error(Field::Label, &error);
            }
            Err(error @ content_key_store::Error::BadName(_)) => self.error(Field::Content, &error),
            Err(error @ content_key_store::Error::OutOfRange(_)) => {
                self.error(Field::Period, &error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
