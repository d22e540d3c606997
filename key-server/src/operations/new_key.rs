// SPDX-License-Identifier: MPL-2.0
//! Making a new key from a draft, and checking the draft first.

mod check;

use cenc_types::{CipherMode, ContentKey, KeyId, Scheme};
use check::check_draft;
use content_key_store::{Content, KeyInfo, KeySlot, KeyStore, NewKey, NewKeySource};
use playready_header::header::HeaderKeyId;
use zeroize::Zeroizing;

use super::finding::{Finding, unless_refused};
use super::{Error, kid};

/// A key that is to be made. It holds a secret and cannot be printed.
pub struct Draft {
    /// The KID in any notation; None: a new one.
    pub kid: Option<String>,
    /// The source of the key.
    pub source: DraftKeySource,
    /// The scheme that the key protects with.
    pub scheme: Scheme,
    /// The id of the content that uses it; None for no content yet.
    pub content: Option<String>,
    /// The track's label.
    pub label: String,
    /// The crypto period's index.
    pub period: u64,
}

/// The source of a new key.
pub enum DraftKeySource {
    /// The operating system's generator.
    Random,
    /// A key that an operator has entered: 32 hexadecimal digits, or base64.
    Entered(Zeroizing<String>),
    /// A key seed of the store, by its name.
    Seed(String),
}

/// A key that [`create`] has made.
#[derive(Debug)]
pub struct CreatedKey {
    /// Its data without the key itself.
    pub info: KeyInfo,
    /// Warnings and notes.
    pub warnings: Vec<Finding>,
}

/// Checks a draft, and returns all findings. If none is an error, [`create`] makes the key.
///
/// # Errors
/// If the store fails.
pub fn check(store: &KeyStore, draft: &Draft) -> Result<Vec<Finding>, content_key_store::Error> {
    check_draft(store, draft).map(|parsed| parsed.findings.0)
}

/// Makes the key, and enqueues its deliveries to the content's targets.
///
/// # Errors
/// [`Error::Refused`] with all errors of the draft; errors of the store.
pub fn create(store: &KeyStore, draft: &Draft) -> Result<CreatedKey, Error> {
    let parsed = check_draft(store, draft)?;
    let warnings = unless_refused(parsed.findings.0)?;
    let kid = match parsed.kid {
        Some(kid) => kid,
        None => KeyId::generate(&*store.host().random)
            .map_err(|error| Error::Generator(error.to_string()))?,
    };
    add_content(store, draft)?;
    let source = match (parsed.key, &draft.source) {
        (Some(key), _) => NewKeySource::Entered(key),
        (None, DraftKeySource::Seed(name)) => NewKeySource::Seed(name.clone()),
        (None, _) => NewKeySource::Random,
    };
    store.insert(
        &NewKey {
            kid,
            mode: draft.scheme.cipher_mode(),
            source,
        },
        draft.slot().as_slice(),
    )?;
    Ok(CreatedKey {
        info: store.info(&kid)?,
        warnings,
    })
}

/// Returns the KID of a draft as a PlayReady Header lists it, with the checksum of the key if the scheme has one; None while the KID
/// or the key is unknown. For [`preview`](super::preview::preview) while somebody types.
///
/// # Errors
/// If the store fails.
pub fn header_key_id(
    store: &KeyStore,
    draft: &Draft,
) -> Result<Option<HeaderKeyId<8>>, content_key_store::Error> {
    let Some(kid) = draft.kid.as_deref().and_then(|kid| kid::read(kid).ok()) else {
        return Ok(None);
    };
    let has_checksum = draft.scheme.cipher_mode() == CipherMode::Ctr;
    match &draft.source {
        DraftKeySource::Entered(text) if has_checksum => Ok(ContentKey::parse(text)
            .ok()
            .map(|key| HeaderKeyId::aes_ctr(kid, Some(&key)))),
        DraftKeySource::Seed(name) if has_checksum => match store.header_key_id_of_seed(name, &kid)
        {
            Err(content_key_store::Error::NoSeed(_)) => Ok(None),
            found => found.map(Some),
        },
        DraftKeySource::Random | DraftKeySource::Entered(_) | DraftKeySource::Seed(_) => {
            Ok(Some(HeaderKeyId::aes_ctr(kid, None)))
        }
    }
}

/// Adds an unknown content. The store would add it by itself, but without its scheme.
fn add_content(store: &KeyStore, draft: &Draft) -> Result<(), content_key_store::Error> {
    let Some(id) = &draft.content else {
        return Ok(());
    };
    match store.content(id) {
        Err(content_key_store::Error::NoContent(_)) => {
            store.put_content(&Content::new(id, draft.scheme))
        }
        found => found.map(|_| ()),
    }
}

impl Draft {
    /// Returns the slot of the key; None without a content.
    fn slot(&self) -> Option<KeySlot> {
        Some(KeySlot {
            content_id: self.content.clone()?,
            label: self.label.clone(),
            period: self.period,
            mode: self.scheme.cipher_mode(),
        })
    }
}

#[cfg(test)]
mod tests;
