// SPDX-License-Identifier: MPL-2.0
//! Interprets the steps of query plans of SQLite and PostgreSQL.

/// Returns whether a step reads a whole table.
pub fn scans(step: &str) -> bool {
    (step.starts_with("SCAN") && !step.contains("INDEX")) || step.contains("Seq Scan")
}

/// Returns whether a step sorts. "TEMP B-TREE FOR LAST TERM" and "Incremental Sort" sort only rows that are equal in the terms before the
/// last.
fn sorts(step: &str) -> bool {
    (step.contains("TEMP B-TREE") && !step.contains("LAST"))
        || (step.contains("Sort  (") && !step.contains("Incremental"))
}

/// Panics if a step in the plan of a statement reads a whole table or sorts.
pub fn assert_indexed(sql: &str, steps: &[String]) {
    let is_slow = steps.iter().any(|step| scans(step) || sorts(step));
    assert!(!is_slow, "{sql}: {steps:?}");
}

/// Returns PostgreSQL's plan for any values, a line for each step. In tables that are nearly empty, PostgreSQL prefers to read and sort all
/// rows. The settings make it do so only where no index serves.
#[cfg(feature = "postgres")]
pub fn postgres_steps(client: &mut postgres::Client, sql: &str) -> Vec<String> {
    use postgres::SimpleQueryMessage;

    client
        .batch_execute(&format!(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off; PREPARE list AS {sql}"
        ))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let count =
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'list'";
    let count: i32 = client.query_one(count, &[]).unwrap().get(0);
    let values = match usize::try_from(count).unwrap() {
        0 => String::new(),
        count => format!("({})", vec!["NULL"; count].join(", ")),
    };
    let explained = client
        .simple_query(&format!("EXPLAIN EXECUTE list{values}; DEALLOCATE list"))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    explained
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect()
}
