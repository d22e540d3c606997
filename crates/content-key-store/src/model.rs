// SPDX-License-Identifier: MPL-2.0
//! The public types of the store.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cenc_types::{CipherMode, ContentKey, KeyId, Scheme};

use super::Error;
use super::database::Row;

/// The use of a key: a track of a content in a crypto period, in one cipher mode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeySlot {
    /// The content.
    pub content_id: String,
    /// The track's label.
    pub label: String,
    /// The crypto period's index; 0 where keys do not change.
    pub period: u64,
    /// The cipher mode.
    pub mode: CipherMode,
}

/// A slot that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedSlot {
    /// The track in a crypto period.
    pub slot: KeySlot,
    /// The KID of its key.
    pub kid: KeyId,
}

/// The origin of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The operating system's generator.
    Random,
    /// An operator, who entered it.
    Entered,
    /// A key seed.
    Seed,
    /// A document of another system.
    Imported,
}

/// The state of a key, which only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// It was created.
    Planned,
    /// Every required target has acknowledged it.
    Delivered,
    /// It protects samples.
    Active,
    /// Its crypto period has ended. Packagers that are late still get it for some periods, and licence servers for ever.
    Draining,
    /// An operator has retired it: it protects no new samples. Licence servers still get it.
    Retired,
    /// Others know it: it protects no new samples, and licence servers do not get it.
    Compromised,
}

/// The properties of a key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The KID.
    pub kid: KeyId,
    /// The cipher mode.
    pub mode: CipherMode,
    /// Its origin.
    pub origin: Origin,
    /// The name of the seed, if it was derived from one.
    pub seed: Option<String>,
    /// Its state.
    pub state: KeyState,
    /// The time of its creation.
    pub created: SystemTime,
    /// The time at which it became delivered.
    pub delivered: Option<SystemTime>,
    /// The time at which it became active.
    pub activated: Option<SystemTime>,
    /// The time at which its crypto period had ended.
    pub draining: Option<SystemTime>,
    /// The time at which it was retired.
    pub retired: Option<SystemTime>,
    /// The time at which it was reported as compromised.
    pub compromised: Option<SystemTime>,
}

/// A key in clear. It is wiped when dropped and cannot be printed.
pub struct StoredKey {
    /// Its properties.
    pub info: KeyInfo,
    /// The key.
    pub key: ContentKey,
    /// True if it was created for this request.
    pub is_new: bool,
}

/// A key by its KID, for [`KeyStore::insert`](super::KeyStore::insert).
pub struct NewKey {
    /// The KID.
    pub kid: KeyId,
    /// The cipher mode.
    pub mode: CipherMode,
    /// The source of the key.
    pub source: NewKeySource,
}

/// The source of a new key.
pub enum NewKeySource {
    /// The operating system's generator.
    Random,
    /// A key that an operator has entered.
    Entered(ContentKey),
    /// A key seed of the store, by its name.
    Seed(String),
    /// A key from a document of another system.
    Imported(ContentKey),
}

/// The result of an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// True if the store had the same KID with the same key already.
    pub was_there: bool,
    /// Other KIDs that have the same key, which security level 3000 does not allow.
    pub same_key: Vec<KeyId>,
}

/// A filter for lists of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Keys of this content.
    pub content_id: Option<String>,
    /// Keys in this state.
    pub state: Option<KeyState>,
    /// The key of this KID.
    pub kid: Option<KeyId>,
    /// Keys of tracks with this label.
    pub label: Option<String>,
    /// Keys that were derived from the seed of this name.
    pub seed: Option<String>,
}

/// The tracks that share a label, and so a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackLabel {
    /// The selector of the tracks, such as `video` or `track:2`.
    pub selector: String,
    /// Their label.
    pub label: String,
}

/// The settings of an asset or channel that its packagers need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its id.
    pub id: String,
    /// The protection scheme.
    pub scheme: Scheme,
    /// The version of the PlayReady Header; None for the one that the scheme needs.
    pub header_version: Option<String>,
    /// The URL for licence acquisition (LA_URL).
    pub la_url: Option<String>,
    /// The URL of the licence page for people (LUI_URL).
    pub lui_url: Option<String>,
    /// The domain service id (DS_ID).
    pub ds_id: Option<String>,
    /// The XML for CUSTOMATTRIBUTES.
    pub custom_attributes: Option<String>,
    /// The duration of a crypto period; None if keys do not change.
    pub crypto_period: Option<Duration>,
    /// The seed from which its keys are derived; None if they are random.
    pub seed: Option<String>,
    /// The labels of its tracks; if it is empty, all tracks share one key.
    pub tracks: Vec<TrackLabel>,
    /// The targets that must acknowledge a key before it becomes active.
    pub targets: Vec<String>,
}

impl Content {
    /// Makes a content with no settings but its id and scheme.
    pub fn new(id: &str, scheme: Scheme) -> Self {
        Self {
            id: id.to_owned(),
            scheme,
            header_version: None,
            la_url: None,
            lui_url: None,
            ds_id: None,
            custom_attributes: None,
            crypto_period: None,
            seed: None,
            tracks: Vec::new(),
            targets: Vec::new(),
        }
    }
}

impl Origin {
    const ALL: [Self; 4] = [Self::Random, Self::Entered, Self::Seed, Self::Imported];

    /// Returns the name of the origin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Entered => "entered",
            Self::Seed => "seed",
            Self::Imported => "imported",
        }
    }
}

impl KeyState {
    /// All states, in their order.
    pub const ALL: [Self; 6] = [
        Self::Planned,
        Self::Delivered,
        Self::Active,
        Self::Draining,
        Self::Retired,
        Self::Compromised,
    ];

    /// Returns the name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Delivered => "delivered",
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }
}

/// Writes bytes that are not secret as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the name of a cipher mode in the tables.
pub(super) const fn mode_name(mode: CipherMode) -> &'static str {
    match mode {
        CipherMode::Ctr => "ctr",
        CipherMode::Cbc => "cbc",
    }
}

pub(super) fn mode_of(text: &str) -> Result<CipherMode, Error> {
    [CipherMode::Ctr, CipherMode::Cbc]
        .into_iter()
        .find(|mode| mode_name(*mode) == text)
        .ok_or(Error::Damaged("unknown cipher mode"))
}

/// The columns of a [`KeyInfo`], as [`KeyInfo::from_row`] takes them.
macro_rules! info_columns {
    () => {
        "content_key.kid, content_key.mode, origin, seed, state, created, delivered, activated, draining, retired, compromised"
    };
}
pub(super) use info_columns;

impl KeyInfo {
    pub(super) fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            kid: row.key_id()?,
            mode: mode_of(&row.text()?)?,
            origin: {
                let name = row.text()?;
                Origin::ALL
                    .into_iter()
                    .find(|origin| origin.name() == name)
                    .ok_or(Error::Damaged("unknown origin"))?
            },
            seed: row.optional_text()?,
            state: {
                let name = row.text()?;
                KeyState::ALL
                    .into_iter()
                    .find(|state| state.name() == name)
                    .ok_or(Error::Damaged("unknown state"))?
            },
            created: row.time()?,
            delivered: row.optional_time()?,
            activated: row.optional_time()?,
            draining: row.optional_time()?,
            retired: row.optional_time()?,
            compromised: row.optional_time()?,
        })
    }
}

/// The last millisecond of the year 9999, the last that RFC 3339 can write.
pub(super) const LAST_MILLISECOND: i64 = 253_402_300_799_999;

/// Returns the milliseconds since 1970; 0 for an earlier time, and the last one of the year 9999 for a later one.
pub fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).map_or(LAST_MILLISECOND, |since| since.min(LAST_MILLISECOND))
}

/// Returns the time of a row. A row may be from a time when the clock was wrong or no bound was checked.
pub(super) fn time_of(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds.clamp(0, LAST_MILLISECOND).unsigned_abs())
}

/// Checks that a name is short and visible, because logs, the audit and lists show it, and two names must not look the same.
///
/// # Errors
/// [`Error::BadName`] of `what`.
pub fn check_name(what: &'static str, name: &str) -> Result<(), Error> {
    match (1..=255).contains(&name.chars().count()) && !name.contains(is_unseen) {
        true => Ok(()),
        false => Err(Error::BadName(what)),
    }
}

/// True for characters that people do not see: controls, separators of lines, and the format characters of Unicode (category Cf), which
/// have no width or change the direction of writing.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

impl KeySlot {
    pub(super) fn check(&self) -> Result<(), Error> {
        check_name("content id", &self.content_id)?;
        check_name("track label", &self.label)?;
        self.period_column().map(|_| ())
    }

    pub(super) fn period_column(&self) -> Result<i64, Error> {
        // No period that counts from 1970 is shorter than a millisecond.
        i64::try_from(self.period)
            .ok()
            .filter(|period| *period <= LAST_MILLISECOND)
            .ok_or(Error::OutOfRange("the crypto period's index"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_characters_that_people_do_not_see() {
        for name in ["news", "news/1 ü", "新闻", "x y"] {
            assert!(check_name("content id", name).is_ok(), "{name}");
        }
        for unseen in [
            "\0",
            "\n",
            "\u{ad}",
            "\u{61c}",
            "\u{200b}",
            "\u{200d}",
            "\u{200f}",
            "\u{2028}",
            "\u{202e}",
            "\u{2060}",
            "\u{2066}",
            "\u{2069}",
            "\u{feff}",
            "\u{e0041}",
        ] {
            let name = format!("ne{unseen}ws");
            assert!(check_name("content id", &name).is_err(), "{name:?}");
        }
    }
}
