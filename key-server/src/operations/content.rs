// SPDX-License-Identifier: MPL-2.0
//! Facts of a content that several tasks need: its labels, its slots, and its current crypto period.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use content_key_store::{AssignedSlot, Content, KeySlot, KeyStore, Page};

/// The label of all tracks of a content without labels.
pub const ALL: &str = "ALL";

/// The slots that are read at a time.
const BATCH: u32 = 500;

/// Returns the labels of the tracks, each once.
pub fn labels(content: &Content) -> BTreeSet<&str> {
    match content.tracks.as_slice() {
        [] => [ALL].into(),
        tracks => tracks.iter().map(|track| track.label.as_str()).collect(),
    }
}

/// Returns the slot of a key in the content's cipher mode.
pub fn slot(content: &Content, label: &str, period: u64) -> KeySlot {
    KeySlot {
        content_id: content.id.clone(),
        label: label.to_owned(),
        period,
        mode: content.scheme.cipher_mode(),
    }
}

/// Returns the index of the crypto period at `now`, counted from 1970-01-01 UTC.
pub fn period_at(length: Duration, now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
        .checked_div(length.as_millis())
        .and_then(|index| u64::try_from(index).ok())
        .unwrap_or(u64::MAX)
}

/// Returns all slots of a content in its cipher mode, the last periods first.
///
/// # Errors
/// If the database fails.
pub fn slots(
    store: &KeyStore,
    content: &Content,
) -> Result<Vec<AssignedSlot>, content_key_store::Error> {
    let mut all = Vec::new();
    let mut page = Page::first(BATCH);
    loop {
        let found = store.slots(&content.id, &page)?;
        all.extend(found.entries);
        match found.next {
            Some(start) => page.start = start,
            None => break,
        }
    }
    all.retain(|assigned| assigned.slot.mode == content.scheme.cipher_mode());
    Ok(all)
}

/// Returns the slots of the content's last crypto period; none before the first key.
///
/// # Errors
/// If the database fails.
pub fn last_slots(
    store: &KeyStore,
    content: &Content,
) -> Result<Vec<AssignedSlot>, content_key_store::Error> {
    let mut slots = store.slots(&content.id, &Page::first(BATCH))?.entries;
    slots.retain(|assigned| assigned.slot.mode == content.scheme.cipher_mode());
    let last = slots.first().map(|assigned| assigned.slot.period);
    slots.retain(|assigned| Some(assigned.slot.period) == last);
    Ok(slots)
}
