// SPDX-License-Identifier: MPL-2.0
//! The key store: each test runs on every back end that is built in. For PostgreSQL it starts a server of its own.

/// The users of a service over the store, and their tokens.
mod accounts;
/// Answers that are kept for repeated requests.
mod answers;
/// The entries of the audit.
mod audit;
/// Many keys and many requests at once.
mod batch;
/// Settings, seeds, lists and notes.
mod books;
/// Keys on their way to a licence server.
mod handoff;
/// Key-encryption keys and re-wrapping.
mod kek;
/// Leaf licences of keys.
mod leaf_licences;
/// Actors that are limited to contents.
mod limited;
/// Stores that an earlier version wrote.
mod migration;
/// Deliveries to licence servers in the store.
mod outbox;
/// Damaged pages of a store in a file.
mod pages;
/// PgBouncer between the store and PostgreSQL.
#[cfg(feature = "postgres")]
mod pgbouncer;
/// The databases and folders of the tests.
mod place;
/// Properties of PostgreSQL alone.
#[cfg(feature = "postgres")]
mod postgres;
/// Many processes, and processes that are killed.
mod processes;
/// Targets that an operator enters, and the networks in which they may be.
mod reach;
/// A licence server for the tests.
mod receiver;
/// Backups and copies.
mod restore;
/// Rules that the database itself enforces.
mod rules;
/// Stores with many contents.
mod scale;
/// Several servers of one store.
mod shared_store;
/// Rows that other programs change in the database.
mod signed_rows;
/// The states of a key, and who gets it in each.
mod states;
/// Licence servers in the store.
mod targets;
/// Keys over time, contents and numbers.
mod timeline;
/// Random writes, and a check that they are kept.
mod writes;

use cenc_types::{CipherMode, ContentKey, KeyId};
use content_key_store::{KeySlot, NewKey, NewKeySource, Page};
#[cfg(feature = "postgres")]
use test_support::postgres_server as server;
use zeroize::Zeroizing;

pub const ALL: Page = Page::first(100_000);

pub fn slot(content: &str, period: u64) -> KeySlot {
    KeySlot {
        content_id: content.to_owned(),
        label: "video".to_owned(),
        period,
        mode: CipherMode::Ctr,
    }
}

/// A key from another source, and its bytes.
pub fn new_key(mode: CipherMode) -> (NewKey, [u8; 16]) {
    let key = ContentKey::generate(&host_access::SystemRandom).unwrap();
    let bytes = *key.as_bytes();
    let new = NewKey {
        kid: KeyId::generate(&host_access::SystemRandom).unwrap(),
        mode,
        source: NewKeySource::Imported(key),
    };
    (new, bytes)
}

pub fn imported(bytes: [u8; 16]) -> NewKeySource {
    NewKeySource::Imported(ContentKey::from_bytes(Zeroizing::new(bytes)))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
