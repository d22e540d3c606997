// SPDX-License-Identifier: MPL-2.0
//! Live channels of playreadysink in Shaka Player, dash.js, hls.js and rx-player, in Chromium. tests/players has the page,
//! docs/players.md the results.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a test that cannot go on fails there"
)]

/// A live channel.
mod channel;
/// The forms of key changes.
mod forms;
/// What is played where.
mod rows;

use std::fs;

use channel::{Channel, WINDOW};
use forms::{FORMS, Form, Scheme};
use rows::{JobFiles, Row};
use serde_json::Value;
use test_support::players::{Playback, Players, WAYS};
use test_support::scratch::Scratch;
use test_support::{launch, tools};

/// The elements that a channel needs besides the plugin's.
const ELEMENTS: [&str; 2] = ["x264enc", "avenc_aac"];

/// Players with wrong keys play nothing. Then players join a channel whose first segments have left the window, play through five key
/// changes, seek back in the window, and play on after the pipeline was killed and started again.
#[test]
fn players_follow_live_channels() {
    play("live-players", &FORMS[0], Scheme::Cenc);
}

/// As before, with all forms of key changes and both schemes, one after the other.
#[test]
#[ignore = "plays for some minutes: scripts/play-all"]
fn players_follow_all_live_channels() {
    for form in &FORMS {
        for scheme in [Scheme::Cenc, Scheme::Cbcs] {
            play("all-live-players", form, scheme);
        }
    }
}

#[test]
fn the_document_says_what_plays() {
    let document = fs::read_to_string(tools::project().join("docs/players.md")).unwrap();
    let table = forms::document();
    assert!(document.contains(&table), "docs/players.md lacks\n{table}");
}

fn play(test: &str, form: &'static Form, scheme: Scheme) {
    if let Some(element) = launch::missing(&ELEMENTS) {
        return tools::skip(test, &format!("no {element}"));
    }
    let players = match Players::find() {
        Ok(players) => players,
        Err(why) => return tools::skip(test, why),
    };
    let scratch = Scratch::new(test);
    let files = JobFiles {
        folder: scratch.path(),
        pictures: std::env::var_os("PLAYREADY_PICTURES").map(Into::into),
    };
    let mut channel = Channel::start(scratch.path(), form, scheme);
    let start = |channel: &Channel, rows: &[Row]| {
        let jobs: Vec<Value> = rows.iter().map(|row| row.job(channel, &files)).collect();
        players.start(&scratch.join("jobs.json"), &jobs)
    };
    channel.wait_for(4);
    let wrong_ways = if form.starts_clear { &[] } else { &WAYS[..] };
    let wrong: Vec<Row> = wrong_ways.iter().map(|way| Row::wrong(form, way)).collect();
    let mut results: Vec<Value> = start(&channel, &wrong).collect();
    channel.wait_for(WINDOW + 4);
    let right: Vec<Row> = WAYS.iter().map(|way| Row::new(form, way)).collect();
    let playback = start(&channel, &right);
    results.extend(watch(playback, &mut channel, &files));
    let faults: Vec<String> = wrong
        .iter()
        .chain(&right)
        .flat_map(|row| {
            let name = row.name();
            let result = results.iter().find(|result| result["name"] == name);
            row.faults(result.unwrap_or(&Value::Null))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Collects the results. When all players wait or are over, kills the channel and starts it again.
fn watch(playback: Playback, channel: &mut Channel, files: &JobFiles<'_>) -> Vec<Value> {
    let mut results = Vec::new();
    let mut waiting = 0;
    for report in playback {
        if report["waits"].is_string() {
            waiting += 1;
        } else {
            results.push(report);
        }
        if waiting > 0 && waiting + results.len() == WAYS.len() {
            waiting = 0;
            channel.kill_and_start_again();
            let restarted = files.restarted();
            let first_of_new = channel.newest() + 1;
            let unfinished = restarted.with_extension("unfinished");
            fs::write(&unfinished, first_of_new.to_string()).unwrap();
            fs::rename(unfinished, restarted).unwrap();
        }
    }
    results
}
