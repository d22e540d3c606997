// SPDX-License-Identifier: MPL-2.0
//! Checks that lists stay quick in large stores: an index leads each statement and gives it its order.

use content_key_store::Value;
use test_support::query_plan::assert_indexed;

use crate::operations::test_store::TestStore;
use crate::{audit, deliveries, store_health};

/// SQLite's plan, a line for each step. It knows no figures of the tables, so that an empty store has the plan of a full one.
fn plan(of: &TestStore, sql: &str) -> Vec<String> {
    let explain: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
    let values: [Value; 2] = [1_i64, 0].map(Into::into);
    of.store
        .read(|transaction| transaction.run(explain, &values))
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
    let of = TestStore::new();
    for sql in [
        deliveries::FIRST_DUE,
        deliveries::GIVEN_UP,
        deliveries::OF_PERIODS,
        store_health::KEYS,
        store_health::PENDING,
        store_health::GIVEN_UP,
    ]
    .into_iter()
    .chain(
        audit::LISTS
            .into_iter()
            .chain(audit::LAST_EXAMINED)
            .flat_map(|list| [list.forward, list.backward]),
    ) {
        assert_indexed(sql, &plan(&of, sql));
    }
}
