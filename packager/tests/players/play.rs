// SPDX-License-Identifier: MPL-2.0
//! Runs tests/players/play.py, which plays rows in Chromium.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use test_support::tools;

use crate::presentations::key_file;
use crate::rows::Row;

/// What plays, besides Python.
pub struct Tools {
    chromium: PathBuf,
    players: PathBuf,
}

impl Tools {
    /// Finds the tools, or says which is not there.
    pub fn find() -> Result<Self, &'static str> {
        tools::ffmpeg().ok_or("no FFmpeg")?;
        if !tools::python_has("playwright") {
            return Err("no Python with tests/requirements.txt");
        }
        Ok(Self {
            chromium: tools::chromium().ok_or("no Chromium")?,
            players: tools::players().ok_or("no players: scripts/player-tools")?,
        })
    }
}

/// Plays the rows. Returns their faults.
pub fn play(tools: &Tools, folder: &Path, rows: &[Row]) -> Vec<String> {
    let jobs: Vec<Value> = rows.iter().map(|row| job(folder, row)).collect();
    let jobs_file = folder.join("jobs.json");
    fs::write(&jobs_file, serde_json::to_vec(&jobs).unwrap()).unwrap();
    let results_file = folder.join("results.jsonl");
    // What it says besides the results goes where that of the test goes.
    let run = Command::new(tools::python())
        .arg(tools::project().join("tests/players/play.py"))
        .args([&jobs_file, &tools.players])
        .env("CHROMIUM", &tools.chromium)
        .stdout(File::create(&results_file).unwrap())
        .status()
        .unwrap();
    assert!(run.success(), "play.py: {run}");
    let results: Vec<Value> = fs::read_to_string(&results_file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
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
