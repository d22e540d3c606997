// SPDX-License-Identifier: MPL-2.0
//! The reports of keys, which `--json` serializes.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use cenc_types::CipherMode;
use content_key_store::{KeyInfo, KeyStore};
use cpix::Timestamp;
use host_access::Host;
use key_server::operations::kid::KeyIdForms;
use serde::Serialize;

use super::error::Error;

/// Everything about a key except the key itself. Times are in UTC.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    /// The KID in all notations.
    #[serde(flatten)]
    pub kid: KeyIdForms,
    /// The cipher mode: `ctr` or `cbc`.
    pub mode: &'static str,
    /// The state, such as `planned`.
    pub state: &'static str,
    /// The origin, such as `random`.
    pub origin: &'static str,
    /// The name of the key seed from which it was derived.
    pub seed: Option<String>,
    /// The time of its creation.
    pub created: String,
    /// The time at which it became delivered.
    pub delivered: Option<String>,
    /// The time at which it became active.
    pub activated: Option<String>,
    /// The time at which its crypto period had ended.
    pub draining: Option<String>,
    /// The time at which it was retired.
    pub retired: Option<String>,
    /// The time at which it was reported as compromised.
    pub compromised: Option<String>,
    /// The KID of the root key, if the store has a leaf licence of the key under it.
    pub leaf_licence_root: Option<String>,
    /// The tracks and crypto periods that it protects.
    pub tracks: Vec<KeyTrack>,
}

/// A track in a crypto period.
#[derive(Debug, Serialize)]
pub struct KeyTrack {
    /// The content.
    pub content: String,
    /// The label of the track.
    pub label: String,
    /// The index of the crypto period.
    pub period: u64,
}

/// The headings of the columns of [`KeyReport::row`].
pub const HEADINGS: [&str; 7] = ["KID", "MODE", "STATE", "ORIGIN", "LICENCE", "MADE", "FOR"];

impl KeyReport {
    /// Creates the report of a key; reads its tracks and its leaf licence from the store.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn load(store: &KeyStore, key: &KeyInfo) -> Result<Self, Error> {
        Ok(Self {
            kid: key.kid.into(),
            mode: match key.mode {
                CipherMode::Ctr => "ctr",
                CipherMode::Cbc => "cbc",
            },
            state: key.state.name(),
            origin: key.origin.name(),
            seed: key.seed.clone(),
            created: utc(key.created),
            delivered: key.delivered.map(utc),
            activated: key.activated.map(utc),
            draining: key.draining.map(utc),
            retired: key.retired.map(utc),
            compromised: key.compromised.map(utc),
            leaf_licence_root: store
                .leaf_licence(&key.kid)?
                .map(|licence| licence.root_kid.to_string()),
            tracks: store
                .slots_of(&key.kid)?
                .into_iter()
                .map(|slot| KeyTrack {
                    content: slot.content_id,
                    label: slot.label,
                    period: slot.period,
                })
                .collect(),
        })
    }

    /// Returns the cells of a table row.
    pub fn row(&self) -> [String; 7] {
        [
            self.kid.uuid.clone(),
            self.mode.to_owned(),
            self.state.to_owned(),
            self.origin.to_owned(),
            match self.leaf_licence_root {
                Some(_) => "leaf".to_owned(),
                None => "-".to_owned(),
            },
            self.created.clone(),
            match self.tracks.as_slice() {
                [] => "-".to_owned(),
                [only] => only.text(),
                [first, rest @ ..] => format!("{} and {} more", first.text(), rest.len()),
            },
        ]
    }
}

impl KeyTrack {
    fn text(&self) -> String {
        format!("{} {} {}", self.content, self.label, self.period)
    }
}

/// Returns the present time.
pub fn now(host: &Host) -> SystemTime {
    UNIX_EPOCH + host.clock.since_1970()
}

/// Formats a time in UTC with milliseconds.
pub fn utc(time: SystemTime) -> String {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX)).to_string()
}

/// Writes a table whose columns are as wide as their widest cells.
///
/// # Errors
/// Errors of `out`.
pub fn write_table<const N: usize>(
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
    write_row(out, &headings, &widths)?;
    rows.iter().try_for_each(|row| write_row(out, row, &widths))
}

fn write_row(out: &mut dyn Write, cells: &[impl AsRef<str>], widths: &[usize]) -> io::Result<()> {
    let row: String = cells
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{:width$}  ", cell.as_ref()))
        .collect();
    writeln!(out, "{}", row.trim_end())
}
