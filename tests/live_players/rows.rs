// SPDX-License-Identifier: MPL-2.0
//! What is played in which player, and what must come of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use test_support::players::{Faults, HLS_JS_PACE_WARNINGS, Limit, Way, are_known, is_empty};

use crate::channel::{Channel, WINDOW};
use crate::forms::{FORMS, Form, LIMITS, TextFormat};

/// Seconds that are played at the live edge: more than five crypto periods.
const AT_EDGE: u64 = 11;
/// The least pictures in a second of film, of 25.
const PICTURES: u64 = 20;
/// The KIDs of six crypto periods, of sound and picture.
const KIDS: usize = 12;
/// Seconds between the moment that is shown and the newest segment. With more, segments could leave the window before they are played.
const LATENCY: f64 = WINDOW as f64 - 2.0;

/// Seconds that the pipeline runs after it was killed, at most; the first run is longer.
const SECOND_RUN: u64 = 20;
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

    /// True if the player shows the texts. hls.js reads no WebVTT in MP4.
    fn has_texts(&self) -> bool {
        self.way.player != "hlsjs" || self.form.text_format == TextFormat::Ttml
    }

    /// True if the texts of the seconds at the live edge were shown. Where the player says when, each begins in its second; hls.js counts
    /// from the segment with which it started.
    fn shows_texts(&self, result: &Value) -> bool {
        let texts: Vec<(u64, Option<f64>)> = result["cue_times"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(text, start)| Some((text.trim().parse().ok()?, start.as_f64())))
            .collect();
        let first_run = texts.iter().filter(|(second, _)| *second >= SECOND_RUN);
        let delays: Vec<f64> = first_run
            .filter_map(|(second, start)| Some((*start)? - *second as f64))
            .collect();
        let wanted = match self.way.player {
            "hlsjs" => delays.first().copied(),
            _ => Some(0.0),
        };
        texts.len() as u64 + 1 >= AT_EDGE
            && delays
                .iter()
                .all(|delay| wanted.is_some_and(|wanted| (delay - wanted).abs() < 0.1))
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
            "text": self.has_texts(),
            "steps": steps.into_iter().flatten().collect::<Vec<Value>>(),
            "patience": if has_limit { PATIENCE_AT_LIMIT } else { PATIENCE },
        })
    }

    /// Returns what is wrong with the result of play.py.
    pub fn faults(&self, result: &Value) -> Vec<String> {
        let faults = match Limit::find(&LIMITS, self.form.name, self.way) {
            _ if self.has_wrong_key => faults_of_wrong_key(result),
            Some(_) => faults_of_limit(result),
            None => {
                let is_shown = !self.has_texts() || self.shows_texts(result);
                faults_of_play(result).unless(is_shown, "too few texts, or at other times")
            }
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
        .unless(are_known(&result["errors"], &EXPECTED_ERRORS), "errors")
        .unless(
            are_known(&result["warnings"], &expected_warnings()),
            "warnings",
        )
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
        .unless(result["played"].as_f64() <= Some(0.0), "a part was played")
        .unless(is_empty(&result["steps"]), "the channel was played")
        .unless(!is_empty(&result["errors"]), "no error")
        .unless(!is_empty(&result["licences"]), "no licence was requested")
}

/// Returns the warnings of hls.js that say nothing of the channel.
fn expected_warnings() -> Vec<&'static str> {
    // It sets the duration of the media while a segment is appended.
    let own = ["Failed to set the 'duration' property on 'MediaSource'"];
    HLS_JS_PACE_WARNINGS.into_iter().chain(own).collect()
}

/// The error of Shaka Player after which it plays on: a new Period has keys that it is requesting (note 5 of docs/players.md).
const EXPECTED_ERRORS: [&str; 1] = ["shaka 2/4/4012"];
