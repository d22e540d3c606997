// SPDX-License-Identifier: MPL-2.0
//! Presentations of `package` in Shaka Player, dash.js, hls.js and rx-player, in Chromium: they play to the end with all pictures,
//! and not at all with a wrong key. tests/players has the page, docs/players.md the results.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod films;
mod play;
mod presentations;
mod rows;

use std::fs;
use std::path::Path;

use rows::Row;
use serde_json::Value;
use test_support::players::Players;
use test_support::tools;

/// The test that runs always plays one row in this many.
const SHARE: usize = 4;

#[test]
fn presentations_play_to_their_end() {
    play("some", |row| row.place().is_multiple_of(SHARE));
}

#[test]
#[ignore = "plays for some minutes: scripts/play-all"]
fn all_presentations_play_to_their_end() {
    // PLAYREADY_ROWS=rx plays those with rx in their name only.
    let wanted = std::env::var("PLAYREADY_ROWS").unwrap_or_default();
    play("all", |row| row.name().contains(&wanted));
}

#[test]
fn the_document_says_what_plays() {
    let project = tools::project();
    let document = fs::read_to_string(project.join("docs/players.md")).unwrap();
    for table in rows::tables() {
        assert!(document.contains(&table), "docs/players.md lacks\n{table}");
    }
    let packages = fs::read_to_string(project.join("tests/players/package.json")).unwrap();
    let packages: Value = serde_json::from_str(&packages).unwrap();
    for (name, version) in packages["dependencies"].as_object().unwrap() {
        let version = version.as_str().unwrap();
        assert!(document.contains(version), "{name} {version}");
    }
}

/// Packages what these rows need, and plays them.
fn play(test: &str, is_chosen: impl Fn(&Row) -> bool) {
    if tools::ffmpeg().is_none() {
        return tools::skip("players", "no FFmpeg");
    }
    let players = match Players::find() {
        Ok(players) => players,
        Err(why) => return tools::skip("players", why),
    };
    let rows: Vec<Row> = rows::all().into_iter().filter(is_chosen).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("players")
        .join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    presentations::make(&folder, &rows);
    let faults = play::play(&players, &folder, &rows);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
