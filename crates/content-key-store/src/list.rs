// SPDX-License-Identifier: MPL-2.0
//! Lists of keys, without the keys.

use cenc_types::KeyId;

use super::database::{Row, Value};
use super::may_use_content;
use super::may_use_key;
use super::model::{info_columns, milliseconds};
use super::page::{BothWays, Found, Place, SEARCHED, Stretch};
use super::transaction::Transaction;
use super::{Error, KeyFilter, KeyInfo, KeyState, KeyStore, Listed, Page};

/// A statement that one index leads: `$1` limit; `$2`, `$3` the place to read from, `$4`, `$5` the last one to examine; `$6` content,
/// `$7` state, `$8` label, `$9` seed, '' for any; `$10` the limited actor, `$11` the KID.
macro_rules! keys_sql {
    ($lead:literal, $beyond:literal, $within:literal, $order:literal) => {
        concat!(
            "SELECT ",
            info_columns!(),
            " FROM content_key WHERE ",
            $lead,
            "(created, content_key.kid) ",
            $beyond,
            " ($2, $3) AND (created, content_key.kid) ",
            $within,
            " ($4, $5) AND ($7 = '' OR state = $7) AND ($9 = '' OR seed = $9) AND (($6 = '' AND $8 = '') OR EXISTS (
                SELECT 1 FROM key_slot WHERE key_slot.kid = content_key.kid AND ($6 = '' OR content_id = $6) AND ($8 = '' OR label = $8) AND ",
            may_use_content!("content_id", "$10"),
            ")) AND ",
            may_use_key!("content_key.kid", "$10"),
            " ORDER BY created ",
            $order,
            ", content_key.kid ",
            $order,
            " LIMIT $1"
        )
    };
    ($lead:literal) => {
        BothWays {
            forward: keys_sql!($lead, "<", ">=", "DESC"),
            backward: keys_sql!($lead, ">", "<=", "ASC"),
        }
    };
}

/// The lists by KID, by content, by seed, by state, and of all keys. Only the list by content needs sorting.
pub(super) const KEYS: [BothWays; 5] = [
    keys_sql!("content_key.kid = $11 AND "),
    keys_sql!("content_key.kid IN (SELECT kid FROM key_slot WHERE content_id = $6) AND "),
    keys_sql!("seed = $9 AND "),
    keys_sql!("state = $7 AND "),
    keys_sql!(""),
];

/// A statement that finds the last key to examine: `$1` how many are examined before it; `$2`, `$3` the place to read from; `$4` the
/// state or seed.
macro_rules! last_examined_sql {
    ($lead:literal, $beyond:literal, $order:literal) => {
        concat!(
            "SELECT created, kid FROM content_key WHERE ",
            $lead,
            "(created, kid) ",
            $beyond,
            " ($2, $3) ORDER BY created ",
            $order,
            ", kid ",
            $order,
            " LIMIT 1 OFFSET $1"
        )
    };
    ($lead:literal) => {
        BothWays {
            forward: last_examined_sql!($lead, "<", "DESC"),
            backward: last_examined_sql!($lead, ">", "ASC"),
        }
    };
}

/// For the lists by seed, by state, and of all keys.
pub(super) const LAST_EXAMINED: [BothWays; 3] = [
    last_examined_sql!("seed = $4 AND "),
    last_examined_sql!("state = $4 AND "),
    last_examined_sql!(""),
];

/// The place of a key in lists of keys.
#[derive(Debug, Clone)]
struct KeyPlace {
    /// The time of its creation, in milliseconds since 1970.
    created: i64,
    kid: KeyId,
}

impl KeyStore {
    /// Returns the properties of a key, without the key.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::OutsideContents`].
    pub fn info(&self, kid: &KeyId) -> Result<KeyInfo, Error> {
        self.read(|transaction| info(transaction, kid))
    }

    /// Returns the properties of a key; None if there is none. A limited actor may look for the KID of a new key.
    ///
    /// # Errors
    /// [`Error::OutsideContents`] for the key of another content.
    pub fn find(&self, kid: &KeyId) -> Result<Option<KeyInfo>, Error> {
        self.read(|transaction| match exists(transaction, kid)? {
            true => info(transaction, kid).map(Some),
            false => Ok(None),
        })
    }

    /// Lists keys, the newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`], [`Error::OutsideContents`], or if the database fails.
    pub fn keys(&self, filter: &KeyFilter, page: &Page) -> Result<Listed<KeyInfo>, Error> {
        if let Some(id) = &filter.content_id {
            self.actor.check_content(id)?;
        }
        page.read(KeyPlace::of, |stretch| {
            self.read(|transaction| filter.list(transaction, stretch))
        })
    }
}

/// True if a KID has a key, which the actor need not be allowed to use.
pub(super) fn exists(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<bool, Error> {
    let sql = "SELECT kid FROM content_key WHERE kid = $1";
    Ok(transaction.one(sql, &[kid.into()])?.is_some())
}

pub(super) fn info(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<KeyInfo, Error> {
    transaction.check_key(kid)?;
    let sql = concat!(
        "SELECT ",
        info_columns!(),
        " FROM content_key WHERE kid = $1"
    );
    let mut row = transaction
        .one(sql, &[kid.into()])?
        .ok_or_else(|| transaction.actor.no_key(kid))?;
    KeyInfo::from_row(&mut row)
}

impl KeyFilter {
    /// Lists the keys of a stretch. Where a filter leaves out keys that no index finds, it examines some of them only.
    fn list(
        &self,
        transaction: &mut Transaction<'_>,
        stretch: &Stretch<KeyPlace>,
    ) -> Result<Found<KeyInfo, KeyPlace>, Error> {
        let actor = transaction.limited_actor()?;
        let from = stretch
            .from
            .clone()
            .unwrap_or(KeyPlace::end(!stretch.is_backward));
        let mut last = None;
        if let Some(window) = self.window(transaction.actor().scope().is_limited()) {
            last = transaction
                .one(
                    window.sql.towards(stretch),
                    &[
                        i64::from(SEARCHED - 1).into(),
                        from.created.into(),
                        (&from.kid).into(),
                        window.of.into(),
                    ],
                )?
                .map(|mut row| KeyPlace::from_row(&mut row))
                .transpose()?;
        }
        let to = last.clone().unwrap_or(KeyPlace::end(stretch.is_backward));
        let [content, state, label, seed] = self.values();
        let values = [
            stretch.limit.into(),
            from.created.into(),
            (&from.kid).into(),
            to.created.into(),
            (&to.kid).into(),
            content,
            state,
            label,
            seed,
            actor,
            self.kid.as_ref().into(),
        ];
        Ok(Found {
            entries: transaction
                .run(self.sql().towards(stretch), &values)?
                .into_iter()
                .map(|mut row| KeyInfo::from_row(&mut row))
                .collect::<Result<_, _>>()?,
            examined: last,
        })
    }

    const fn sql(&self) -> &'static BothWays {
        const LISTS: &[BothWays; 5] = &KEYS;
        let [by_kid, by_content, by_seed, by_state, all] = LISTS;
        match self {
            Self { kid: Some(_), .. } => by_kid,
            Self {
                content_id: Some(_),
                ..
            } => by_content,
            Self { seed: Some(_), .. } => by_seed,
            Self { state: Some(_), .. } => by_state,
            _ => all,
        }
    }

    /// Returns how the last key to examine is found; None if an index finds exactly the keys, or those of one content.
    fn window(&self, is_limited: bool) -> Option<Window<'_>> {
        const LISTS: &[BothWays; 3] = &LAST_EXAMINED;
        let [by_seed, by_state, all] = LISTS;
        if self.kid.is_some() || self.content_id.is_some() {
            return None;
        }
        let leaves_out = is_limited || self.label.is_some();
        let (leaves_out, sql, of) = match (self.seed.as_deref(), self.state) {
            (Some(seed), state) => (leaves_out || state.is_some(), by_seed, seed),
            (None, Some(state)) => (leaves_out, by_state, state.name()),
            (None, None) => (leaves_out, all, ""),
        };
        leaves_out.then_some(Window { sql, of })
    }

    fn values(&self) -> [Value; 4] {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        [
            text(&self.content_id),
            self.state.map_or("", KeyState::name).into(),
            text(&self.label),
            text(&self.seed),
        ]
    }
}

/// The keys that are examined for a page.
struct Window<'f> {
    sql: &'static BothWays,
    /// The state or seed of all of them.
    of: &'f str,
}

impl KeyPlace {
    /// Returns the place before the newest key, or after the oldest.
    const fn end(is_newest: bool) -> Self {
        match is_newest {
            true => Self {
                created: i64::MAX,
                kid: KeyId::from_bytes([0xff; 16]),
            },
            false => Self {
                created: -1,
                kid: KeyId::from_bytes([0; 16]),
            },
        }
    }

    fn of(key: &KeyInfo) -> Self {
        Self {
            created: milliseconds(key.created),
            kid: key.kid,
        }
    }

    /// Reads the columns `created, kid`.
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            created: row.int()?,
            kid: row.key_id()?,
        })
    }
}

impl Place for KeyPlace {
    fn to_text(&self) -> String {
        format!("{}.{}", self.created, self.kid)
    }

    fn read(text: &str) -> Option<Self> {
        let (created, kid) = text.split_once('.')?;
        Some(Self {
            created: created.parse().ok()?,
            kid: kid.parse().ok()?,
        })
    }
}
