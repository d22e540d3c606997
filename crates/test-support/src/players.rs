// SPDX-License-Identifier: MPL-2.0
//! Shaka Player, dash.js, hls.js and rx-player in Chromium, which `tests/players/play.py` runs, and the tables of what they play.

use std::fmt::{Display, Write as _};
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::tools;

/// A player with a kind of manifest.
#[derive(Debug, PartialEq, Eq)]
pub struct Way {
    /// The player, as in `tests/players/players.js`.
    pub player: &'static str,
    /// The file name of the manifest.
    pub manifest: &'static str,
    /// The name of both in `docs/players.md`.
    pub title: &'static str,
}

/// All players with DASH and HLS.
pub const WAYS: [Way; 5] = [
    Way {
        player: "shaka",
        manifest: "manifest.mpd",
        title: "Shaka Player, DASH",
    },
    Way {
        player: "shaka",
        manifest: "manifest.m3u8",
        title: "Shaka Player, HLS",
    },
    Way {
        player: "dashjs",
        manifest: "manifest.mpd",
        title: "dash.js",
    },
    Way {
        player: "hlsjs",
        manifest: "manifest.m3u8",
        title: "hls.js",
    },
    Way {
        player: "rx",
        manifest: "manifest.mpd",
        title: "rx-player",
    },
];

impl Way {
    /// Returns a name that can be part of a file name, such as `shaka-mpd`.
    pub fn name(&self) -> String {
        let manifest = self.manifest;
        let kind = manifest
            .rsplit_once('.')
            .map_or(manifest, |(_, extension)| extension);
        format!("{}-{kind}", self.player)
    }
}

/// What a player cannot play.
#[derive(Debug)]
pub struct Limit {
    /// The name of the presentation.
    pub presentation: &'static str,
    /// The title of the [`Way`].
    pub title: &'static str,
    /// A part of the player's error.
    pub error: &'static str,
    /// The number of the reason in `docs/players.md`.
    pub note: usize,
}

impl Limit {
    /// Finds the limit of a player for a presentation.
    pub fn find<'a>(limits: &'a [Self], presentation: &str, way: &Way) -> Option<&'a Self> {
        limits
            .iter()
            .find(|limit| limit.presentation == presentation && limit.title == way.title)
    }
}

/// A presentation in a table of `docs/players.md`.
#[derive(Debug)]
pub struct TableRow {
    /// As in [`Limit::presentation`].
    pub name: &'static str,
    /// As in the document.
    pub title: &'static str,
}

/// Returns a table of `docs/players.md`: a row for each presentation and a column for each player, with the number of the reason where
/// it does not play.
pub fn table(rows: &[TableRow], ways: &[Way], limits: &[Limit]) -> String {
    let titles: Vec<&str> = ways.iter().map(|way| way.title).collect();
    let mut table = format!(
        "| | {} |\n|---{}|\n",
        titles.join(" | "),
        "|---".repeat(ways.len())
    );
    for row in rows {
        let cells: Vec<String> = ways
            .iter()
            .map(|way| {
                Limit::find(limits, row.name, way)
                    .map_or_else(|| "plays".to_owned(), |limit| format!("no: {}", limit.note))
            })
            .collect();
        writeln!(table, "| {} | {} |", row.title, cells.join(" | ")).unwrap();
    }
    table
}

/// The tools that play, besides Python.
#[derive(Debug)]
pub struct Players {
    chromium: PathBuf,
    players: PathBuf,
}

impl Players {
    /// Finds the tools.
    ///
    /// # Errors
    /// A text that says which tool is not there.
    pub fn find() -> Result<Self, &'static str> {
        if !tools::python_has("playwright") {
            return Err("no Python with tests/requirements.txt");
        }
        Ok(Self {
            chromium: tools::chromium().ok_or("no Chromium")?,
            players: tools::players().ok_or("no players: scripts/player-tools")?,
        })
    }

    /// Starts to play jobs, whose fields `tests/players/play.py` describes. The jobs are written to `jobs_file`.
    pub fn start(&self, jobs_file: &Path, jobs: &[Value]) -> Playback {
        fs::write(jobs_file, serde_json::to_vec(jobs).unwrap()).unwrap();
        // What it says besides the results goes where that of the test goes.
        let mut child = Command::new(tools::python())
            .arg(tools::project().join("tests/players/play.py"))
            .args([jobs_file, &self.players])
            .env("CHROMIUM", &self.chromium)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Playback { child, lines }
    }
}

/// Players under way. Yields what they report, an object for each line, until all jobs are over.
#[derive(Debug)]
pub struct Playback {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Iterator for Playback {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        if let Some(line) = self.lines.next() {
            return Some(serde_json::from_str(&line.unwrap()).unwrap());
        }
        let status = self.child.wait().unwrap();
        assert!(status.success(), "play.py: {status}");
        None
    }
}

impl Drop for Playback {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a `.keys` file with a KID and a key for each selector. Those of different series, and of different selectors, differ.
///
/// # Panics
/// With more than 240 selectors.
pub fn write_keys(path: &Path, series: u8, selectors: impl IntoIterator<Item = impl Display>) {
    let lines: String = selectors
        .into_iter()
        .enumerate()
        .map(|(index, selector)| {
            let number = u8::try_from(0x10 + index).unwrap();
            let kid = format!("{number:02x}0f0e0d-0c0b-4a09-88{series:02x}-060504030201");
            let key = format!("{number:02x}{series:02x}").repeat(8);
            format!("{selector} {kid} {key}\n")
        })
        .collect();
    fs::write(path, lines).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What is wrong with a player's result.
#[derive(Debug, Default)]
pub struct Faults(Vec<&'static str>);

impl Faults {
    /// Adds a fault unless a check passed.
    #[must_use]
    pub fn unless(mut self, passed: bool, fault: &'static str) -> Self {
        self.0.extend((!passed).then_some(fault));
        self
    }

    /// Returns the faults with the name of the job and its result.
    pub fn describe(self, name: &str, result: &Value) -> Vec<String> {
        let faults = self.0.into_iter();
        faults
            .map(|fault| format!("{name}: {fault}\n    {result}"))
            .collect()
    }
}

/// The warnings of hls.js that say how fast the machine and the network are, and nothing of the presentation: the film waits for media or
/// for a licence, or a download is slow, or is given up when the player moves to another place.
pub const HLS_JS_PACE_WARNINGS: [&str; 8] = [
    "Playback stalling",
    "Stall detected, adjusting target latency",
    " is loading too slowly",
    "Aborting inflight request",
    " was dropped during download",
    "aborted error cascading from ",
    " finished buffering, but was aborted",
    "is located too far from the end of live sliding playlist",
];

/// True if `messages` is an array of texts, each of which has one of the known ones in it.
pub fn are_known(messages: &Value, known: &[&str]) -> bool {
    let is_known = |message: &Value| {
        let text = message.as_str();
        text.is_some_and(|text| known.iter().any(|known| text.contains(known)))
    };
    messages
        .as_array()
        .is_some_and(|messages| messages.iter().all(is_known))
}

/// Returns true for an array without items.
pub fn is_empty(list: &Value) -> bool {
    list.as_array().is_some_and(Vec::is_empty)
}
