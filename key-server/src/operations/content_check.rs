// SPDX-License-Identifier: MPL-2.0
//! Checks of a content's settings before they are stored.

use std::collections::HashSet;

use content_key_store::{Content, KeyStore, Page, crypto_period_column};
use content_keys::Selector;
use content_keys::speke::TrackRule;

use super::finding::{Finding, Findings};
use super::preview::check_header;
use crate::operations::Error;
use crate::targets::{self, TargetError};

/// The longest setting, in bytes.
const LONGEST: usize = 1 << 16;

/// Returns all findings about the settings of a content; its names are checked by the store.
///
/// # Errors
/// If the store fails.
pub fn check(
    store: &KeyStore,
    content: &Content,
) -> Result<Vec<Finding>, content_key_store::Error> {
    let mut findings = Findings::default();
    check_lengths(content, &mut findings);
    if let Some(Err(error)) = content.crypto_period.map(crypto_period_column) {
        findings.error("crypto_period", &error);
    }
    check_tracks(content, &mut findings);
    if let Err(error) = check_header(content) {
        findings.error(header_field(&error), &error);
    }
    let known = targets::list(store)?;
    for name in &content.targets {
        // Its deliveries would never be acknowledged, so the keys would never become active.
        if !known.iter().any(|target| target.name == *name) {
            findings.error("targets", &TargetError::NoTarget(name.clone()));
        }
    }
    check_mode(store, content, &mut findings)?;
    Ok(findings.0)
}

fn check_lengths(content: &Content, findings: &mut Findings) {
    for (field, text) in [
        ("la_url", &content.la_url),
        ("lui_url", &content.lui_url),
        ("custom_attributes", &content.custom_attributes),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| text.len() > LONGEST || text.contains('\0'))
        {
            findings.error(
                field,
                &"a setting is longer than 64 KiB or contains a NUL character: shorten or correct it",
            );
        }
    }
}

fn check_tracks(content: &Content, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for track in &content.tracks {
        if track.selector.parse::<Selector>().is_err() || !seen.insert(&track.selector) {
            findings.error(
                "tracks",
                &"each track has a selector of its own: *, video, audio, text, sd, hd, uhd1, uhd2, or track:N",
            );
        }
        if let Err(error) = TrackRule::from_label(&track.label) {
            findings.warning(
                "tracks",
                &format!("packagers cannot request the key of these tracks by SPEKE: {error}"),
            );
        }
    }
}

/// Warns of a change between AES-CTR and AES-CBC: the keys that the content has serve the other mode only.
fn check_mode(
    store: &KeyStore,
    content: &Content,
    findings: &mut Findings,
) -> Result<(), content_key_store::Error> {
    let before = match store.content(&content.id) {
        Err(content_key_store::Error::NoContent(_)) => return Ok(()),
        found => found?.scheme,
    };
    if before.cipher_mode() != content.scheme.cipher_mode()
        && !store.slots(&content.id, &Page::first(1))?.is_empty()
    {
        findings.warning(
            "scheme",
            &format!(
                "the content has keys of {before}, which {} cannot use: packagers will get new keys, and the others will not be shown; \
                 better give the content a new id for the other scheme",
                content.scheme
            ),
        );
    }
    Ok(())
}

/// Returns the field of a setting that no PlayReady Header can have.
fn header_field(error: &Error) -> &'static str {
    match error {
        Error::Setting { setting, .. } => match *setting {
            "LA_URL" => "la_url",
            "LUI_URL" => "lui_url",
            "DS_ID" => "ds_id",
            "CUSTOMATTRIBUTES" => "custom_attributes",
            _ => "header_version",
        },
        _ => "header_version",
    }
}
