// SPDX-License-Identifier: MPL-2.0
//! Interprets the steps of SQLite's query plans.

/// Returns whether a step reads a whole table.
pub fn scans(step: &str) -> bool {
    step.starts_with("SCAN") && !step.contains("INDEX")
}

/// Returns whether a step sorts. "TEMP B-TREE FOR LAST TERM" sorts only rows that are equal in the terms before the last.
pub fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE") && !step.contains("LAST")
}
