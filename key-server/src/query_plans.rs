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

/// Checks that no statement of a list reads or sorts a whole table.
fn check(mut plan: impl FnMut(&str) -> Vec<String>) {
    let audit = audit::LISTS
        .into_iter()
        .chain(audit::LAST_EXAMINED)
        .flat_map(|list| [list.forward, list.backward]);
    for sql in [
        deliveries::FIRST_DUE,
        deliveries::GIVEN_UP,
        deliveries::OF_PERIODS,
        store_health::KEYS,
        store_health::PENDING,
        store_health::GIVEN_UP,
    ]
    .into_iter()
    .chain(audit)
    {
        assert_indexed(sql, &plan(sql));
    }
}

#[test]
fn no_list_scans_or_sorts_without_an_index() {
    let of = TestStore::new();
    check(|sql| plan(&of, sql));
}

#[cfg(feature = "postgres")]
#[test]
fn no_list_of_postgresql_scans_or_sorts_without_an_index() {
    let test = "key-server::query_plans";
    let Some(server) = test_support::postgres_server::PostgresServer::shared(test) else {
        return;
    };
    let uri = server.new_database();
    let _made = TestStore::at(&uri);
    let mut client = postgres::Client::connect(&uri, postgres::NoTls).unwrap();
    check(|sql| test_support::query_plan::postgres_steps(&mut client, sql));
}
