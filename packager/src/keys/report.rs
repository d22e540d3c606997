// SPDX-License-Identifier: MPL-2.0
//! What is said of keys; `--json` writes these types as they are.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use cenc_types::CipherMode;
use content_key_store::{KeyInfo, KeySlot};
use cpix::Timestamp;
use key_server::operations::kid::KeyIdForms;
use serde::Serialize;

/// All of a key but the key.
#[derive(Debug, Serialize)]
pub struct Key {
    /// The KID in all notations.
    #[serde(flatten)]
    pub kid: KeyIdForms,
    /// `ctr` or `cbc`: what the key is for.
    pub mode: &'static str,
    /// How far it is.
    pub state: &'static str,
    /// Where it came from.
    pub origin: &'static str,
    /// The seed's name, where it came from one.
    pub seed: Option<String>,
    /// When it was made, in UTC.
    pub created: String,
    /// When it became delivered.
    pub delivered: Option<String>,
    /// When it became active.
    pub activated: Option<String>,
    /// When it was retired.
    pub retired: Option<String>,
    /// What it is for.
    pub tracks: Vec<Track>,
}

/// A track in a crypto period.
#[derive(Debug, Serialize)]
pub struct Track {
    /// The content.
    pub content: String,
    /// The track's label.
    pub label: String,
    /// The crypto period's index.
    pub period: u64,
}

impl Key {
    /// A key and what it is for.
    pub fn new(info: &KeyInfo, slots: Vec<KeySlot>) -> Self {
        let tracks = slots.into_iter().map(|slot| Track {
            content: slot.content_id,
            label: slot.label,
            period: slot.period,
        });
        Self {
            kid: info.kid.into(),
            mode: match info.mode {
                CipherMode::Ctr => "ctr",
                CipherMode::Cbc => "cbc",
            },
            state: info.state.name(),
            origin: info.origin.name(),
            seed: info.seed.clone(),
            created: utc(info.created),
            delivered: info.delivered.map(utc),
            activated: info.activated.map(utc),
            retired: info.retired.map(utc),
            tracks: tracks.collect(),
        }
    }

    /// A line of a table.
    pub fn row(&self) -> [String; 6] {
        let tracks = match self.tracks.as_slice() {
            [] => "-".to_owned(),
            [only] => only.text(),
            [first, rest @ ..] => format!("{} and {} more", first.text(), rest.len()),
        };
        let [mode, state, origin] = [self.mode, self.state, self.origin].map(str::to_owned);
        [
            self.kid.uuid.clone(),
            mode,
            state,
            origin,
            self.created.clone(),
            tracks,
        ]
    }
}

/// What stands above the lines of [`Key::row`].
pub const HEADINGS: [&str; 6] = ["KID", "MODE", "STATE", "ORIGIN", "MADE", "FOR"];

impl Track {
    fn text(&self) -> String {
        format!("{} {} {}", self.content, self.label, self.period)
    }
}

/// A time in UTC, to the millisecond.
pub fn utc(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    Timestamp(nanoseconds).to_string()
}

/// Columns below each other, as wide as they must be.
///
/// # Errors
/// Whatever keeps them from being written.
pub fn table<const N: usize>(
    out: &mut dyn Write,
    headings: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let mut widths = headings.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    line(out, &headings, &widths)?;
    rows.iter().try_for_each(|row| line(out, row, &widths))
}

fn line(out: &mut dyn Write, cells: &[impl AsRef<str>], widths: &[usize]) -> io::Result<()> {
    let cells = cells.iter().zip(widths);
    let padded: String = cells
        .map(|(cell, &width)| format!("{:width$}  ", cell.as_ref()))
        .collect();
    writeln!(out, "{}", padded.trim_end())
}
