// SPDX-License-Identifier: MPL-2.0
//! The key store, each test over every back end that is built in. PostgreSQL is started for it, as a server of its own.

/// Who may use a service over the store, and by which tokens.
mod accounts;
/// Answers to requests that may come again.
mod answers;
/// What the audit shows.
mod audit;
/// Many keys and many requests at once.
mod batch;
/// Settings, seeds, lists and notes.
mod books;
/// Keys on their way to a licence server.
mod handoff;
/// Key-encryption keys and re-wrapping.
mod kek;
/// Stores of earlier versions.
mod migration;
/// Deliveries to licence servers, as the store keeps them.
mod outbox;
/// Where the tests keep their stores.
mod place;
/// What only PostgreSQL has.
#[cfg(feature = "postgres")]
mod postgres;
/// Many processes, and processes that are killed.
mod processes;
/// Targets that are entered by hand, and which networks they may be in.
mod reach;
/// A licence server for the tests.
mod receiver;
/// What the database itself refuses.
mod rules;
/// Licence servers, as the store knows them.
mod targets;
/// Keys over time, contents and numbers.
mod timeline;
/// Random writes, and whether they are kept.
mod writes;

use cenc_types::{CipherMode, ContentKey, KeyId};
use content_key_store::{KeySlot, KeySource, NewKey, Page};
#[cfg(feature = "postgres")]
use test_support::postgres_server as server;
use zeroize::Zeroizing;

pub const ALL: Page = Page {
    offset: 0,
    limit: 100_000,
};

pub fn slot(content: &str, period: u64) -> KeySlot {
    KeySlot {
        content_id: content.to_owned(),
        label: "video".to_owned(),
        period,
        mode: CipherMode::Ctr,
    }
}

/// A key from elsewhere, and what it is.
pub fn new_key(mode: CipherMode) -> (NewKey, [u8; 16]) {
    let key = ContentKey::generate(&host_access::SystemRandom).unwrap();
    let bytes = *key.as_bytes();
    let new = NewKey {
        kid: KeyId::generate(&host_access::SystemRandom).unwrap(),
        mode,
        source: KeySource::Imported(key),
    };
    (new, bytes)
}

pub fn imported(bytes: [u8; 16]) -> KeySource {
    KeySource::Imported(ContentKey::from_bytes(Zeroizing::new(bytes)))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
