// SPDX-License-Identifier: MPL-2.0
//! Query plans of lists, which must stay fast in large stores: each statement uses an index, and all but one take their order from it.

use cenc_types::KeyId;
use test_support::query_plan::{assert_indexed, scans};

use super::database::{Database, VERSION};
use super::page::BothWays;
#[cfg(feature = "postgres")]
use super::{KekSource, KeyStore, content_rows, facts};
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

/// The statements of lists. Those of the keys of one content are sorted by their time.
struct ListStatements {
    ordered: Vec<&'static str>,
    of_a_content: [&'static str; 2],
}

fn statements() -> ListStatements {
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
    ListStatements {
        ordered: lists
            .flat_map(both)
            .chain([
                content_list::WITH_LENGTH,
                content_list::NEXT_LENGTH,
                content_list::ROTATING,
                content_list::LAST_CHANGE,
                timeline::PERIODS,
                timeline::LAST,
            ])
            .collect(),
        of_a_content: both(by_content),
    }
}

fn both(list: BothWays) -> [&'static str; 2] {
    [list.forward, list.backward]
}

/// Checks that no statement reads or sorts a whole table.
fn check(mut plan: impl FnMut(&'static str) -> Vec<String>) {
    let statements = statements();
    for sql in statements.ordered {
        assert_indexed(sql, &plan(sql));
    }
    for sql in statements.of_a_content {
        let steps = plan(sql);
        assert!(!steps.iter().any(|step| scans(step)), "{steps:?}");
    }
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
    check(|sql| plan(&mut *database, sql));
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(feature = "postgres")]
#[test]
fn no_list_of_postgresql_scans_or_sorts_without_an_index() {
    let test = "content-key-store::plans";
    let Some(server) = test_support::postgres_server::PostgresServer::shared(test) else {
        return;
    };
    let uri = server.new_database();
    let kek = std::env::temp_dir().join(
        KeyId::generate(&host_access::SystemRandom)
            .unwrap()
            .to_string(),
    );
    let source = KekSource::File(kek.clone());
    drop(KeyStore::open(&uri, &[source], &host_access::Host::system()).unwrap());
    let mut client = postgres::Client::connect(&uri, postgres::NoTls).unwrap();
    let mut plan = |sql: &'static str| test_support::query_plan::postgres_steps(&mut client, sql);
    check(&mut plan);
    // What a packager's request looks for.
    for sql in content_rows::OF_IDS
        .into_iter()
        .chain([facts::OF_SLOTS, facts::OF_KIDS])
    {
        let steps = plan(sql);
        assert!(!steps.iter().any(|step| scans(step)), "{steps:?}");
    }
    std::fs::remove_file(kek).unwrap();
}
