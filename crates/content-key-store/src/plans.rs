// SPDX-License-Identifier: MPL-2.0
//! Whether lists stay quick in large stores: each statement is led by an index, and all but one have their order from it.

use cenc_types::KeyId;

use super::database::Database;
use super::{audit_list, content, health, list, outbox, sqlite, timeline};

/// SQLite's plan, a line for each step. It knows no figures of the tables, so that an empty store has the plan of a full one.
fn plan(database: &mut dyn Database, sql: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {sql}").leak();
    let values = [1, 0].map(Into::into);
    let rows = database.run(explain, &values).unwrap();
    let steps = rows.into_iter().map(|mut row| {
        for _ in ["id", "parent", "unused"] {
            row.int().unwrap();
        }
        row.text().unwrap()
    });
    steps.collect()
}

fn scans(step: &str) -> bool {
    step.starts_with("SCAN") && !step.contains("INDEX")
}

/// "TEMP B-TREE FOR LAST TERM" sorts only among rows that are equal in the terms before it.
fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE") && !step.contains("LAST")
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
        &host_access::SystemClock::default(),
    )
    .unwrap();
    let [by_kid, by_content, others @ ..] = list::KEYS;
    let lists = [
        by_kid,
        list::SLOTS,
        content::IDS,
        content::LIST,
        content::ROTATING,
        timeline::PERIODS,
        timeline::DELIVERIES,
        timeline::LAST,
        health::KEYS,
        health::PENDING,
        health::GIVEN_UP,
        outbox::GIVEN_UP,
    ];
    let lists = lists.into_iter().chain(others);
    for sql in lists.chain(audit_list::LISTS) {
        let steps = plan(&mut *database, sql);
        let is_slow = steps.iter().any(|step| scans(step) || sorts(step));
        assert!(!is_slow, "{sql}: {steps:?}");
    }
    // The keys of one content are sorted by their time; no other content's are looked at.
    let steps = plan(&mut *database, by_content);
    assert!(!steps.iter().any(|step| scans(step)), "{steps:?}");
    std::fs::remove_dir_all(folder).unwrap();
}
