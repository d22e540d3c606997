// SPDX-License-Identifier: MPL-2.0
//! A new key: what would keep it from being made, and how it is made.

mod check;

use cenc_types::{CipherMode, ContentKey, KeyId, Scheme};
use check::examine;
use content_key_store::{Content, KeyInfo, KeySlot, KeySource, KeyStore, NewKey};
use playready_header::header::HeaderKeyId;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Error, kid};

/// What is asked for. It holds a secret and cannot be printed.
pub struct Draft {
    /// The KID in any notation; None: a new one.
    pub kid: Option<String>,
    /// Where the key comes from.
    pub source: Source,
    /// What the key is to protect with.
    pub scheme: Scheme,
    /// The content that it is for; None: for none yet.
    pub content: Option<String>,
    /// The track's label.
    pub label: String,
    /// The crypto period's index.
    pub period: u64,
}

/// Where the key comes from.
pub enum Source {
    /// The operating system's generator.
    Random,
    /// An operator's hand: 32 hexadecimal digits, or base64.
    Entered(Zeroizing<String>),
    /// A key seed of the store, by its name.
    Seed(String),
}

/// A part of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The KID.
    Kid,
    /// The key that was entered.
    Key,
    /// The seed's name.
    Seed,
    /// The scheme.
    Scheme,
    /// The content's id.
    Content,
    /// The track's label.
    Label,
    /// The crypto period.
    Period,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No key can be made.
    Error,
    /// A key can be made, but should it?
    Warning,
    /// Good to know.
    Note,
}

/// Something about a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub field: Field,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, for people.
    pub text: String,
}

/// A key that was made.
#[derive(Debug)]
pub struct Created {
    /// All of it but the key.
    pub info: KeyInfo,
    /// What else there is to say.
    pub warnings: Vec<Finding>,
}

/// What there is to say about a draft. Without an error among it, [`create`] makes the key.
///
/// # Errors
/// When the store cannot be asked.
pub fn check(store: &KeyStore, draft: &Draft) -> Result<Vec<Finding>, content_key_store::Error> {
    examine(store, draft).map(|parsed| parsed.findings)
}

/// Makes the key; it is on its way to the content's targets when this returns.
///
/// # Errors
/// [`Error::Draft`] with all that is wrong; what the store refuses.
pub fn create(store: &KeyStore, draft: &Draft) -> Result<Created, Error> {
    let parsed = examine(store, draft)?;
    let findings = parsed.findings.into_iter();
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.partition(Finding::is_error);
    if !errors.is_empty() {
        return Err(Error::Draft(errors));
    }
    let made = || {
        KeyId::generate(&*store.host().random).map_err(|error| Error::Generator(error.to_string()))
    };
    let kid = parsed.kid.map_or_else(made, Ok)?;
    add_content(store, draft)?;
    let source = match (parsed.key, &draft.source) {
        (Some(key), _) => KeySource::Entered(key),
        (None, Source::Seed(name)) => KeySource::Seed(name.clone()),
        (None, _) => KeySource::Random,
    };
    let new = NewKey {
        kid,
        mode: draft.scheme.cipher_mode(),
        source,
    };
    store.insert(&new, draft.slot().as_slice())?;
    let info = store.info(&kid)?;
    Ok(Created { info, warnings })
}

/// The KID of a draft as a header would list it, with the checksum of the key where the scheme has one; None while there is no KID
/// or the key cannot be told. For [`preview`](super::preview::preview) while somebody types.
///
/// # Errors
/// When the store cannot be asked.
pub fn header_key_id(
    store: &KeyStore,
    draft: &Draft,
) -> Result<Option<HeaderKeyId<8>>, content_key_store::Error> {
    let kid = draft.kid.as_deref().and_then(|kid| kid::read(kid).ok());
    let Some(kid) = kid else { return Ok(None) };
    let has_checksum = draft.scheme.cipher_mode() == CipherMode::Ctr;
    match &draft.source {
        Source::Entered(text) if has_checksum => {
            let key = ContentKey::parse(text).ok();
            Ok(key.map(|key| HeaderKeyId::aes_ctr(kid, Some(&key))))
        }
        Source::Seed(name) if has_checksum => match store.header_key_id_of_seed(name, &kid) {
            Err(content_key_store::Error::NoSeed(_)) => Ok(None),
            found => found.map(Some),
        },
        Source::Random | Source::Entered(_) | Source::Seed(_) => {
            Ok(Some(HeaderKeyId::aes_ctr(kid, None)))
        }
    }
}

/// The store would add an unknown content by itself, but does not know its scheme.
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
    /// Where the key is for; None without content.
    fn slot(&self) -> Option<KeySlot> {
        Some(KeySlot {
            content_id: self.content.clone()?,
            label: self.label.clone(),
            period: self.period,
            mode: self.scheme.cipher_mode(),
        })
    }
}

impl Field {
    /// What the API calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kid => "kid",
            Self::Key => "key",
            Self::Seed => "seed",
            Self::Scheme => "scheme",
            Self::Content => "content",
            Self::Label => "label",
            Self::Period => "period",
        }
    }
}

impl Finding {
    /// Whether it keeps the key from being made.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests;
