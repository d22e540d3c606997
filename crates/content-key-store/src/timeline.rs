// SPDX-License-Identifier: MPL-2.0
//! The keys of a content over its crypto periods.

use std::ops::Range;

use super::database::Row;
use super::model::{KeyInfo, info_columns};
use super::{Error, KeySlot, KeyStore};

/// The most keys of a timeline.
const MAX_KEYS: i64 = 10_000;

/// A key of a track in a crypto period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodKey {
    /// Its slot.
    pub slot: KeySlot,
    /// Its properties.
    pub info: KeyInfo,
}

pub(super) const PERIODS: &str = concat!(
    "SELECT label, period, ",
    info_columns!(),
    " FROM key_slot JOIN content_key ON content_key.kid = key_slot.kid
        WHERE content_id = $1 AND period >= $2 AND period < $3 ORDER BY period, label, key_slot.mode LIMIT $4"
);
pub(super) const LAST: &str = "SELECT MAX(period) FROM key_slot WHERE content_id = $1";

impl KeyStore {
    /// Lists the keys of a content in a range of crypto periods by period and label, at most 10,000. To get more, continue from the
    /// period of the last one.
    ///
    /// # Errors
    /// If the database fails.
    pub fn periods(&self, content_id: &str, range: Range<u64>) -> Result<Vec<PeriodKey>, Error> {
        self.actor.check_content(content_id)?;
        let column = |period| i64::try_from(period).unwrap_or(i64::MAX);
        self.read(|transaction| {
            transaction.run(
                PERIODS,
                &[
                    content_id.into(),
                    column(range.start).into(),
                    column(range.end).into(),
                    MAX_KEYS.into(),
                ],
            )
        })?
        .into_iter()
        .map(|row| PeriodKey::from_row(content_id, row))
        .collect()
    }

    /// Returns the last crypto period of a content that has a key; None if there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub fn last_period(&self, content_id: &str) -> Result<Option<u64>, Error> {
        self.actor.check_content(content_id)?;
        self.read(|transaction| transaction.one(LAST, &[content_id.into()]))?
            .map_or(Ok(None), |mut row| row.optional_int())
            .map(|last| last.map(i64::cast_unsigned))
    }
}

impl PeriodKey {
    fn from_row(content_id: &str, mut row: Row) -> Result<Self, Error> {
        let (label, period) = (row.text()?, row.int()?.cast_unsigned());
        let info = KeyInfo::from_row(&mut row)?;
        Ok(Self {
            slot: KeySlot {
                content_id: content_id.to_owned(),
                label,
                period,
                mode: info.mode,
            },
            info,
        })
    }
}
