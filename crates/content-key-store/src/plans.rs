// SPDX-License-Identifier: MPL-2.0
//! Query plans of lists, which must stay fast in large stores: each statement uses an index, and all but one take their order from it.

use cenc_types::KeyId;
use test_support::query_plan::{assert_indexed, scans};

use super::database::{Database, VERSION};
use super::page::BothWays;
use super::{Purpose, content_list, list, slot_list, sqlite, timeline};

/// SQLite's plan, a line for each step. It knows no figures of the tables, so that an empty store has the plan of a full one.
fn plan(database: &mut dyn Database, sql: &str) -> Vec<String> {
    database
        .run(
            format!("EXPLAIN QUERY PLAN {sql}").leak(),
            &[1_i64, 0].map(Into::into),
        )
        .unwrap()
        .into_iter()
        .map(|mut row| {
            for _ in ["id", "parent", "unused"] {
                row.int().unwrap();
            }
            row.text().unwrap()
        })
        .collect()
}

#[test]
fn no_list_scans_or_sorts_without_an_index() {
    let folder = std::env::temp_dir().join(
        KeyId::generate(&host_access::SystemRandom)
            .unwrap()
            .to_string(),
    );
    let mut database = sqlite::open(
        &folder.join("keys.db"),
        Purpose::Write,
        &host_access::SystemClock::default(),
    )
    .unwrap();
    database.begin_upgrade().unwrap();
    while database.version().unwrap() < VERSION {
        database.apply_next().unwrap();
    }
    let [by_kid, by_content, others @ ..] = list::KEYS;
    let lists = [
        by_kid,
        slot_list::SLOTS,
        content_list::IDS,
        content_list::LIST,
    ]
    .into_iter()
    .chain(others)
    .chain(list::LAST_EXAMINED);
    for sql in lists.flat_map(both).chain([
        content_list::WITH_LENGTH,
        content_list::NEXT_LENGTH,
        content_list::ROTATING,
        timeline::PERIODS,
        timeline::LAST,
    ]) {
        assert_indexed(sql, &plan(&mut *database, sql));
    }
    // The keys of one content are sorted by their time; no other content's are looked at.
    for sql in both(by_content) {
        let steps = plan(&mut *database, sql);
        assert!(!steps.iter().any(|step| scans(step)), "{steps:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn both(list: BothWays) -> [&'static str; 2] {
    [list.forward, list.backward]
}
