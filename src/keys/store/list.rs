// SPDX-License-Identifier: MPL-2.0
//! Lists of keys, without the keys.

use crate::cenc::KeyId;

use super::content_key::kid_value;
use super::database::Row;
use super::model::{info_columns, kid_of, mode_of};
use super::transaction::Transaction;
use super::{Error, KeyFilter, KeyInfo, KeySlot, KeyState, KeyStore, Page};

impl KeyStore {
    /// All of a key but the key.
    ///
    /// # Errors
    /// [`Error::NoKey`].
    pub fn info(&self, kid: &KeyId) -> Result<KeyInfo, Error> {
        self.read(|transaction| info(transaction, kid))
    }

    /// Keys, the last made first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keys(&self, filter: &KeyFilter, page: Page) -> Result<Vec<KeyInfo>, Error> {
        let mut values = Vec::from(page.values()?);
        values.push(filter.content_id.as_deref().unwrap_or_default().into());
        values.push(filter.state.map_or("", KeyState::name).into());
        let sql = concat!(
            "SELECT ",
            info_columns!(),
            " FROM content_key WHERE ($3 = '' OR kid IN (SELECT kid FROM key_slot WHERE content_id = $3))
                AND ($4 = '' OR state = $4) ORDER BY created DESC, kid LIMIT $1 OFFSET $2"
        );
        let rows = self.read(|transaction| transaction.run(sql, &values))?;
        rows.into_iter()
            .map(|mut row| KeyInfo::from_row(&mut row))
            .collect()
    }

    /// The tracks and crypto periods that have a key of a content, the last periods first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn slots(&self, content_id: &str, page: Page) -> Result<Vec<(KeySlot, KeyId)>, Error> {
        let [limit, offset] = page.values()?;
        let sql = "SELECT label, period, mode, kid FROM key_slot WHERE content_id = $3
            ORDER BY period DESC, label, mode LIMIT $1 OFFSET $2";
        let rows =
            self.read(|transaction| transaction.run(sql, &[limit, offset, content_id.into()]))?;
        let read = |mut row: Row| {
            let slot = KeySlot {
                content_id: content_id.to_owned(),
                label: row.text()?,
                period: row.int()?.cast_unsigned(),
                mode: mode_of(&row.text()?)?,
            };
            Ok((slot, kid_of(&row.blob()?)?))
        };
        rows.into_iter().map(read).collect()
    }

    /// The tracks and crypto periods that a key is for, by content, period and label.
    ///
    /// # Errors
    /// When the database fails.
    pub fn slots_of(&self, kid: &KeyId) -> Result<Vec<KeySlot>, Error> {
        let sql = "SELECT content_id, label, period, mode FROM key_slot WHERE kid = $1
            ORDER BY content_id, period, label";
        let rows = self.read(|transaction| transaction.run(sql, &[kid_value(kid)]))?;
        let read = |mut row: Row| {
            Ok(KeySlot {
                content_id: row.text()?,
                label: row.text()?,
                period: row.int()?.cast_unsigned(),
                mode: mode_of(&row.text()?)?,
            })
        };
        rows.into_iter().map(read).collect()
    }
}

pub(super) fn info(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<KeyInfo, Error> {
    let sql = concat!(
        "SELECT ",
        info_columns!(),
        " FROM content_key WHERE kid = $1"
    );
    let row = transaction.one(sql, &[kid_value(kid)])?;
    KeyInfo::from_row(&mut row.ok_or(Error::NoKey(*kid))?)
}
