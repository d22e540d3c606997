// SPDX-License-Identifier: MPL-2.0
//! Shows that the key store costs the same with 1,000 contents as with 100,000, each with ten keys: lists at both ends, searches, new keys,
//! rotation, export, start. The store is SQLite in the folder for temporary files.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark, of its own data"
)]

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, Instant};

use cenc_types::{CipherMode, Scheme};
use content_key_store::{
    Content, KekSource, KeyFilter, KeySlot, KeyState, KeyStore, Page, PageStart, SlotRequest,
};
use key_server::audit::{self, AuditFilter};
use key_server::operations::cpix_documents::{Recipient, export};
use key_server::operations::rotation::rotate_now;
use key_server::operations::timeline::timeline;
use key_server::store_health;

/// The numbers of contents at which the store is timed.
const SIZES: [usize; 2] = [1_000, 100_000];
/// The keys of each content.
const KEYS: usize = 10;
/// The number of times that each operation runs.
const TIMES: usize = 200;

/// An operation, which gets the store and a number of a content.
struct Operation {
    name: &'static str,
    run: fn(&KeyStore, usize),
}

/// A place in which stores are made.
struct Place<'a> {
    folder: &'a Path,
}

impl Place<'_> {
    fn open(&self) -> KeyStore {
        let uri = format!("sqlite://{}", self.folder.join("keys.db").display());
        let kek = KekSource::File(self.folder.join("kek"));
        KeyStore::open(&uri, &[kek], &host_access::Host::system()).unwrap()
    }
}

fn id(content: usize) -> String {
    format!("content {content:06}")
}

fn slot(content: usize, key: usize) -> KeySlot {
    KeySlot {
        content_id: id(content),
        label: format!("T{key}"),
        period: 0,
        mode: CipherMode::Ctr,
    }
}

fn last() -> Page {
    Page {
        limit: 50,
        start: PageStart::Last,
    }
}

fn keys(store: &KeyStore, filter: &KeyFilter, page: &Page) {
    assert!(!store.keys(filter, page).unwrap().is_empty());
}

const OPERATIONS: [Operation; 15] = [
    Operation {
        name: "a key that is there",
        run: |store, content| drop(store.get_or_create_key(&slot(content, 3)).unwrap()),
    },
    Operation {
        name: "contents, first page",
        run: |store, _| assert_eq!(store.content_list(&Page::first(50)).unwrap().len(), 50),
    },
    Operation {
        name: "contents, last page",
        run: |store, _| assert_eq!(store.content_list(&last()).unwrap().len(), 50),
    },
    Operation {
        name: "keys, first page",
        run: |store, _| keys(store, &KeyFilter::default(), &Page::first(50)),
    },
    Operation {
        name: "keys, last page",
        run: |store, _| keys(store, &KeyFilter::default(), &last()),
    },
    Operation {
        name: "keys by state, last page",
        run: |store, _| {
            let state = Some(KeyState::Planned);
            keys(
                store,
                &KeyFilter {
                    state,
                    ..KeyFilter::default()
                },
                &last(),
            );
        },
    },
    Operation {
        name: "keys by label, last page",
        run: |store, _| {
            let label = Some("T3".to_owned());
            keys(
                store,
                &KeyFilter {
                    label,
                    ..KeyFilter::default()
                },
                &last(),
            );
        },
    },
    Operation {
        name: "search by KID",
        run: |store, content| {
            let kid = store.kid_of(&slot(content, 3)).unwrap();
            keys(
                store,
                &KeyFilter {
                    kid,
                    ..KeyFilter::default()
                },
                &Page::first(50),
            );
        },
    },
    Operation {
        name: "a content's crypto periods",
        run: |store, content| {
            let now = store.host().clock.system_time();
            let page = Page::first(60);
            assert_eq!(
                timeline(store, &id(content), now, &page)
                    .unwrap()
                    .periods
                    .len(),
                1
            );
        },
    },
    Operation {
        name: "figures of the store",
        run: |store, _| assert!(!store_health::look(store).unwrap().keys.is_empty()),
    },
    Operation {
        name: "audit, last page",
        run: |store, _| {
            let filter = AuditFilter::default();
            assert_eq!(audit::list(store, &filter, &last()).unwrap().len(), 50);
        },
    },
    Operation {
        name: "audit of an action, last page",
        run: |store, _| {
            let action = Some("keys of".to_owned());
            let filter = AuditFilter {
                action,
                ..AuditFilter::default()
            };
            assert_eq!(audit::list(store, &filter, &last()).unwrap().len(), 50);
        },
    },
    Operation {
        name: "rotation of a channel",
        run: |store, _| assert_eq!(rotate_now(store, "channel").unwrap().len(), 1),
    },
    Operation {
        name: "export of a content",
        run: |store, content| {
            let reason = "a benchmark".to_owned();
            let recipient = Recipient::Clear { reason };
            let exported = export(store, &id(content), &recipient, cpix::Version::V2_3);
            assert_eq!(exported.unwrap().kids.len(), KEYS);
        },
    },
    Operation {
        name: "a new key",
        run: |store, content| {
            let mut slot = slot(content, 0);
            slot.content_id.push_str(" new");
            assert!(store.get_or_create_key(&slot).unwrap().is_new);
        },
    },
];

/// The median time of `work`, which gets the number of the run.
fn median(mut work: impl FnMut(usize)) -> Duration {
    let mut times: Vec<_> = (0..TIMES)
        .map(|turn| {
            let begin = Instant::now();
            work(turn);
            begin.elapsed()
        })
        .collect();
    times.sort();
    *times.get(TIMES / 2).unwrap()
}

/// Makes a store with contents, and times the operations in microseconds.
fn times(contents: usize) -> Vec<u128> {
    let name = format!("key-store-bench-{}-{contents}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    // The store accepts no folder that other users may read.
    DirBuilder::new().mode(0o700).create(&folder).unwrap();
    let place = Place { folder: &folder };
    let store = place.open();
    let mut channel = Content::new("channel", Scheme::Cenc);
    channel.crypto_period = Some(Duration::from_secs(86_400));
    store.put_content(&channel).unwrap();
    for content in 0..contents {
        let wanted: Vec<_> = (0..KEYS)
            .map(|key| SlotRequest {
                slot: slot(content, key),
                kid: None,
            })
            .collect();
        drop(store.get_or_create_keys(&wanted).unwrap());
    }
    // The turns are spread over all contents, not in their order.
    let mut times: Vec<_> = OPERATIONS
        .iter()
        .map(|operation| median(|turn| (operation.run)(&store, turn * 7919 % contents)))
        .collect();
    drop(store);
    times.push(median(|_| drop(place.open())));
    std::fs::remove_dir_all(&folder).unwrap();
    times.iter().map(Duration::as_micros).collect()
}

fn main() {
    let [small, large] = SIZES.map(times);
    println!(
        "microseconds, median of {TIMES}, in stores of {SIZES:?} contents with {KEYS} keys each"
    );
    let names = OPERATIONS.iter().map(|operation| operation.name);
    for ((name, small), large) in names.chain(["start"]).zip(small).zip(large) {
        println!("{name:<32} {small:>8} {large:>8}");
    }
}
