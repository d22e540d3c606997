// SPDX-License-Identifier: MPL-2.0
//! Imports the keys of a CPIX document, for the tracks and crypto periods that its usage rules name.

use std::collections::{BTreeMap, BTreeSet};

use cenc_types::{KeyId, Scheme};
use content_key_store::{Content, KeySlot, KeyStore, NewKey, NewKeySource};
use content_keys::LeafLicence;
use cpix::{ContentKey, Document, EncryptionScheme, KeyData, RsaPrivateKey, UnwrapKey, UsageRule};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

use crate::operations::{Error, content};

/// The options of an import, for what a document leaves open.
#[derive(Clone, Copy, Default)]
pub struct Import<'a> {
    /// Decrypts the keys, where they are encrypted.
    pub private: Option<&'a dyn UnwrapKey>,
    /// The content to use instead of the one that the document names.
    pub content_id: Option<&'a str>,
    /// The scheme of keys for which the document names none; None for the scheme of the content.
    pub scheme: Option<Scheme>,
}

/// The result of an import.
#[derive(Debug)]
pub struct Imported {
    /// The content that has the keys now; None if neither the document nor the options name one.
    pub content_id: Option<String>,
    /// The keys, in the document's order.
    pub keys: Vec<ImportedKey>,
}

/// A key that was imported.
#[derive(Debug)]
pub struct ImportedKey {
    /// Its KID.
    pub kid: KeyId,
    /// True if the store had it already.
    pub was_there: bool,
    /// True if the document has a leaf licence of it.
    pub has_leaf_licence: bool,
    /// Other KIDs that have the same key, which security level 3000 does not allow.
    pub same_key: Vec<KeyId>,
}

/// Reads an RSA private key, PKCS #8 in PEM.
///
/// # Errors
/// [`Error::Pem`], or [`Error::Cpix`] for a key that cannot be used.
pub fn private_key(pem: &[u8]) -> Result<RsaPrivateKey, Error> {
    let key =
        PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| Error::Pem("PKCS #8 private key"))?;
    Ok(RsaPrivateKey::from_pkcs8(key.secret_pkcs8_der())?)
}

/// Reads and checks a document of CPIX 2.0 to 2.4, and inserts its keys one by one. A key that the store refuses ends the import;
/// the keys before it stay, and the same document may be imported again. Leaf licences for PlayReady are stored with their keys. A root
/// key without a value is left out, since it protects no samples.
///
/// # Errors
/// Errors of the document, before any key is inserted; errors of the store.
pub fn import(store: &KeyStore, bytes: &[u8], options: &Import<'_>) -> Result<Imported, Error> {
    let mut document = Document::from_bytes(bytes)?;
    document.refuse_signature()?;
    if let Some(private) = options.private {
        document.decrypt(private)?;
    }
    take_schemes_of_roots(&mut document);
    let content_id = options
        .content_id
        .map(str::to_owned)
        .or_else(|| document.content_id.clone());
    let known = known(store, content_id.as_deref())?;
    let keys = document
        .content_keys
        .iter()
        .map(|key| {
            let scheme = scheme(key, options, known.as_ref())?;
            Ok(CheckedKey {
                new: new_key(key, scheme)?,
                scheme,
                leaf_licence: LeafLicence::from_document(&document, key.kid),
                slots: match &content_id {
                    Some(id) => slots(&document, key.kid, id, scheme)?,
                    None => Vec::new(),
                },
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    if let (Some(id), None, Some(first)) = (&content_id, &known, keys.first()) {
        store.put_content(&Content::new(id, first.scheme))?;
    }
    Ok(Imported {
        keys: keys
            .into_iter()
            .map(|key| insert(store, &key))
            .collect::<Result<_, _>>()?,
        content_id,
    })
}

/// A key of the document, ready to be inserted.
struct CheckedKey {
    new: NewKey,
    scheme: Scheme,
    leaf_licence: Option<LeafLicence>,
    slots: Vec<KeySlot>,
}

/// Gives keys that depend on a root key its scheme, as CPIX 2.4 says, and removes root keys without a value.
fn take_schemes_of_roots(document: &mut Document) {
    let roots = document.roots();
    let schemes: BTreeMap<KeyId, EncryptionScheme> = document
        .content_keys
        .iter()
        .filter_map(|key| Some((key.kid, key.scheme.clone()?)))
        .collect();
    for key in &mut document.content_keys {
        let of_root = key.depends_on_key.and_then(|root| schemes.get(&root));
        key.scheme = key.scheme.take().or_else(|| of_root.cloned());
    }
    let is_root = |key: &ContentKey| roots.values().any(|root| *root == key.kid);
    document
        .content_keys
        .retain(|key| !(is_root(key) && matches!(key.data, KeyData::Absent)));
}

/// Returns the content if the store has it.
fn known(
    store: &KeyStore,
    content_id: Option<&str>,
) -> Result<Option<Content>, content_key_store::Error> {
    match content_id.map(|id| store.content(id)) {
        None | Some(Err(content_key_store::Error::NoContent(_))) => Ok(None),
        Some(found) => found.map(Some),
    }
}

fn insert(store: &KeyStore, key: &CheckedKey) -> Result<ImportedKey, content_key_store::Error> {
    let kid = key.new.kid;
    let inserted = store.insert(&key.new, &key.slots)?;
    if let Some(licence) = &key.leaf_licence {
        store.put_leaf_licence(&kid, licence)?;
    }
    Ok(ImportedKey {
        kid,
        has_leaf_licence: key.leaf_licence.is_some(),
        was_there: inserted.was_there,
        same_key: inserted.same_key,
    })
}

fn new_key(key: &ContentKey, scheme: Scheme) -> Result<NewKey, Error> {
    Ok(NewKey {
        kid: key.kid,
        mode: scheme.cipher_mode(),
        source: NewKeySource::Imported(cenc_types::ContentKey::copy_of(key.key()?.as_bytes())),
    })
}

fn scheme(
    key: &ContentKey,
    options: &Import<'_>,
    known: Option<&Content>,
) -> Result<Scheme, Error> {
    key.common_scheme()
        .or(options.scheme)
        .or(known.map(|content| content.scheme))
        .ok_or(Error::NoScheme(key.kid))
}

/// Returns the slots of a key, by each rule that names it. Without rules the only key of a document is for all tracks, and one of
/// several keys is for none.
fn slots(
    document: &Document,
    kid: KeyId,
    content_id: &str,
    scheme: Scheme,
) -> Result<Vec<KeySlot>, Error> {
    let slot = |label: &str, period| KeySlot {
        content_id: content_id.to_owned(),
        label: label.to_owned(),
        period,
        mode: scheme.cipher_mode(),
    };
    if document.usage_rules.is_empty() {
        return Ok(match document.content_keys.len() {
            1 => vec![slot(content::ALL, 0)],
            _ => Vec::new(),
        });
    }
    let mut slots = Vec::new();
    for rule in document.usage_rules.iter().filter(|rule| rule.kid == kid) {
        for period in periods(document, rule)? {
            slots.extend(labels(rule).into_iter().map(|label| slot(label, period)));
        }
    }
    Ok(slots)
}

fn labels(rule: &UsageRule) -> BTreeSet<&str> {
    match (&rule.intended_track_type, rule.labels.as_slice()) {
        (Some(name), _) => [name.as_str()].into(),
        (None, []) => [content::ALL].into(),
        (None, labels) => labels.iter().map(String::as_str).collect(),
    }
}

/// Returns the indexes of the crypto periods that a rule names; 0 if it names none.
fn periods(document: &Document, rule: &UsageRule) -> Result<BTreeSet<u64>, Error> {
    if rule.periods.is_empty() {
        return Ok([0].into());
    }
    rule.periods
        .iter()
        .map(|id| {
            document
                .periods
                .iter()
                .find(|period| period.id.as_ref() == Some(id))
                .and_then(|period| period.index)
                .ok_or_else(|| Error::NoIndex(id.clone()))
        })
        .collect()
}
