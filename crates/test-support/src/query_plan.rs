// SPDX-License-Identifier: MPL-2.0
//! Reads the steps of SQLite's query plans.

/// True if a step reads a whole table.
pub fn scans(step: &str) -> bool {
    step.starts_with("SCAN") && !step.contains("INDEX")
}

/// True if a step sorts. "TEMP B-TREE FOR LAST TERM" sorts only among rows that are equal in the terms before it.
pub fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE") && !step.contains("LAST")
}
