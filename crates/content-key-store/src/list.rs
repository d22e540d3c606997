// SPDX-License-Identifier: MPL-2.0
//! Lists of keys, without the keys.

use cenc_types::KeyId;

use super::database::{Row, Value};
use super::may_use_content;
use super::may_use_key;
use super::model::{info_columns, mode_of};
use super::transaction::Transaction;
use super::{AssignedSlot, Error, KeyFilter, KeyInfo, KeySlot, KeyState, KeyStore, Page};

/// A statement that one index leads: `$1` limit, `$2` offset, `$3` content, `$4` state, `$5` label, `$6` seed, '' for any; `$7` the
/// limited actor, `$8` the KID.
macro_rules! keys_sql {
    ($lead:literal) => {
        concat!(
            "SELECT ",
            info_columns!(),
            " FROM content_key WHERE ",
            $lead,
            "($4 = '' OR state = $4) AND ($6 = '' OR seed = $6) AND (($3 = '' AND $5 = '') OR EXISTS (
                SELECT 1 FROM key_slot WHERE key_slot.kid = content_key.kid AND ($3 = '' OR content_id = $3) AND ($5 = '' OR label = $5) AND ",
            may_use_content!("content_id", "$7"),
            ")) AND ",
            may_use_key!("content_key.kid", "$7"),
            " ORDER BY created DESC, content_key.kid DESC LIMIT $1 OFFSET $2"
        )
    };
}

/// The lists by KID, by content, by seed, by state, and of all keys. Only the list by content needs sorting.
pub(super) const KEYS: [&str; 5] = [
    keys_sql!("content_key.kid = $8 AND "),
    keys_sql!("content_key.kid IN (SELECT kid FROM key_slot WHERE content_id = $3) AND "),
    keys_sql!("seed = $6 AND "),
    keys_sql!("state = $4 AND "),
    keys_sql!(""),
];
pub(super) const SLOTS: &str =
    "SELECT label, period, mode, kid FROM key_slot WHERE content_id = $3 AND period >= 0
    ORDER BY period DESC, label, mode LIMIT $1 OFFSET $2";

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
    /// If the database fails.
    pub fn keys(&self, filter: &KeyFilter, page: Page) -> Result<Vec<KeyInfo>, Error> {
        if let Some(id) = &filter.content_id {
            self.actor.check_content(id)?;
        }
        let mut values = Vec::from(page.values()?);
        values.extend(filter.values());
        self.read(|transaction| {
            values.push(transaction.limited_actor()?);
            values.push(filter.kid.as_ref().into());
            transaction.run(filter.sql(), &values)
        })?
        .into_iter()
        .map(|mut row| KeyInfo::from_row(&mut row))
        .collect()
    }

    /// Lists the slots of a content that have a key, the last periods first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn slots(&self, content_id: &str, page: Page) -> Result<Vec<AssignedSlot>, Error> {
        self.actor.check_content(content_id)?;
        let [limit, offset] = page.values()?;
        self.read(|transaction| transaction.run(SLOTS, &[limit, offset, content_id.into()]))?
            .into_iter()
            .map(|mut row| {
                Ok(AssignedSlot {
                    slot: KeySlot::from_row(content_id.to_owned(), &mut row)?,
                    kid: row.key_id()?,
                })
            })
            .collect()
    }

    /// Lists the slots of a key by content, period and label.
    ///
    /// # Errors
    /// If the database fails.
    pub fn slots_of(&self, kid: &KeyId) -> Result<Vec<KeySlot>, Error> {
        let sql = "SELECT content_id, label, period, mode FROM key_slot WHERE kid = $1
            ORDER BY content_id, period, label";
        let mut slots = self
            .read(|transaction| transaction.run(sql, &[kid.into()]))?
            .into_iter()
            .map(|mut row| KeySlot::from_row(row.text()?, &mut row))
            .collect::<Result<Vec<_>, _>>()?;
        slots.retain(|slot| self.actor.scope().includes(&slot.content_id));
        Ok(slots)
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

impl KeySlot {
    /// Reads the columns `label, period, mode`.
    fn from_row(content_id: String, row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            content_id,
            label: row.text()?,
            period: row.int()?.cast_unsigned(),
            mode: mode_of(&row.text()?)?,
        })
    }
}

impl KeyFilter {
    fn sql(&self) -> &'static str {
        let [by_kid, by_content, by_seed, by_state, all] = KEYS;
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
