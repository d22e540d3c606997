// SPDX-License-Identifier: MPL-2.0
//! Runs tests/players/play.py, which plays rows in Chromium.

use std::path::Path;

use serde_json::{Value, json};
use test_support::players::Players;

use crate::presentations::key_file;
use crate::rows::Row;

/// Plays the rows. Returns their faults.
pub fn play(players: &Players, folder: &Path, rows: &[Row]) -> Vec<String> {
    let jobs: Vec<Value> = rows.iter().map(|row| job(folder, row)).collect();
    let results: Vec<Value> = players.start(&folder.join("jobs.json"), &jobs).collect();
    rows.iter()
        .flat_map(|row| {
            let name = row.name();
            let result = results.iter().find(|result| result["name"] == name);
            row.faults(result.unwrap_or(&Value::Null))
        })
        .collect()
}

fn job(folder: &Path, row: &Row) -> Value {
    let changes_quality = row.film.heights.len() > 1;
    json!({
        "name": row.name(),
        "player": row.way.player,
        "folder": folder.join(row.presentation()),
        "manifest": row.way.manifest,
        "keys": key_file(folder, row.film),
        "system": row.system(),
        "wrong_key": row.has_wrong_key,
        "quality": if changes_quality { "low-high" } else { "low" },
        "text": row.film.has_text,
        // At twice the speed a player would have too little time to load the other quality.
        "rate": if changes_quality { 1 } else { 2 },
    })
}
