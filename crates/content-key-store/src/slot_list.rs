// SPDX-License-Identifier: MPL-2.0
//! Lists of slots: the tracks of a content in crypto periods, and the uses of a key.

use cenc_types::KeyId;

use super::database::Row;
use super::model::{mode_name, mode_of};
use super::page::{BothWays, Found, Place};
use super::{AssignedSlot, Error, KeySlot, KeyStore, Listed, Page};

/// The slots of a content: `$1` limit, `$2` content; `$3` period, `$4` label, `$5` mode of the place to read from. Only the tracks of a
/// period are sorted.
pub(super) const SLOTS: BothWays = BothWays {
    forward: "SELECT label, period, mode, kid FROM key_slot WHERE content_id = $2 AND period >= 0 AND period <= $3
        AND (period < $3 OR (label, mode) > ($4, $5)) ORDER BY period DESC, label, mode LIMIT $1",
    backward: "SELECT label, period, mode, kid FROM key_slot WHERE content_id = $2 AND period >= $3
        AND (period > $3 OR (label, mode) < ($4, $5)) ORDER BY period, label DESC, mode DESC LIMIT $1",
};

/// The place of a slot in the list of a content's slots.
#[derive(Debug, Clone)]
struct SlotPlace {
    period: i64,
    label: String,
    mode: &'static str,
}

impl KeyStore {
    /// Lists the slots of a content that have a key, the last periods first, and the tracks of a period by label.
    ///
    /// # Errors
    /// [`Error::BadCursor`], [`Error::OutsideContents`], or if the database fails.
    pub fn slots(&self, content_id: &str, page: &Page) -> Result<Listed<AssignedSlot>, Error> {
        self.actor.check_content(content_id)?;
        page.read(SlotPlace::of, |stretch| {
            let from = stretch.from.clone().unwrap_or(SlotPlace {
                period: if stretch.is_backward { -1 } else { i64::MAX },
                label: String::new(),
                mode: "",
            });
            let values = [
                stretch.limit.into(),
                content_id.into(),
                from.period.into(),
                from.label.as_str().into(),
                from.mode.into(),
            ];
            self.read(|transaction| transaction.run(SLOTS.towards(stretch), &values))?
                .into_iter()
                .map(|mut row| {
                    Ok(AssignedSlot {
                        slot: KeySlot::from_row(content_id.to_owned(), &mut row)?,
                        kid: row.key_id()?,
                    })
                })
                .collect::<Result<_, Error>>()
                .map(Found::all)
        })
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

impl SlotPlace {
    fn of(assigned: &AssignedSlot) -> Self {
        let slot = &assigned.slot;
        Self {
            period: i64::try_from(slot.period).unwrap_or(i64::MAX),
            label: slot.label.clone(),
            mode: mode_name(slot.mode),
        }
    }
}

impl Place for SlotPlace {
    fn to_text(&self) -> String {
        format!("{}.{}.{}", self.period, self.mode, self.label)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        Some(Self {
            period: parts.next()?.parse().ok()?,
            mode: mode_of(parts.next()?).ok().map(mode_name)?,
            label: parts.next()?.to_owned(),
        })
    }
}
