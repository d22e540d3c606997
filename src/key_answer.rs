// SPDX-License-Identifier: MPL-2.0
//! The structures in which the application gives keys: those that a handler of `request-key` returns, and those that
//! `set-key` takes.
//!
//! A structure has the fields `key-id`, `key` (hex or base64) and optionally `iv` (hex) and `selector` (as in a key file), or `keys`, an
//! array of such structures. Optional fields are `pssh` (complete boxes in base64, separated by commas), `license-store` (base64: leaf
//! licences for this period) and `more` (true if structures with other keys of the period follow).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use cenc_types::{ContentKey, Iv, Pssh, decode_hex};
use content_keys::{KeyEntry, KeyRing, LineError, PeriodKeys};
use cpix::DrmSystem;

use super::key_subject::KeySubject;

/// The name of the structure that announces keys.
const PENDING: &str = "pending";

/// The reason why an answer is unusable. No variant holds a key.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error(
        "no handler answered request-key for {0}: return a structure with key-id and key, or one named pending and call set-key later"
    )]
    None(KeySubject),
    #[error(
        "set-key did not give the keys of {subject} within {limit:?} after request-key: call it earlier, or set key-timeout to a \
         longer time"
    )]
    Late {
        subject: KeySubject,
        limit: std::time::Duration,
    },
    #[error("the answer to request-key has no text field '{0}'")]
    Missing(&'static str),
    #[error("the answer to request-key: {0}")]
    Key(#[from] LineError),
    #[error("the answer to request-key: field '{0}' is not base64")]
    Base64(&'static str),
}

/// True if a handler says that `set-key` will give the keys.
pub(super) fn is_pending(answer: &gst::StructureRef) -> bool {
    answer.name() == PENDING
}

/// True if structures with other keys of the period follow.
pub(super) fn has_more(answer: &gst::StructureRef) -> bool {
    answer.get("more").unwrap_or(false)
}

/// Adds the keys and the signaling of a structure to those of the period.
///
/// # Errors
/// Any but [`AnswerError::None`] and [`AnswerError::Late`].
pub(super) fn add(answer: &gst::StructureRef, period: &mut PeriodKeys) -> Result<(), AnswerError> {
    match answer.get::<gst::Array>("keys") {
        Ok(several) => {
            for value in several.iter() {
                let key = value
                    .get::<&gst::StructureRef>()
                    .map_err(|_| AnswerError::Missing("keys"))?;
                add_key(key, period)?;
            }
        }
        Err(_) => add_key(answer, period)?,
    }
    let boxes = text(answer, "pssh").unwrap_or_default();
    for pssh in boxes.split(',').filter(|pssh| !pssh.is_empty()) {
        let system = read_system(&base64("pssh", pssh)?, &period.keys)?;
        period.systems.push(system);
    }
    if let Some(store) = text(answer, "license-store") {
        period.license_store = Some(base64("license-store", &store)?);
    }
    Ok(())
}

/// Adds a key, and its root key if it has one.
fn add_key(key: &gst::StructureRef, period: &mut PeriodKeys) -> Result<(), AnswerError> {
    let entry = read_entry(key)?;
    if let Some(root) = text(key, "root-key-id") {
        let root = root.parse().map_err(LineError::Value)?;
        period.roots.insert(entry.kid, root);
    }
    period.keys.add(entry)?;
    Ok(())
}

/// Reads a complete `pssh` box that belongs to the keys.
fn read_system(whole: &[u8], keys: &KeyRing) -> Result<DrmSystem, AnswerError> {
    let pssh = Pssh::from_bytes(whole).map_err(|_| AnswerError::Missing("pssh"))?;
    let first = keys.entries().first().ok_or(AnswerError::Missing("key"))?;
    let mut system = DrmSystem::new(pssh.system_id, first.kid);
    system.pssh = Some(whole.to_vec());
    Ok(system)
}

fn read_entry(key: &gst::StructureRef) -> Result<KeyEntry, AnswerError> {
    let given = |name| text(key, name).ok_or(AnswerError::Missing(name));
    let secret = Zeroizing::new(given("key")?);
    let iv = text(key, "iv").map(|iv| {
        let bytes = decode_hex(&iv).ok_or(cenc_types::Error::BadIv)?;
        Iv::new(&bytes)
    });
    let selector = text(key, "selector");
    Ok(KeyEntry {
        selector: selector.as_deref().unwrap_or("*").parse()?,
        kid: given("key-id")?.parse().map_err(LineError::Value)?,
        key: ContentKey::parse(&secret).map_err(LineError::Value)?,
        iv: iv.transpose().map_err(LineError::Value)?,
        period: None,
    })
}

fn text(structure: &gst::StructureRef, name: &str) -> Option<String> {
    structure.get(name).ok()
}

fn base64(name: &'static str, text: &str) -> Result<Vec<u8>, AnswerError> {
    STANDARD
        .decode(text.trim())
        .map_err(|_| AnswerError::Base64(name))
}
