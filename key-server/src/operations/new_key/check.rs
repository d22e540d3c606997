// SPDX-License-Identifier: MPL-2.0
//! Checks of a draft. They return all findings at once, each with its field.

use cenc_types::{ContentKey, KeyId, decode_secret};
use content_key_store::{Content, KeyStore, SeedInfo, is_guessable};
use zeroize::Zeroizing;

use super::{Draft, DraftKeySource};
use crate::operations::content::labels;
use crate::operations::finding::Findings;
use crate::operations::kid;

/// A draft that was parsed, with its findings.
#[derive(Default)]
pub(super) struct ParsedDraft {
    pub(super) kid: Option<KeyId>,
    pub(super) key: Option<ContentKey>,
    pub(super) findings: Findings,
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
    parsed.check_guessable();
    parsed.check_same_key(store, draft)?;
    parsed.check_content(store, draft)?;
    parsed.check_slot(store, draft)?;
    Ok(parsed)
}

impl ParsedDraft {
    fn read_kid(&mut self, text: Option<&str>) {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return;
        };
        match kid::read(text) {
            Ok(kid) => self.kid = Some(kid),
            Err(error) => self.findings.error("kid", &error),
        }
    }

    fn read_key(&mut self, text: &Zeroizing<String>) {
        let length = decode_secret(text).map(|bytes| bytes.len());
        match (ContentKey::parse(text), length) {
            (Ok(key), _) => self.key = Some(key),
            (Err(_), Some(length)) => {
                self.findings.error(
                    "key",
                    &format!(
                        "a content key has 16 bytes, not {length}: 32 hexadecimal digits or 24 base64 characters"
                    ),
                );
            }
            (Err(error), None) => self.findings.error("key", &error),
        }
    }

    fn check_seed(&mut self, name: &str, seeds: &[SeedInfo]) {
        match seeds.iter().find(|seed| seed.name == name) {
            None => self
                .findings
                .error("seed", &content_key_store::Error::NoSeed(name.to_owned())),
            Some(seed) if seed.retired.is_some() => {
                self.findings.error(
                    "seed",
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
        let Some(info) = store.find(&kid)? else {
            return Ok(());
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
            self.findings
                .error("scheme", &content_key_store::Error::OtherMode { kid, mode });
        } else if is_same {
            self.findings.note(
                "kid",
                &format!("KID {kid} is in the store already, with the same key"),
            );
        } else {
            self.findings
                .error("kid", &content_key_store::Error::OtherKey(kid));
        }
        Ok(())
    }

    fn check_guessable(&mut self) {
        if let Some(key) = &self.key
            && is_guessable(self.kid.as_ref(), key)
        {
            self.findings
                .error("key", &content_key_store::Error::GuessableKey);
        }
    }

    /// Refuses the key of another KID for the other cipher mode, and warns of one for the same mode, which security level 3000 does not
    /// allow.
    fn check_same_key(
        &mut self,
        store: &KeyStore,
        draft: &Draft,
    ) -> Result<(), content_key_store::Error> {
        let Some(key) = &self.key else { return Ok(()) };
        for other in store.kids_with(key)? {
            let mode = store.info(&other)?.mode;
            if Some(other) == self.kid {
                continue;
            }
            if mode != draft.scheme.cipher_mode() {
                let error = content_key_store::Error::SameKeyOtherMode { kid: other, mode };
                self.findings.error("key", &error);
            } else {
                self.findings.warning(
                    "key",
                    &format!("KID {other} has the same key: give each KID a key of its own"),
                );
            }
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
                self.findings.note(
                    "content",
                    &format!("content '{id}' is new and will be added"),
                );
            }
            content => {
                let content = content?;
                self.check_slot_of(&content, draft);
                let scheme = content.scheme;
                if scheme.cipher_mode() != draft.scheme.cipher_mode() {
                    self.findings.warning("scheme", &format!(
                            "content '{id}' is protected with {scheme}: its packagers will not request a key of {}",
                            draft.scheme
                        ),
                    );
                }
            }
        }
        Ok(())
    }

    /// Warns of tracks and crypto periods for which the content's packagers request no key.
    fn check_slot_of(&mut self, content: &Content, draft: &Draft) {
        let labels = labels(content);
        if !content.tracks.is_empty() && !labels.contains(draft.label.as_str()) {
            let text = format!(
                "content '{}' has no tracks with this label, so no packager gets the key: its labels are {}",
                content.id,
                Vec::from_iter(labels).join(", ")
            );
            self.findings.warning("label", &text);
        }
        if content.crypto_period.is_none() && draft.period > 0 {
            let text = format!(
                "content '{}' has no crypto period, so its packagers request the key of period 0 only",
                content.id
            );
            self.findings.warning("period", &text);
        }
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
                self.findings
                    .error("period", &content_key_store::Error::SlotTaken(found));
            }
            Ok(_) => (),
            Err(error @ content_key_store::Error::BadName("track label")) => {
                self.findings.error("label", &error);
            }
            Err(error @ content_key_store::Error::BadName(_)) => {
                self.findings.error("content", &error);
            }
            Err(error @ content_key_store::Error::OutOfRange(_)) => {
                self.findings.error("period", &error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
