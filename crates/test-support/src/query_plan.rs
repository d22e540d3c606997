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

/// Returns PostgreSQL's plan for any values, a line for each step. The tables are nearly empty, and there PostgreSQL prefers to read and
/// sort them whole: it is told not to where it has a choice.
#[cfg(feature = "postgres")]
pub fn postgres_steps(client: &mut postgres::Client, sql: &str) -> Vec<String> {
    use postgres::SimpleQueryMessage;

    let values = sql
        .split('$')
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .max()
        .unwrap_or(0);
    let values = match values {
        0 => String::new(),
        count => format!("({})", vec!["NULL"; count].join(", ")),
    };
    let explained = client
        .simple_query(&format!(
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off;
            PREPARE list AS {sql}; EXPLAIN EXECUTE list{values}; DEALLOCATE list"
        ))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    explained
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect()
}
