// SPDX-License-Identifier: MPL-2.0
//! Lists of contents: all of them, those whose ids have a text in them, and those whose keys change by the clock.

use std::time::Duration;

use cenc_types::Scheme;

use super::actor::ContentScope;
use super::content_rows::{period_of, scheme_of};
use super::database::{Row, Value};
use super::may_use_content;
use super::page::{BothWays, Found, SEARCHED, Stretch};
use super::transaction::Transaction;
use super::{Error, KeyStore, Listed, Page, crypto_period_column};

/// A content in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSummary {
    /// Its id.
    pub id: String,
    /// The protection scheme.
    pub scheme: Scheme,
    /// The duration of a crypto period; None if keys do not change.
    pub crypto_period: Option<Duration>,
    /// The number of its keys.
    pub keys: u64,
}

/// A content whose keys change by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotatingContent {
    /// Its id.
    pub id: String,
    /// The protection scheme.
    pub scheme: Scheme,
    /// The duration of a crypto period.
    pub crypto_period: Duration,
}

/// The ids that a search reads at a time.
const BATCH: u32 = 1000;
/// The most lengths of crypto periods that are listed.
const LENGTHS: usize = 1000;

/// The columns of a [`ContentSummary`].
macro_rules! summary_columns {
    () => {
        "id, scheme, crypto_period, (SELECT COUNT(DISTINCT kid) FROM key_slot WHERE content_id = content.id)"
    };
}

/// A list of contents: `$1` limit, `$2` and `$3` the first and the last id, `$4` an id to leave out, `$5` the limited actor.
macro_rules! contents_sql {
    ($columns:expr, $condition:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM content WHERE ",
            $condition,
            "id >= $2 AND id <= $3 AND id <> $4 AND ",
            may_use_content!("id", "$5"),
            " ORDER BY id ",
            $order,
            " LIMIT $1"
        )
    };
}

pub(super) const IDS: BothWays = BothWays {
    forward: contents_sql!("id", "", "ASC"),
    backward: contents_sql!("id", "", "DESC"),
};
pub(super) const LIST: BothWays = BothWays {
    forward: contents_sql!(summary_columns!(), "", "ASC"),
    backward: contents_sql!(summary_columns!(), "", "DESC"),
};
const SUMMARY: &str = concat!("SELECT ", summary_columns!(), " FROM content WHERE id = $1");

/// `$6` is the length of the crypto period.
pub(super) const WITH_LENGTH: &str = contents_sql!(
    "id, scheme, crypto_period",
    "crypto_period = $6 AND ",
    "ASC"
);
/// The next length of crypto periods after `$1`.
pub(super) const NEXT_LENGTH: &str =
    "SELECT MIN(crypto_period) FROM content WHERE crypto_period > $1";
pub(super) const ROTATING: &str = concat!(
    "SELECT id, scheme, crypto_period FROM content WHERE crypto_period IS NOT NULL AND ",
    may_use_content!("id", "$1"),
    " ORDER BY id"
);
/// The last row of the audit that changed a content. Keys make contents too, but none whose keys change.
pub(super) const LAST_CHANGE: &str = "SELECT MAX(seq) FROM (
    SELECT MAX(seq) AS seq FROM audit WHERE action = 'put content'
    UNION ALL SELECT MAX(seq) FROM audit WHERE action = 'remove content') AS changes";

impl KeyStore {
    /// Lists contents for an overview, sorted by id.
    ///
    /// # Errors
    /// If the database fails.
    pub fn content_list(&self, page: &Page) -> Result<Listed<ContentSummary>, Error> {
        page.read(ContentSummary::place, |stretch| {
            self.read(|transaction| rows(transaction, LIST.towards(stretch), stretch, None))?
                .into_iter()
                .map(|mut row| ContentSummary::from_row(&mut row))
                .collect::<Result<_, _>>()
                .map(Found::all)
        })
    }

    /// Lists the ids of contents in alphabetical order.
    ///
    /// # Errors
    /// If the database fails.
    pub fn contents(&self, page: &Page) -> Result<Listed<String>, Error> {
        page.read(String::clone, |stretch| {
            self.read(|transaction| ids(transaction, stretch))
                .map(Found::all)
        })
    }

    /// Lists the contents whose ids have a text in them, in capitals or not, sorted by id.
    ///
    /// # Errors
    /// If the database fails.
    pub fn find_contents(&self, text: &str, page: &Page) -> Result<Listed<ContentSummary>, Error> {
        if text.is_empty() {
            return self.content_list(page);
        }
        let text = text.to_lowercase();
        page.read(ContentSummary::place, |stretch| {
            self.read(|transaction| find(transaction, &text, stretch))
        })
    }

    /// Lists the contents whose keys change by the clock, sorted by id.
    ///
    /// # Errors
    /// If the database fails.
    pub fn rotating(&self) -> Result<Vec<RotatingContent>, Error> {
        self.read(|transaction| {
            let actor = transaction.limited_actor()?;
            transaction.run(ROTATING, &[actor])
        })?
        .into_iter()
        .map(|mut row| RotatingContent::from_row(&mut row))
        .collect()
    }

    /// Lists the lengths of crypto periods that contents have, the shortest first, at most 1,000.
    ///
    /// # Errors
    /// If the database fails.
    pub fn crypto_periods(&self) -> Result<Vec<Duration>, Error> {
        self.read(|transaction| {
            let mut lengths = Vec::new();
            let mut last = 0;
            while lengths.len() < LENGTHS
                && let Some(mut row) = transaction.one(NEXT_LENGTH, &[last.into()])?
                && let Some(length) = row.optional_int()?
            {
                lengths.push(Duration::from_millis(length.unsigned_abs()));
                last = length;
            }
            Ok(lengths)
        })
    }

    /// Lists contents whose crypto periods have this length, sorted by id, at most `limit`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for the length.
    pub fn rotating_every(
        &self,
        length: Duration,
        limit: u32,
    ) -> Result<Vec<RotatingContent>, Error> {
        let column = crypto_period_column(length)?;
        let stretch = Stretch {
            from: None,
            is_backward: false,
            limit,
        };
        self.read(|transaction| rows(transaction, WITH_LENGTH, &stretch, Some(column)))?
            .into_iter()
            .map(|mut row| RotatingContent::from_row(&mut row))
            .collect()
    }

    /// Returns the number of the last row of the audit that changed the settings of a content; None if there is none. While it is the
    /// same, so are the contents of [`Self::rotating`].
    ///
    /// # Errors
    /// If the database fails.
    pub fn last_content_change(&self) -> Result<Option<i64>, Error> {
        self.read(|transaction| transaction.one(LAST_CHANGE, &[]))?
            .map_or(Ok(None), |mut row| row.optional_int())
    }
}

/// Reads a stretch of the contents that the actor may use.
fn rows(
    transaction: &mut Transaction<'_>,
    sql: &'static str,
    stretch: &Stretch<String>,
    length: Option<i64>,
) -> Result<Vec<Row>, Error> {
    let actor = transaction.limited_actor()?;
    let mut ranges = IdRange::of(transaction.actor().scope());
    if stretch.is_backward {
        ranges.reverse();
    }
    let mut rows = Vec::new();
    for range in ranges.into_iter().filter_map(|range| range.beyond(stretch)) {
        let left = i64::from(stretch.limit).saturating_sub_unsigned(rows.len() as u64);
        if left <= 0 {
            break;
        }
        let values: Vec<Value> = [
            left.into(),
            range.first.as_str().into(),
            range.last.as_str().into(),
            stretch.from.as_deref().unwrap_or_default().into(),
            actor.clone(),
        ]
        .into_iter()
        .chain(length.map(Value::from))
        .collect();
        rows.extend(transaction.run(sql, &values)?);
    }
    Ok(rows)
}

fn ids(transaction: &mut Transaction<'_>, stretch: &Stretch<String>) -> Result<Vec<String>, Error> {
    rows(transaction, IDS.towards(stretch), stretch, None)?
        .into_iter()
        .map(|mut row| row.text())
        .collect()
}

/// Examines the ids of a stretch for a text in small letters.
fn find(
    transaction: &mut Transaction<'_>,
    text: &str,
    stretch: &Stretch<String>,
) -> Result<Found<ContentSummary, String>, Error> {
    let mut found = Vec::new();
    let mut batch = Stretch {
        limit: BATCH,
        ..stretch.clone()
    };
    for _ in 0..SEARCHED / BATCH {
        let ids = ids(transaction, &batch)?;
        let is_last = ids.len() < BATCH as usize;
        batch.from = ids.last().cloned().or(batch.from);
        found.extend(
            ids.into_iter()
                .filter(|id| id.to_lowercase().contains(text)),
        );
        found.truncate(stretch.limit as usize);
        if is_last {
            batch.from = None;
        }
        if is_last || found.len() == stretch.limit as usize {
            break;
        }
    }
    Ok(Found {
        entries: found
            .into_iter()
            .filter_map(|id| transaction.one(SUMMARY, &[id.as_str().into()]).transpose())
            .map(|row| ContentSummary::from_row(&mut row?))
            .collect::<Result<_, _>>()?,
        examined: batch.from,
    })
}

/// The ids from the first to the last.
struct IdRange {
    first: String,
    last: String,
}

impl IdRange {
    /// Returns the ranges of the ids in a scope, in their order, without overlaps.
    fn of(scope: &ContentScope) -> Vec<Self> {
        if !scope.is_limited() {
            return vec![Self::starting_with("")];
        }
        let mut ranges: Vec<_> = scope
            .patterns()
            .map(|pattern| match pattern.as_str().strip_suffix('*') {
                Some(start) => Self::starting_with(start),
                None => Self {
                    first: pattern.as_str().to_owned(),
                    last: pattern.as_str().to_owned(),
                },
            })
            .collect();
        ranges.sort_by(|a, b| a.first.cmp(&b.first));
        ranges.dedup_by(|next, before| {
            let overlaps = next.first <= before.last;
            if overlaps && next.last > before.last {
                before.last = std::mem::take(&mut next.last);
            }
            overlaps
        });
        ranges
    }

    /// Returns the range of the ids with a start. An id has at most 255 characters, so that none sorts after 256 of the last character.
    fn starting_with(start: &str) -> Self {
        Self {
            first: start.to_owned(),
            last: format!("{start}{}", "\u{10ffff}".repeat(256)),
        }
    }

    /// Returns the part beyond the place where a stretch begins; None if it has none.
    fn beyond(mut self, stretch: &Stretch<String>) -> Option<Self> {
        if let Some(from) = &stretch.from {
            match stretch.is_backward {
                false if *from > self.first => self.first.clone_from(from),
                true if *from < self.last => self.last.clone_from(from),
                _ => (),
            }
        }
        (self.first <= self.last).then_some(self)
    }
}

impl ContentSummary {
    fn place(&self) -> String {
        self.id.clone()
    }

    fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.text()?,
            scheme: scheme_of(row)?,
            crypto_period: period_of(row)?,
            keys: row.int()?.unsigned_abs(),
        })
    }
}

impl RotatingContent {
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.text()?,
            scheme: scheme_of(row)?,
            crypto_period: period_of(row)?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_patterns() {
        let scope = ContentScope::parse(["b*", "a", "bc*", "c"]).unwrap();
        let ranges = IdRange::of(&scope);
        let includes = |id: &str| {
            ranges
                .iter()
                .filter(|range| *range.first <= *id && *id <= *range.last)
                .count()
        };
        for (id, count) in [
            ("a", 1),
            ("ab", 0),
            ("b", 1),
            ("bc", 1),
            ("b\u{10ffff}", 1),
            ("c", 1),
            ("ca", 0),
        ] {
            assert_eq!(includes(id), count, "{id}");
            assert_eq!(scope.includes(id), count == 1, "{id}");
        }
    }
}
