// SPDX-License-Identifier: MPL-2.0
//! Query plans of lists, which must stay fast in large stores: each statement uses an index, and all but one take their order from it.

use cenc_types::KeyId;
use test_support::query_plan::{assert_indexed, scans};

use super::database::{Database, VERSION};
use super::{Purpose, content, list, sqlite, timeline};

/// SQLite's plan, a line for each step. It knows no figures of the tables, so that an empty store has the plan of a full one.
fn plan(database: &mut dyn Database, sql: &str) -> Vec<String> {
    database
        .run(
            format!("EXPLAIN QUERY PLAN {sql}").leak(),
            &[1, 0].map(Into::into),
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
    for sql in [
        by_kid,
        list::SLOTS,
        content::IDS,
        content::LIST,
        content::ROTATING,
        timeline::PERIODS,
        timeline::LAST,
    ]
    .into_iter()
    .chain(others)
    {
        assert_indexed(sql, &plan(&mut *database, sql));
    }
    // The keys of one content are sorted by their time; no other content's are looked at.
    let steps = plan(&mut *database, by_content);
    assert!(!steps.iter().any(|step| scans(step)), "{steps:?}");
    std::fs::remove_dir_all(folder).unwrap();
}
