// SPDX-License-Identifier: MPL-2.0
//! The contents, the keys of slots, and the keys in wrapped form that the transactions which change the store have found in it.
//!
//! Contents and the states of keys change. Triggers of the database count these changes, also those of other programs. Each transaction
//! that changes the store reads the count together with the end of the audit, which it locks. While the count is the same, so is what was found. New contents,
//! slots and keys are not counted, so that nothing counts as absent for longer than a transaction.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use cenc_types::KeyId;

use super::content_key::KeyRow;
use super::database::{Row, Statement, Value};
use super::model::{info_columns, mode_name};
use super::{Content, Error, KeySlot, content_rows};

/// The most entries of a table; beyond it the table is cleared.
const MOST: usize = 20_000;

/// The keys of the slots `$1` to `$4`, lists of content ids, labels, periods and modes. The limits make the server look for one after the
/// other by the primary keys.
pub(super) const OF_SLOTS: &str = concat!(
    "SELECT wanted.content_id, label, period, wrapped, fingerprint, ",
    info_columns!(),
    " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS wanted (content_id, label, period, mode)
        CROSS JOIN LATERAL (SELECT kid FROM key_slot WHERE key_slot.content_id = wanted.content_id AND key_slot.label = wanted.label
            AND key_slot.period = wanted.period AND key_slot.mode = wanted.mode LIMIT 1) AS slot
        CROSS JOIN LATERAL (SELECT * FROM content_key WHERE content_key.kid = slot.kid LIMIT 1) AS content_key"
);
/// The keys of a list of KIDs.
pub(super) const OF_KIDS: &str = concat!(
    "SELECT wrapped, fingerprint, ",
    info_columns!(),
    " FROM content_key WHERE kid = ANY($1::bytea[])"
);

/// The findings.
#[derive(Default)]
pub(super) struct Facts {
    /// The count of changes; None where nothing is kept.
    revision: Option<i64>,
    contents: Table<String, Content>,
    slots: Table<KeySlot, KeyId>,
    keys: Table<KeyId, KeyRow>,
}

/// The findings of one kind.
struct Table<K, V> {
    present: HashMap<K, V>,
    /// In the present transaction.
    absent: HashSet<K>,
}

/// The contents, slots and KIDs that requests will look for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) contents: Vec<String>,
    pub(super) slots: Vec<KeySlot>,
    pub(super) kids: Vec<KeyId>,
}

/// Requests of which nothing is known.
pub(super) static NOTHING: Wanted = Wanted {
    contents: Vec::new(),
    slots: Vec::new(),
    kids: Vec::new(),
};

impl Facts {
    /// Begins a transaction of a store with this count of changes. Returns false if what was found before has been forgotten.
    pub(super) fn begin(&mut self, revision: i64) -> bool {
        if self.revision != Some(revision) {
            *self = Self {
                revision: Some(revision),
                ..Self::default()
            };
            return false;
        }
        self.contents.absent.clear();
        self.slots.absent.clear();
        self.keys.absent.clear();
        true
    }

    /// Forgets everything, and keeps nothing until a transaction begins again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) const fn revision(&self) -> Option<i64> {
        self.revision
    }

    /// Returns the content, or None if there is none; None outside if nobody has looked.
    pub(super) fn content(&self, id: &str) -> Option<Option<&Content>> {
        self.contents.get(id)
    }

    /// Returns the KID of a slot, as [`Self::content`].
    pub(super) fn slot(&self, slot: &KeySlot) -> Option<Option<&KeyId>> {
        self.slots.get(slot)
    }

    /// Returns a key, as [`Self::content`].
    pub(super) fn key(&self, kid: &KeyId) -> Option<Option<&KeyRow>> {
        self.keys.get(kid)
    }

    pub(super) fn learn_content(&mut self, id: &str, found: Option<&Content>) {
        if self.revision.is_some() {
            self.contents.learn(id.to_owned(), found.cloned());
        }
    }

    pub(super) fn learn_slot(&mut self, slot: &KeySlot, found: Option<KeyId>) {
        if self.revision.is_some() {
            self.slots.learn(slot.clone(), found);
        }
    }

    pub(super) fn learn_key(&mut self, kid: &KeyId, found: Option<&KeyRow>) {
        if self.revision.is_some() {
            self.keys.learn(*kid, found.cloned());
        }
    }

    /// Returns what was not looked for yet.
    pub(super) fn missing(&self, wanted: &Wanted) -> Wanted {
        Wanted {
            contents: unknown(&wanted.contents, |id| self.content(id).is_none()),
            slots: unknown(&wanted.slots, |slot| self.slot(slot).is_none()),
            kids: unknown(&wanted.kids, |kid| self.key(kid).is_none()),
        }
    }

    /// Learns the rows of [`Wanted::statements`].
    pub(super) fn learn(&mut self, wanted: &Wanted, rows: Vec<Vec<Row>>) -> Result<(), Error> {
        let mut rows = rows.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        if !wanted.contents.is_empty() {
            let found = content_rows::join([next(), next(), next()])?;
            for id in &wanted.contents {
                self.learn_content(id, found.get(id));
            }
        }
        if !wanted.slots.is_empty() {
            for row in next() {
                self.learn_row_of_slot(row)?;
            }
            for slot in self.missing(wanted).slots {
                self.learn_slot(&slot, None);
            }
        }
        if !wanted.kids.is_empty() {
            for mut row in next() {
                let key = KeyRow::from_row(&mut row)?;
                self.learn_key(&key.info.kid, Some(&key));
            }
            for kid in self.missing(wanted).kids {
                self.learn_key(&kid, None);
            }
        }
        Ok(())
    }

    fn learn_row_of_slot(&mut self, mut row: Row) -> Result<(), Error> {
        let content_id = row.text()?;
        let label = row.text()?;
        let period = row.int()?.cast_unsigned();
        let key = KeyRow::from_row(&mut row)?;
        let slot = KeySlot {
            content_id,
            label,
            period,
            mode: key.info.mode,
        };
        self.learn_slot(&slot, Some(key.info.kid));
        self.learn_key(&key.info.kid, Some(&key));
        Ok(())
    }
}

fn unknown<T: Clone>(all: &[T], is_unknown: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|one| is_unknown(one)).cloned().collect()
}

impl<K: Eq + Hash, V> Table<K, V> {
    fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Option<&V>>
    where
        K: Borrow<Q>,
    {
        match self.present.get(key) {
            None => self.absent.contains(key).then_some(None),
            present => Some(present),
        }
    }

    fn learn(&mut self, key: K, found: Option<V>) {
        match found {
            None => {
                self.absent.insert(key);
            }
            Some(value) => {
                if self.present.len() >= MOST {
                    self.present.clear();
                }
                self.absent.remove(&key);
                self.present.insert(key, value);
            }
        }
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            present: HashMap::new(),
            absent: HashSet::new(),
        }
    }
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.slots.is_empty() && self.kids.is_empty()
    }

    /// Adds what another request will look for.
    pub(super) fn add(&mut self, other: &Self) {
        self.contents.extend_from_slice(&other.contents);
        self.slots.extend_from_slice(&other.slots);
        self.kids.extend_from_slice(&other.kids);
    }

    /// Returns the statements that look for it, in PostgreSQL.
    pub(super) fn statements(&self) -> Result<Vec<Statement>, Error> {
        let mut statements = Vec::new();
        if !self.contents.is_empty() {
            let ids: Value = self.contents.iter().map(String::as_str).collect();
            statements.extend(content_rows::OF_IDS.map(|sql| Statement {
                sql,
                values: vec![ids.clone()],
            }));
        }
        if !self.slots.is_empty() {
            let texts = |text: fn(&KeySlot) -> &str| self.slots.iter().map(text).collect();
            let periods = self
                .slots
                .iter()
                .map(KeySlot::period_column)
                .collect::<Result<Vec<_>, _>>()?;
            statements.push(Statement {
                sql: OF_SLOTS,
                values: vec![
                    texts(|slot| &slot.content_id),
                    texts(|slot| &slot.label),
                    periods.into_iter().collect(),
                    texts(|slot| mode_name(slot.mode)),
                ],
            });
        }
        if !self.kids.is_empty() {
            statements.push(Statement {
                sql: OF_KIDS,
                values: vec![self.kids.iter().collect()],
            });
        }
        Ok(statements)
    }
}
