// SPDX-License-Identifier: MPL-2.0
//! What is played in which player, and what must come of it.

use serde_json::Value;
use test_support::players::{
    Faults, HLS_JS_PACE_WARNINGS, Limit, TableRow, WAYS, Way, are_known, is_empty, table,
};

use crate::films::{CUES, FILMS, Film, PICTURES, SMOOTH_FILM};

const SMOOTH_WAYS: [Way; 2] = [
    Way {
        player: "dashjs",
        manifest: "Manifest",
        title: "dash.js, Smooth",
    },
    Way {
        player: "rx",
        manifest: "Manifest",
        title: "rx-player, Smooth",
    },
];

const LIMITS: [Limit; 5] = [
    Limit {
        presentation: "none-lead",
        title: "hls.js",
        error: "not encountered in playlist",
        note: 1,
    },
    Limit {
        presentation: "clearkey",
        title: "hls.js",
        error: "No supported PSSH box found",
        note: 2,
    },
    Limit {
        presentation: "clearkey",
        title: "rx-player",
        error: "No supported PSSH box found",
        note: 2,
    },
    Limit {
        presentation: "clearkey",
        title: "Shaka Player, HLS",
        error: "shaka 2/6/6001",
        note: 3,
    },
    Limit {
        presentation: "common",
        title: "Shaka Player, HLS",
        error: "shaka 2/4/4026",
        note: 3,
    },
];

/// A presentation in a player.
pub struct Row {
    pub film: &'static Film,
    pub scheme: &'static str,
    pub is_single_file: bool,
    pub way: &'static Way,
    /// True if one bit of each key is turned.
    pub has_wrong_key: bool,
    place: usize,
}

/// All rows: films, schemes, forms and players in all combinations, and wrong keys with each codec.
pub fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for (film_place, film) in FILMS.iter().enumerate() {
        for (scheme_place, scheme) in ["cenc", "cbcs"].into_iter().enumerate() {
            for (form, is_single_file) in [false, true].into_iter().enumerate() {
                for (way_place, way) in WAYS.iter().enumerate() {
                    let row = |has_wrong_key| Row {
                        film,
                        scheme,
                        is_single_file,
                        way,
                        has_wrong_key,
                        // Of each film, one row in four has each scheme, each form and each player.
                        place: film_place + scheme_place + 2 * form + way_place,
                    };
                    rows.push(row(false));
                    if ["avc", "av1", "vp9"].contains(&film.name) && !is_single_file {
                        rows.push(row(true));
                    }
                }
            }
        }
    }
    rows.extend(smooth());
    rows
}

/// The rows of Smooth Streaming, which has one scheme and one form.
fn smooth() -> Vec<Row> {
    let row = |way, has_wrong_key| Row {
        film: &SMOOTH_FILM,
        scheme: "cenc",
        is_single_file: false,
        way,
        has_wrong_key,
        // Of these, only those with the right key are always played.
        place: usize::from(has_wrong_key),
    };
    SMOOTH_WAYS
        .iter()
        .flat_map(|way| [row(way, false), row(way, true)])
        .collect()
}

impl Row {
    /// A number by which a part of the rows can be chosen so that all films, schemes, forms and players are in it.
    pub const fn place(&self) -> usize {
        self.place
    }

    /// The folder of its presentation.
    pub fn presentation(&self) -> String {
        let form = if self.is_single_file {
            "single"
        } else {
            "segments"
        };
        format!("{}-{}-{form}", self.film.name, self.scheme)
    }

    pub fn name(&self) -> String {
        let wrong = if self.has_wrong_key { "-wrong" } else { "" };
        format!("{}-{}{wrong}", self.presentation(), self.way.name())
    }

    /// The system that the player is set up for, as in tests/players/players.js.
    pub fn system(&self) -> &'static str {
        match (self.film.name, self.way.title) {
            ("clearkey" | "common", "Shaka Player, DASH" | "dash.js") => "manifest",
            ("clearkey" | "common", _) => "clearkey",
            _ => "playready",
        }
    }

    /// What is wrong with the result of play.py.
    pub fn faults(&self, result: &Value) -> Vec<String> {
        let faults = match Limit::find(&LIMITS, self.film.name, self.way) {
            _ if self.has_wrong_key => faults_of_wrong_key(result),
            Some(limit) => faults_of_failure(result, limit.error),
            None => self.faults_of_play(result),
        };
        faults.describe(&self.name(), result)
    }

    /// True if the film has several init segments.
    fn has_parts(&self) -> bool {
        self.film.name.starts_with("init")
    }

    /// Returns the warnings of hls.js that say nothing of the film.
    fn expected_warnings(&self) -> Vec<&'static str> {
        // It looks for NAL units of AVC in the samples of every codec, and warns of what it finds in those of others.
        let is_avc = !["av1", "vp9"].contains(&self.film.name);
        let own = (!is_avc).then_some("Malformed SEI payload");
        HLS_JS_PACE_WARNINGS.into_iter().chain(own).collect()
    }

    fn faults_of_play(&self, result: &Value) -> Faults {
        let pictures = result["frames"].as_u64().unwrap_or(0);
        // A player that seeks decodes some pictures twice.
        let has_all = match result["seeks"].as_u64() {
            // Each Period may be decoded apart, and counted anew.
            _ if self.has_parts() && self.way.manifest == "manifest.mpd" => pictures > 0,
            Some(0) => pictures == PICTURES,
            // dash.js jumps over the start of Smooth Streaming, where there is only sound, and may miss a picture there.
            _ if self.film.name == "smooth" => pictures + 1 >= PICTURES,
            _ => pictures >= PICTURES,
        };
        let sees = |list: &str, wanted: &[Value]| {
            let seen = result[list].as_array().map_or(&[][..], Vec::as_slice);
            wanted.iter().all(|one| seen.contains(one))
        };
        let heights: Vec<Value> = self
            .film
            .heights
            .iter()
            .map(|&height| height.into())
            .collect();
        let stand_in = &result["playready"];
        let is_playready = self.system() == "playready";
        Faults::default()
            .unless(is_at_end(result), "the end is not reached")
            .unless(has_all, "not the number of pictures")
            .unless(result["audio_bytes"].as_u64() > Some(0), "no sound")
            .unless(is_empty(&result["errors"]), "errors")
            .unless(
                are_known(&result["warnings"], &self.expected_warnings()),
                "warnings",
            )
            .unless(is_empty(&result["missing"]), "files that are not there")
            .unless(!is_empty(&result["licences"]), "no licence was requested")
            .unless(sees("heights", &heights), "a quality was not shown")
            .unless(
                !self.film.has_text || sees("cues", &CUES.map(Value::from)),
                "a text was not shown",
            )
            .unless(
                !is_playready || is_empty(&stand_in["faults"]),
                "the PlayReady boxes have faults",
            )
            .unless(
                !is_playready || !is_empty(&stand_in["requests"]),
                "no request of PlayReady",
            )
    }
}

/// A film that must not play to its end: the player gives a reason that contains `error`.
fn faults_of_failure(result: &Value, error: &str) -> Faults {
    let errors = result["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let says = |text: &Value| text.as_str().is_some_and(|text| text.contains(error));
    Faults::default()
        .unless(!is_at_end(result), "the film was played")
        .unless(errors.iter().any(says), "another error, or none")
}

/// A film of which no moment may play.
fn faults_of_wrong_key(result: &Value) -> Faults {
    // A decoder can take the noise of one picture for a picture before it finds an error.
    let has_time = result["time"].as_f64() > Some(0.0);
    faults_of_failure(result, "")
        .unless(!has_time, "a part of the film was played")
        .unless(!is_empty(&result["licences"]), "no licence was requested")
}

/// dash.js at times does not say that a film has ended whose last moment is shown.
fn is_at_end(result: &Value) -> bool {
    let is_at = |duration| result["time"].as_f64() >= Some(duration);
    result["ended"] == true || result["duration"].as_f64().is_some_and(is_at)
}

/// The tables of docs/players.md, for rows that did what they must.
pub fn tables() -> [String; 2] {
    let rows = |films: &[Film]| -> Vec<TableRow> {
        let films = films.iter();
        films
            .map(|film| TableRow {
                name: film.name,
                title: film.title,
            })
            .collect()
    };
    [
        table(&rows(&FILMS), &WAYS, &LIMITS),
        table(&rows(&[SMOOTH_FILM]), &SMOOTH_WAYS, &LIMITS),
    ]
}
