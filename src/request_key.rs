// SPDX-License-Identifier: MPL-2.0
//! Keys from the application, by the signal `request-key`.
//!
//! Asked is a structure `playready-key-request` with `period` (guint64, from 0). The answer is a structure of any name with
//! `key-id`, `key` (hex or base64) and, if wanted, `iv` (hex); or with `keys`, an array of such structures with a `selector`
//! each, as in a key file. Beside them `pssh` (whole boxes in base64, separated by commas) and `license-store` (base64: leaf
//! licences for this period) may stand.

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

/// The application, by way of the element that asks it.
pub(super) struct RequestedKeys(glib::WeakRef<gst::Element>);

/// What is wrong with an answer. No variant holds a key.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error(
        "nobody answered request-key for crypto period {0}: return a structure with key-id and key"
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

    fn ask(&self, period: u64) -> Result<PeriodKeys, AnswerError> {
        let question = gst::Structure::builder("playready-key-request")
            .field("period", period)
            .build();
        let element = self.0.upgrade().ok_or(AnswerError::None(period))?;
        let answer: Option<gst::Structure> = element.emit_by_name(REQUEST_KEY, &[&question]);
        let answer = answer.ok_or(AnswerError::None(period))?;
        read(&answer)
    }
}

impl KeyProvider for RequestedKeys {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        let keys = self.ask(period);
        Ok(Arc::new(keys.map_err(|error| {
            content_keys::Error::Source(Box::new(error))
        })?))
    }
}

fn read(answer: &gst::StructureRef) -> Result<PeriodKeys, AnswerError> {
    let mut keys = KeyRing::default();
    match answer.get::<gst::Array>("keys") {
        Ok(several) => {
            for value in several.iter() {
                let one = value.get::<gst::Structure>();
                let one = one.map_err(|_| AnswerError::Missing("keys"))?;
                keys.add(entry(&one)?)?;
            }
        }
        Err(_) => keys.add(entry(answer)?)?,
    }
    let boxes = text(answer, "pssh");
    let boxes = boxes.iter().flat_map(|boxes| boxes.split(','));
    let systems = boxes.map(|whole| given(&base64("pssh", whole)?, &keys));
    let license_store = text(answer, "license-store");
    let license_store = license_store.map(|store| base64("license-store", &store));
    let systems = systems.collect::<Result<_, _>>()?;
    Ok(PeriodKeys {
        keys,
        systems,
        license_store: license_store.transpose()?,
        ..PeriodKeys::default()
    })
}

/// A whole `pssh` box of the keys.
fn given(whole: &[u8], keys: &KeyRing) -> Result<DrmSystem, AnswerError> {
    let pssh = Pssh::from_bytes(whole).map_err(|_| AnswerError::Missing("pssh"))?;
    let first = keys.entries().first().ok_or(AnswerError::Missing("key"))?;
    let mut system = DrmSystem::new(pssh.system_id, first.kid);
    system.pssh = Some(whole.to_vec());
    Ok(system)
}

fn entry(key: &gst::StructureRef) -> Result<KeyEntry, AnswerError> {
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
    let bytes = STANDARD.decode(text.trim());
    bytes.map_err(|_| AnswerError::Base64(name))
}
