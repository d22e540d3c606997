// SPDX-License-Identifier: MPL-2.0
//! What is played in which player, and what must come of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use test_support::players::{Faults, Limit, Way, is_empty};

use crate::channel::{Channel, WINDOW};
use crate::forms::{FORMS, Form, LIMITS};

/// Seconds that are played at the live edge: more than five crypto periods.
const AT_EDGE: u64 = 11;
/// The least pictures in a second of film, of 25.
const PICTURES: u64 = 20;
/// The KIDs of six crypto periods, of sound and picture.
const KIDS: usize = 12;
/// Seconds between the moment that is shown and the newest segment. With more, segments could leave the window before they are played.
const LATENCY: f64 = WINDOW as f64 - 2.0;

/// Seconds without a picture after which a player is given up.
const PATIENCE: u64 = 25;
/// As before, for a player that will stall.
const PATIENCE_AT_LIMIT: u64 = 10;

/// A channel in a player.
pub struct Row {
    form: &'static Form,
    way: &'static Way,
    /// True if one bit of each key is turned.
    has_wrong_key: bool,
}

impl Row {
    /// A channel in a player with the right keys.
    pub const fn new(form: &'static Form, way: &'static Way) -> Self {
        Self {
            form,
            way,
            has_wrong_key: false,
        }
    }

    /// A channel in a player with wrong keys.
    pub const fn wrong(form: &'static Form, way: &'static Way) -> Self {
        Self {
            form,
            way,
            has_wrong_key: true,
        }
    }

    /// Returns the name of its job.
    pub fn name(&self) -> String {
        let wrong = if self.has_wrong_key { "-wrong" } else { "" };
        format!("{}-{}{wrong}", self.form.name, self.way.name())
    }

    /// Returns its job for play.py: to play at the live edge, to seek back in the window, and to go on after `restarted` appears.
    pub fn job(&self, channel: &Channel, files: &JobFiles<'_>) -> Value {
        let picture = files.picture(self);
        let steps = [
            Some(json!({"do": "play", "seconds": AT_EDGE})),
            picture.map(|file| json!({"do": "picture", "file": file})),
            Some(json!({"do": "seek", "seconds": -4})),
            Some(json!({"do": "play", "seconds": 2})),
            Some(json!({"do": "wait", "file": files.restarted()})),
            Some(json!({"do": "come", "seconds": 2})),
            Some(json!({"do": "play", "seconds": 2})),
        ];
        let has_limit = Limit::find(&LIMITS, self.form.name, self.way).is_some();
        json!({
            "name": self.name(),
            "player": self.way.player,
            "title": self.way.title,
            "folder": channel.folder(),
            "manifest": self.way.manifest,
            "keys": channel.keys(),
            "system": "playready",
            "wrong_key": self.has_wrong_key,
            "steps": steps.into_iter().flatten().collect::<Vec<Value>>(),
            "patience": if has_limit { PATIENCE_AT_LIMIT } else { PATIENCE },
        })
    }

    /// Returns what is wrong with the result of play.py.
    pub fn faults(&self, result: &Value) -> Vec<String> {
        let faults = match Limit::find(&LIMITS, self.form.name, self.way) {
            _ if self.has_wrong_key => faults_of_wrong_key(result),
            Some(_) => faults_of_limit(result),
            None => faults_of_play(result),
        };
        faults.describe(&self.name(), result)
    }
}

/// The files of jobs.
pub struct JobFiles<'a> {
    /// The folder of all files.
    pub folder: &'a Path,
    /// The folder for pictures of the players with the first form; None for no pictures.
    pub pictures: Option<PathBuf>,
}

impl JobFiles<'_> {
    /// The file that appears when the channel has started again.
    pub fn restarted(&self) -> PathBuf {
        self.folder.join("restarted")
    }

    fn picture(&self, row: &Row) -> Option<PathBuf> {
        let folder = self.pictures.as_ref()?;
        let name = row.way.name();
        (row.form.name == FORMS[0].name).then(|| folder.join(name).with_extension("png"))
    }
}

fn faults_of_play(result: &Value) -> Faults {
    let at_edge = &result["steps"][0];
    let behind = at_edge["lag"].as_f64().zip(at_edge["ahead"].as_f64());
    let latency = behind.map_or(f64::MAX, |(lag, ahead)| lag + ahead);
    let kids = result["licences"].as_array().map(Vec::len);
    let stand_in = &result["playready"];
    Faults::default()
        .unless(result["is_done"] == true, "it did not play on")
        .unless(result["reloads"] == 0, "the page was loaded anew")
        .unless(latency <= LATENCY, "not at the live edge")
        .unless(
            at_edge["frames"].as_u64() >= Some(AT_EDGE * PICTURES),
            "too few pictures",
        )
        .unless(result["audio_bytes"].as_u64() > Some(0), "no sound")
        .unless(is_empty(&result["errors"]), "errors")
        .unless(!has_other_warnings(result), "warnings")
        .unless(is_empty(&result["missing"]), "files that are not there")
        .unless(kids >= Some(KIDS), "too few keys")
        .unless(
            is_empty(&stand_in["faults"]),
            "the PlayReady boxes have faults",
        )
        .unless(!is_empty(&stand_in["requests"]), "no request of PlayReady")
}

/// A channel that stalls at a key change.
fn faults_of_limit(result: &Value) -> Faults {
    Faults::default()
        .unless(is_empty(&result["steps"]), "the channel was played")
        .unless(
            result["waits_for_key"].as_u64() > Some(0),
            "it waits for no key",
        )
}

/// A channel of which no moment may play.
fn faults_of_wrong_key(result: &Value) -> Faults {
    Faults::default()
        // Two polls that find a player before and after it jumps to the live edge count a part of that jump.
        .unless(result["played"].as_f64() < Some(0.5), "a part was played")
        .unless(is_empty(&result["steps"]), "the channel was played")
        .unless(!is_empty(&result["errors"]), "no error")
        .unless(!is_empty(&result["licences"]), "no licence was requested")
}

/// The warnings of hls.js that say nothing of the channel: it waits for a licence, which it requests when the first segment under a key
/// comes, or it sets the duration of the media while a segment is appended.
const EXPECTED_WARNINGS: [&str; 2] = [
    "Playback stalling",
    "Failed to set the 'duration' property on 'MediaSource'",
];

fn has_other_warnings(result: &Value) -> bool {
    let is_expected = |warning: &Value| {
        let text = warning.as_str().unwrap_or_default();
        EXPECTED_WARNINGS.iter().any(|known| text.contains(known))
    };
    let warnings = result["warnings"].as_array();
    !warnings.is_some_and(|warnings| warnings.iter().all(is_expected))
}
