// SPDX-License-Identifier: MPL-2.0
//! Interprets the steps of SQLite's query plans.

/// Returns whether a step reads a whole table.
pub fn scans(step: &str) -> bool {
    step.starts_with("SCAN") && !step.contains("INDEX")
}

/// Returns whether a step sorts. "TEMP B-TREE FOR LAST TERM" sorts only rows that are equal in the terms before the last.
fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE") && !step.contains("LAST")
}

/// Panics if a step in the plan of a statement reads a whole table or sorts.
pub fn assert_indexed(sql: &str, steps: &[String]) {
    let is_slow = steps.iter().any(|step| scans(step) || sorts(step));
    assert!(!is_slow, "{sql}: {steps:?}");
}
