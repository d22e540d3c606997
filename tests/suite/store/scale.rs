// SPDX-License-Identifier: MPL-2.0
//! The key store costs the same with many contents as with few: lists at both ends, searches, new keys, rotation, export.
//!
//! The test compares the work of the statements, which SQLite counts. With `PLAYREADY_CONTENTS=100000` the larger store has that many
//! contents, and the test prints the times too: `cargo test --release --test suite store::scale -- --nocapture`.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use cenc_types::{CipherMode, Scheme};
use content_key_store::{
    Actor, Batcher, Content, ContentScope, KeyFilter, KeySlot, KeyState, KeyStore, Page, PageStart,
    SlotRequest,
};
use key_server::audit::{self, AuditFilter};
use key_server::operations::cpix_documents::{Recipient, export};
use key_server::operations::rotation::rotate_now;
use key_server::operations::timeline::timeline;
use key_server::store_health;

use super::place::{Place, places, sqlite};

/// The number of contents in the smaller store, and in the larger one unless `PLAYREADY_CONTENTS` has another.
const CONTENTS: [usize; 2] = [1_000, 4_000];
/// The keys of each content.
const KEYS: usize = 10;
/// The number of times that each operation runs.
const TIMES: usize = 21;
/// The number of requests that wait together while a store is filled.
const TOGETHER: usize = 64;

/// An operation, which gets the store and a number of a content.
struct Operation {
    name: &'static str,
    run: fn(&KeyStore, usize),
}

/// What an operation costs at the median.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// Steps of SQLite's virtual machine.
    steps: u64,
    time: Duration,
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

/// Runs an operation for contents that are spread over all, not in their order.
fn cost(store: &KeyStore, contents: usize, operation: &Operation) -> Cost {
    let mut costs: Vec<_> = (0..TIMES)
        .map(|turn| {
            let (steps, begin) = (store.steps(), Instant::now());
            (operation.run)(store, turn * 7919 % contents);
            Cost {
                steps: store.steps() - steps,
                time: begin.elapsed(),
            }
        })
        .collect();
    costs.sort_by_key(|cost| cost.steps);
    let steps = costs[TIMES / 2].steps;
    costs.sort_by_key(|cost| cost.time);
    Cost {
        steps,
        time: costs[TIMES / 2].time,
    }
}

fn fill(store: &KeyStore, contents: usize) {
    let mut channel = Content::new("channel", Scheme::Cenc);
    channel.crypto_period = Some(Duration::from_secs(86_400));
    store.put_content(&channel).unwrap();
    let batcher = Batcher::start(store).unwrap();
    let actor = Actor::new("packager", ContentScope::default()).unwrap();
    let (answer, answers) = mpsc::channel();
    for content in 0..contents {
        let wanted = (0..KEYS)
            .map(|key| SlotRequest {
                slot: slot(content, key),
                kid: None,
            })
            .collect();
        let answer = answer.clone();
        batcher.get_or_create_keys(&actor, wanted, move |made| answer.send(made).unwrap());
        if content >= TOGETHER {
            drop(answers.recv().unwrap().unwrap());
        }
    }
    drop((batcher, answer));
    answers.iter().for_each(|made| drop(made.unwrap()));
}

/// The costs of the operations in a store with contents, and the time of opening it again.
struct StoreCosts {
    operations: Vec<Cost>,
    start: Duration,
}

fn costs(place: &Place, contents: usize) -> StoreCosts {
    let store = place.open();
    fill(&store, contents);
    let operations = OPERATIONS
        .iter()
        .map(|operation| cost(&store, contents, operation))
        .collect();
    drop(store);
    let begin = Instant::now();
    drop(place.open());
    StoreCosts {
        operations,
        start: begin.elapsed(),
    }
}

#[expect(clippy::print_stdout, reason = "the figures are wanted")]
fn compare(contents: [usize; 2], [small, large]: [StoreCosts; 2]) {
    println!("{contents:?} contents of {KEYS} keys, median of {TIMES}: steps, microseconds");
    for (operation, (small, large)) in OPERATIONS
        .iter()
        .zip(small.operations.iter().zip(&large.operations))
    {
        println!(
            "{:<32} {:>8} {:>8} {:>8} {:>8}",
            operation.name,
            small.steps,
            large.steps,
            small.time.as_micros(),
            large.time.as_micros()
        );
        assert!(large.steps <= 2 * small.steps, "{}", operation.name);
    }
    println!("start {:?} {:?}", small.start, large.start);
}

#[test]
fn work_does_not_grow_with_the_number_of_contents() {
    let name = |contents| format!("store-scale-{contents}");
    let [few, many] = CONTENTS;
    match std::env::var("PLAYREADY_CONTENTS") {
        Err(_) => {
            let costs = CONTENTS.map(|contents| costs(&sqlite(&name(contents)), contents));
            compare([few, many], costs);
        }
        Ok(many) => {
            let many = many.parse().unwrap();
            for (small, large) in places(&name(few)).iter().zip(&places(&name(many))) {
                compare([few, many], [costs(small, few), costs(large, many)]);
            }
        }
    }
}
