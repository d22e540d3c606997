// SPDX-License-Identifier: MPL-2.0
//! Shows that the key store costs the same with one content as with 100,000: keys that exist, new keys, a page of the list,
//! the time line of a channel. The store is SQLite in the folder for temporary files.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark, of its own data"
)]

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::time::{Duration, Instant};

use cenc_types::CipherMode;
use content_key_store::{KekSource, KeySlot, KeyStore, Page};
use key_server::deliveries;

/// The numbers of contents in the store at which it is timed.
const SIZES: [usize; 6] = [1, 10, 100, 1000, 10_000, 100_000];
/// The number of times that each operation runs.
const TIMES: usize = 200;

fn slot(content: usize, period: u64) -> KeySlot {
    KeySlot {
        content_id: format!("content {content}"),
        label: "ALL".to_owned(),
        period,
        mode: CipherMode::Ctr,
    }
}

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

fn row(store: &KeyStore, contents: usize, fill: Duration) {
    // The turns are spread over all contents, not in their order.
    let some = |turn: usize| turn * 7919 % contents;
    let there = median(|turn| drop(store.get_or_create_key(&slot(some(turn), 0)).unwrap()));
    let period = u64::try_from(contents).unwrap();
    let new = median(|turn| {
        let period = period + u64::try_from(turn / contents).unwrap();
        drop(store.get_or_create_key(&slot(some(turn), period)).unwrap());
    });
    let page = |offset| Page { offset, limit: 50 };
    let first = median(|_| assert!(!store.content_list(page(0)).unwrap().is_empty()));
    let last = u64::try_from(contents - 1).unwrap();
    let last = median(|_| assert_eq!(store.content_list(page(last)).unwrap().len(), 1));
    let periods = median(|turn| {
        let id = slot(some(turn), 0).content_id;
        assert!(!deliveries::schedule(store, &id, 0..10).unwrap().is_empty());
    });
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let filled = micros(fill) / contents as f64;
    println!(
        "{contents:>8} {:>8.0} {:>8.0} {:>11.0} {:>10.0} {:>8.0} {filled:>10.0}",
        micros(there),
        micros(new),
        micros(first),
        micros(last),
        micros(periods)
    );
}

fn main() {
    let folder = std::env::temp_dir().join(format!("key-store-bench-{}", std::process::id()));
    // The store accepts no folder that other users may read.
    DirBuilder::new().mode(0o700).create(&folder).unwrap();
    let uri = format!("sqlite://{}", folder.join("keys.db").display());
    let store = KeyStore::open(
        &uri,
        &[KekSource::File(folder.join("kek"))],
        &host_access::Host::system(),
    )
    .unwrap();
    println!("microseconds, median of {TIMES}; the last column is the mean of filling it");
    println!("contents    there      new  first page  last page  periods   a content");
    let (mut filled, mut fill) = (0, Duration::ZERO);
    for contents in SIZES {
        let begin = Instant::now();
        for content in filled..contents {
            store.get_or_create_key(&slot(content, 0)).unwrap();
        }
        fill += begin.elapsed();
        filled = contents;
        row(&store, contents, fill);
    }
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
}
