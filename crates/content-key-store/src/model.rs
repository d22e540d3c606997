// SPDX-License-Identifier: MPL-2.0
//! The public types of the store.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cenc_types::{CipherMode, ContentKey, KeyId, Scheme};

use super::Error;
use super::database::{Row, Value};

/// The use of a key: a track of a content in a crypto period, in one cipher mode.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// An operator's hand.
    Entered,
    /// A key seed.
    Seed,
    /// A document of another system.
    Imported,
}

/// The state of a key, which only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// Made.
    Planned,
    /// Acknowledged by every required target.
    Delivered,
    /// Protects samples.
    Active,
    /// Protects no new samples.
    Retired,
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
    /// The seed's name, where it came from one.
    pub seed: Option<String>,
    /// Its state.
    pub state: KeyState,
    /// The time of its creation.
    pub created: SystemTime,
    /// The time at which it became delivered.
    pub delivered: Option<SystemTime>,
    /// The time at which it became active.
    pub activated: Option<SystemTime>,
    /// The time at which it was retired.
    pub retired: Option<SystemTime>,
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
    /// The key, or where it is to come from.
    pub source: KeySource,
}

/// The source of a new key.
pub enum KeySource {
    /// The operating system's generator.
    Random,
    /// An operator's hand.
    Entered(ContentKey),
    /// A key seed of the store, by its name.
    Seed(String),
    /// A document of another system.
    Imported(ContentKey),
}

/// The result of an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// True if the store had the same KID with the same key already.
    pub was_there: bool,
    /// Other KIDs that have the same key: warn of them, since devices of security level 3000 want keys that differ.
    pub same_key: Vec<KeyId>,
}

/// A filter for lists of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Those of a content.
    pub content_id: Option<String>,
    /// Those that are as far as this.
    pub state: Option<KeyState>,
    /// The one with this KID.
    pub kid: Option<KeyId>,
    /// Those of tracks with this label.
    pub label: Option<String>,
    /// Those that came from a seed, by its name.
    pub seed: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The number of entries before it.
    pub offset: u64,
    /// The largest number of its entries.
    pub limit: u32,
}

/// The settings of an asset or channel that its packagers need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its id.
    pub id: String,
    /// The protection scheme.
    pub scheme: Scheme,
    /// Version of the PlayReady Header; None: as the scheme asks for.
    pub header_version: Option<String>,
    /// URL where licences are acquired.
    pub la_url: Option<String>,
    /// URL of the page that people see.
    pub lui_url: Option<String>,
    /// Domain service id.
    pub ds_id: Option<String>,
    /// XML for CUSTOMATTRIBUTES.
    pub custom_attributes: Option<String>,
    /// The duration for which a key is used; None: keys do not change.
    pub crypto_period: Option<Duration>,
    /// The seed from which its keys are derived; None: they are random.
    pub seed: Option<String>,
    /// Selectors and the labels of the tracks that match them.
    pub tracks: Vec<(String, String)>,
    /// The targets that must acknowledge a key before it becomes active.
    pub targets: Vec<String>,
}

impl Content {
    /// A content with no settings but its id and scheme.
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

    /// The origin as text.
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
    pub const ALL: [Self; 4] = [Self::Planned, Self::Delivered, Self::Active, Self::Retired];

    /// The state as text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Delivered => "delivered",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

/// The cipher mode as the tables name it.
pub(super) const fn mode_name(mode: CipherMode) -> &'static str {
    match mode {
        CipherMode::Ctr => "ctr",
        CipherMode::Cbc => "cbc",
    }
}

pub(super) fn mode_of(text: &str) -> Result<CipherMode, Error> {
    let mut modes = [CipherMode::Ctr, CipherMode::Cbc].into_iter();
    let mode = modes.find(|mode| mode_name(*mode) == text);
    mode.ok_or(Error::Damaged("unknown cipher mode"))
}

/// The columns of a [`KeyInfo`], as [`KeyInfo::from_row`] takes them.
macro_rules! info_columns {
    () => {
        "content_key.kid, content_key.mode, origin, seed, state, created, delivered, activated, retired"
    };
}
pub(super) use info_columns;

impl KeyInfo {
    pub(super) fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            kid: row.key_id()?,
            mode: mode_of(&row.text()?)?,
            origin: {
                let text = row.text()?;
                let origin = Origin::ALL.into_iter().find(|origin| origin.name() == text);
                origin.ok_or(Error::Damaged("unknown origin"))?
            },
            seed: row.optional_text()?,
            state: {
                let text = row.text()?;
                let state = KeyState::ALL.into_iter().find(|state| state.name() == text);
                state.ok_or(Error::Damaged("unknown state"))?
            },
            created: row.time()?,
            delivered: row.optional_time()?,
            activated: row.optional_time()?,
            retired: row.optional_time()?,
        })
    }
}

/// Milliseconds since 1970; a clock before that counts as 1970.
pub(super) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn time_of(milliseconds: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// Checks a name, which is to be short and printable: names are in logs, in the audit and in lists.
///
/// # Errors
/// [`Error::BadName`] of `what`.
pub fn check_name(what: &'static str, name: &str) -> Result<(), Error> {
    let length = name.chars().count();
    let fits = (1..=255).contains(&length) && !name.contains(char::is_control);
    fits.then_some(()).ok_or(Error::BadName(what))
}

impl KeySlot {
    pub(super) fn check(&self) -> Result<(), Error> {
        check_name("content id", &self.content_id)?;
        check_name("track label", &self.label)?;
        self.period_column().map(|_| ())
    }

    pub(super) fn period_column(&self) -> Result<i64, Error> {
        i64::try_from(self.period).map_err(|_| Error::OutOfRange("the crypto period's index"))
    }
}

impl Page {
    /// The values of a statement with `LIMIT $1 OFFSET $2`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn values(self) -> Result<[Value; 2], Error> {
        let offset =
            i64::try_from(self.offset).map_err(|_| Error::OutOfRange("the page's offset"))?;
        Ok([i64::from(self.limit).into(), offset.into()])
    }
}
