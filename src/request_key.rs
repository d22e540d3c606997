// SPDX-License-Identifier: MPL-2.0
//! Keys from the application, by the signal `request-key`.
//!
//! The argument of the signal is a structure `playready-key-request` with the field `period` (guint64, from 0). The answer is a
//! structure of any name with the fields `key-id`, `key` (hex or base64) and optionally `iv` (hex), or with `keys`, an array of
//! such structures that each have a `selector` as in a key file. Optional fields are `pssh` (complete boxes in base64, separated
//! by commas) and `license-store` (base64: leaf licences for this period).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gst::glib;
use gst::prelude::*;
use zeroize::Zeroizing;

use cenc_types::{ContentKey, Iv, Pssh, decode_hex};
use content_keys::{KeyEntry, KeyProvider, KeyRing, LineError, PeriodKeys};
use cpix::DrmSystem;

/// The signal's name.
pub(super) const REQUEST_KEY: &str = "request-key";

/// The source of keys that emits `request-key` on an element.
pub(super) struct RequestedKeys(glib::WeakRef<gst::Element>);

/// The reason why an answer is unusable. No variant holds a key.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error(
        "no handler answered request-key for crypto period {0}: return a structure with key-id and key"
    )]
    None(u64),
    #[error("the answer to request-key has no text field '{0}'")]
    Missing(&'static str),
    #[error("the answer to request-key: {0}")]
    Key(#[from] LineError),
    #[error("the answer to request-key: field '{0}' is not base64")]
    Base64(&'static str),
}

impl RequestedKeys {
    pub(super) fn of(element: &gst::Element) -> Self {
        Self(element.downgrade())
    }

    fn request(&self, period: u64) -> Result<PeriodKeys, AnswerError> {
        let request = gst::Structure::builder("playready-key-request")
            .field("period", period)
            .build();
        self.0
            .upgrade()
            .and_then(|element| {
                element.emit_by_name::<Option<gst::Structure>>(REQUEST_KEY, &[&request])
            })
            .ok_or(AnswerError::None(period))
            .and_then(|answer| read_answer(&answer))
    }
}

impl KeyProvider for RequestedKeys {
    fn takes_first_iv(&self) -> bool {
        true
    }

    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        self.request(period)
            .map(Arc::new)
            .map_err(|error| content_keys::Error::Source(Box::new(error)))
    }
}

fn read_answer(answer: &gst::StructureRef) -> Result<PeriodKeys, AnswerError> {
    let mut keys = KeyRing::default();
    match answer.get::<gst::Array>("keys") {
        Ok(several) => {
            for value in several.iter() {
                let key = value
                    .get::<gst::Structure>()
                    .map_err(|_| AnswerError::Missing("keys"))?;
                keys.add(read_entry(&key)?)?;
            }
        }
        Err(_) => keys.add(read_entry(answer)?)?,
    }
    Ok(PeriodKeys {
        systems: text(answer, "pssh")
            .iter()
            .flat_map(|boxes| boxes.split(','))
            .map(|pssh| read_system(&base64("pssh", pssh)?, &keys))
            .collect::<Result<_, _>>()?,
        license_store: text(answer, "license-store")
            .map(|store| base64("license-store", &store))
            .transpose()?,
        keys,
        ..PeriodKeys::default()
    })
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
