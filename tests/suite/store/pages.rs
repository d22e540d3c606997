// SPDX-License-Identifier: MPL-2.0
//! Pages of a store's file that are damaged, one after the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cenc_types::Scheme;
use content_key_store::{Content, Error, KeyStore, SlotRequest, StoreFault};
use key_server::accounts::{self, AccountSettings, Role};
use key_server::targets::{self, TargetSettings};
use key_server::tokens;
use playready_header::KeySeed;

use super::place::{Place, sqlite};
use super::slot;

/// Enough keys for tables and indexes of several pages.
const KEYS: u64 = 60;
/// The byte of a database's header from which the size of its pages starts (SQLite's file format, 1.3).
const PAGE_SIZE: std::ops::Range<usize> = 16..18;

/// A way to damage a page.
struct Damage {
    name: &'static str,
    /// Gets the page and the one after it.
    harm: fn(&mut [u8], &[u8]),
}

const DAMAGES: [Damage; 4] = [
    Damage {
        name: "all zero",
        harm: |page, _| page.fill(0),
    },
    Damage {
        name: "inverted",
        harm: |page, _| page.iter_mut().for_each(|byte| *byte = !*byte),
    },
    Damage {
        name: "half written",
        harm: |page, _| {
            let middle = page.len() / 2;
            page[middle..].fill(0);
        },
    },
    Damage {
        name: "another page",
        harm: |page, next| page.copy_from_slice(next),
    },
];

/// What a store answers.
#[derive(PartialEq)]
struct Answers {
    keys: Vec<[u8; 16]>,
    content: Content,
    target: TargetSettings,
    credentials: String,
    roles: BTreeSet<Role>,
}

fn requests() -> Vec<SlotRequest> {
    (0..KEYS)
        .map(|period| SlotRequest {
            slot: slot("channel", period),
            kid: None,
        })
        .collect()
}

fn answers(store: &KeyStore) -> Option<Answers> {
    let keys = store.get_or_create_keys(&requests()).ok()?;
    let account = accounts::get(store, "rack").ok()?;
    Some(Answers {
        keys: keys.iter().map(|key| *key.key.as_bytes()).collect(),
        content: store.content("channel").ok()?,
        target: targets::get(store, "licences").ok()?,
        credentials: targets::credentials(store, "licences").ok()??.to_string(),
        roles: account.roles,
    })
}

fn fill(store: &KeyStore) {
    let mut content = Content::new("channel", Scheme::Cenc);
    content.la_url = Some("https://licences.example/".to_owned());
    store.put_content(&content).unwrap();
    let seed = KeySeed::from_bytes(&[7; 30]).unwrap();
    store.put_seed("old", &seed).unwrap();
    let target = TargetSettings {
        name: "licences".to_owned(),
        url: "https://licences.example/keys".to_owned(),
        certificate: None,
        ca: None,
        timeout: std::time::Duration::from_secs(5),
        has_credentials: false,
    };
    targets::put(store, &target, Some("bearer correct-horse-battery-staple")).unwrap();
    accounts::put(
        store,
        "rack",
        &AccountSettings::with_roles([Role::Packager]),
    )
    .unwrap();
    tokens::issue(store, "rack", "rack 1", None).unwrap();
    store.get_or_create_keys(&requests()).unwrap();
}

/// Checks all of a store, as `store verify` does.
fn verify(store: &KeyStore) -> Result<(), Error> {
    store.verify_secrets()?;
    store.verify_rows()?;
    store.verify_audit().map(drop)
}

fn open(place: &Place) -> Result<KeyStore, Error> {
    KeyStore::open(&place.uri, &[place.kek()], &host_access::Host::system())
}

/// Puts the file of a store back as it was.
fn put_back(path: &Path, file: &[u8]) {
    for ending in ["-wal", "-shm"] {
        // They are there only while the store is open.
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
    fs::write(path, file).unwrap();
}

#[test]
fn damage_to_any_page_is_found_and_changes_no_answer() {
    let place = sqlite("store-pages");
    let store = place.open();
    fill(&store);
    let before = answers(&store).unwrap();
    drop(store);
    let path = place.sqlite_path();
    let record = fs::read_dir(place.scratch.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (fs::read(&path).unwrap(), path))
        .collect::<Vec<_>>();
    let whole = fs::read(&path).unwrap();
    let all = rows(&path).unwrap();
    let size: usize = u16::from_be_bytes(whole[PAGE_SIZE].try_into().unwrap()).into();
    let pages = whole.len() / size;
    assert!(pages > 40, "{pages}");
    for page in 0..pages {
        for Damage { name, harm } in DAMAGES {
            let mut file = whole.clone();
            let next = (page + 1) % pages * size;
            let next = whole[next..next + size].to_vec();
            harm(&mut file[page * size..][..size], &next);
            if file == whole {
                continue;
            }
            put_back(&path, &file);
            for (bytes, path) in &record {
                fs::write(path, bytes).unwrap();
            }
            let Ok(store) = open(&place) else { continue };
            // A page that is free has nothing to find. The check takes an empty table for an empty index, but no statement does.
            if verify(&store).is_ok()
                && let Ok(rows) = rows(&path)
            {
                assert!(rows == all, "page {page}, {name}: not found");
            }
            if let Some(found) = answers(&store) {
                assert!(found == before, "page {page}, {name}: other answers");
            }
        }
    }
}

/// All rows of all tables.
fn rows(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = rusqlite::Connection::open(path)?;
    let list = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        statement
            .query_map([], |row| {
                (0..columns)
                    .map(|column| Ok(format!("{:?}", row.get_ref(column)?)))
                    .collect::<rusqlite::Result<String>>()
            })?
            .collect()
    };
    let tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let mut rows = Vec::new();
    for table in tables {
        rows.extend(list(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?);
    }
    Ok(rows)
}

#[test]
fn damage_that_a_request_finds_stops_all_changes() {
    let place = sqlite("store-damaged");
    let store = place.open();
    fill(&store);
    drop(store);
    let path = place.sqlite_path();
    let whole = fs::read(&path).unwrap();
    // Opening reads the first table only.
    let store = place.open();
    let mut file = whole.clone();
    let size: usize = u16::from_be_bytes(whole[PAGE_SIZE].try_into().unwrap()).into();
    file[size..].fill(0);
    fs::write(&path, &file).unwrap();
    let found = store.get_or_create_keys(&requests()).err().unwrap();
    let text = found.to_string();
    assert!(found.is_temporary(), "{text}");
    assert!(matches!(found, Error::DamagedFile { .. }), "{text}");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains("restore a backup"), "{text}");
    let later = store.put_content(&Content::new("b", Scheme::Cenc));
    let later = later.err().unwrap();
    assert!(
        matches!(later, Error::Changed(StoreFault::Damaged(_))),
        "{later}"
    );
    let later = store.checked_at(&place.uri).check().err().unwrap();
    assert!(
        matches!(later, Error::Changed(StoreFault::Damaged(_))),
        "{later}"
    );
}
