// SPDX-License-Identifier: MPL-2.0
//! The audit: its rows for people, and rows for events outside the store.

use std::time::SystemTime;

use content_key_store::{
    BothWays, Error, Found, KeyStore, Listed, Page, Place, Row, SEARCHED, Stretch, Transaction,
    Value, milliseconds,
};

/// The longest text of a row, in characters.
const MAX_TEXT: usize = 1000;

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub seq: u64,
    /// The time of the action.
    pub time: SystemTime,
    /// The account or worker that acted.
    pub actor: String,
    /// The action.
    pub action: String,
    /// The object of the action.
    pub object: String,
    /// The result.
    pub result: String,
}

/// A filter of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Rows of this actor.
    pub actor: Option<String>,
    /// Rows of this action.
    pub action: Option<String>,
    /// Rows whose object contains this text, in the same case.
    pub object: Option<String>,
    /// Rows of this time and later.
    pub since: Option<SystemTime>,
    /// Rows before this time.
    pub until: Option<SystemTime>,
}

/// A statement that one index leads, so that it neither sorts nor reads all rows: `$1` limit; `$2` actor, `$3` action, `$4` part of the
/// object, '' for any. By number, `$5` is the row to read from, and `$6` the last one to read; by time, `$5`, `$6` and `$7`, `$8` are
/// their times and numbers.
macro_rules! list_sql {
    ($lead:literal, $place:literal $beyond:literal $from:literal, $within:literal $to:literal, $order:literal) => {
        concat!(
            "SELECT seq, time, actor, action, object, result FROM audit WHERE ",
            $lead,
            $place,
            $beyond,
            $from,
            " AND ",
            $place,
            $within,
            $to,
            " AND ($2 = '' OR actor = $2) AND ($3 = '' OR action = $3) AND ($4 = '' OR replace(object, $4, '') <> object) ORDER BY ",
            $order,
            " LIMIT $1"
        )
    };
    ($lead:literal) => {
        BothWays {
            forward: list_sql!($lead, "seq" " < " "$5", " >= " "$6", "seq DESC"),
            backward: list_sql!($lead, "seq" " > " "$5", " <= " "$6", "seq"),
        }
    };
}

/// The lists by time, by actor, by action, and of all rows.
pub(crate) const LISTS: [BothWays; 4] = [
    BothWays {
        forward: list_sql!("", "(time, seq)" " < " "($5, $6)", " >= " "($7, $8)", "time DESC, seq DESC"),
        backward: list_sql!("", "(time, seq)" " > " "($5, $6)", " <= " "($7, $8)", "time, seq"),
    },
    list_sql!("actor = $2 AND "),
    list_sql!("action = $3 AND "),
    list_sql!(""),
];

/// A statement that finds the last row to examine: `$1` how many are examined before it, `$2` the row to read from; by time, `$2` and `$3`
/// are its time and number, otherwise `$3` is the actor or action.
macro_rules! last_examined_sql {
    ($lead:literal, $beyond:literal, $order:literal) => {
        concat!(
            "SELECT time, seq FROM audit WHERE ",
            $lead,
            $beyond,
            " ORDER BY ",
            $order,
            " LIMIT 1 OFFSET $1"
        )
    };
    ($lead:literal) => {
        BothWays {
            forward: last_examined_sql!($lead, "seq < $2", "seq DESC"),
            backward: last_examined_sql!($lead, "seq > $2", "seq"),
        }
    };
}

/// For each of the [`LISTS`].
pub(crate) const LAST_EXAMINED: [BothWays; 4] = [
    BothWays {
        forward: last_examined_sql!("", "(time, seq) < ($2, $3)", "time DESC, seq DESC"),
        backward: last_examined_sql!("", "(time, seq) > ($2, $3)", "time, seq"),
    },
    last_examined_sql!("actor = $3 AND "),
    last_examined_sql!("action = $3 AND "),
    last_examined_sql!(""),
];

/// The place of a row in the audit. Its time comes first, by which some lists are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RowPlace {
    /// In milliseconds since 1970.
    time: i64,
    seq: i64,
}

/// The index that leads a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Time,
    Actor,
    Action,
    Number,
}

/// Lists rows of the audit, the last first; by time if the filter has times.
///
/// # Errors
/// [`Error::BadCursor`], [`Error::OutsideContents`], or if the database fails.
pub fn list(
    store: &KeyStore,
    filter: &AuditFilter,
    page: &Page,
) -> Result<Listed<AuditEntry>, Error> {
    page.read(AuditEntry::place, |stretch| {
        store.read(|transaction| {
            transaction.actor().check_all_contents()?;
            filter.list(transaction, stretch)
        })
    })
}

/// Records an event that changes nothing in the store, such as a refused sign-in or the test of a target. The texts must hold no
/// secret. They are cut at 1000 characters, and control characters become spaces.
///
/// # Errors
/// If the database fails.
pub fn record(store: &KeyStore, action: &str, object: &str, result: &str) -> Result<(), Error> {
    let [action, object, result] = [action, object, result].map(printable);
    store.write(&action, &object, |_| Ok(((), result)))
}

/// Cleans a text, which may come from somebody who is not signed in.
fn printable(text: &str) -> String {
    text.chars()
        .take(MAX_TEXT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl AuditFilter {
    /// Lists the rows of a stretch. Where the filter leaves out rows that no index finds, it examines some of them only.
    fn list(
        &self,
        transaction: &mut Transaction<'_>,
        stretch: &Stretch<RowPlace>,
    ) -> Result<Found<AuditEntry, RowPlace>, Error> {
        let lead = self.lead();
        let [newest, oldest] = self.ends();
        let from = stretch
            .from
            .unwrap_or(if stretch.is_backward { oldest } else { newest });
        let (from, limit) = match stretch.is_backward {
            false => (from.min(newest), oldest),
            true => (from.max(oldest), newest),
        };
        let last = match self.leaves_out() {
            true => self.last_examined(transaction, stretch, from)?,
            false => None,
        }
        .filter(|last| (oldest..newest).contains(last));
        let to = last.unwrap_or(limit);
        let rows = match lead {
            Lead::Time => vec![from.time, from.seq, to.time, to.seq],
            _ => vec![from.seq, to.seq],
        };
        let text = |text: &Option<String>| Value::from(text.as_deref().unwrap_or_default());
        let values: Vec<Value> = [
            stretch.limit.into(),
            text(&self.actor),
            text(&self.action),
            text(&self.object),
        ]
        .into_iter()
        .chain(rows.into_iter().map(Value::from))
        .collect();
        Ok(Found {
            entries: transaction
                .run(lead.of(&LISTS).towards(stretch), &values)?
                .into_iter()
                .map(|mut row| AuditEntry::from_row(&mut row))
                .collect::<Result<_, _>>()?,
            examined: last,
        })
    }

    fn last_examined(
        &self,
        transaction: &mut Transaction<'_>,
        stretch: &Stretch<RowPlace>,
        from: RowPlace,
    ) -> Result<Option<RowPlace>, Error> {
        let lead = self.lead();
        let mut values = vec![Value::from(SEARCHED - 1)];
        match lead {
            Lead::Time => values.extend([from.time.into(), from.seq.into()]),
            Lead::Actor => values.extend([from.seq.into(), self.actor.as_deref().into()]),
            Lead::Action => values.extend([from.seq.into(), self.action.as_deref().into()]),
            Lead::Number => values.push(from.seq.into()),
        }
        transaction
            .one(lead.of(&LAST_EXAMINED).towards(stretch), &values)?
            .map(|mut row| {
                Ok(RowPlace {
                    time: row.int()?,
                    seq: row.int()?,
                })
            })
            .transpose()
    }

    const fn lead(&self) -> Lead {
        match self {
            Self { since: Some(_), .. } | Self { until: Some(_), .. } => Lead::Time,
            Self { actor: Some(_), .. } => Lead::Actor,
            Self {
                action: Some(_), ..
            } => Lead::Action,
            _ => Lead::Number,
        }
    }

    /// True if the list leaves out rows that its index has.
    const fn leaves_out(&self) -> bool {
        self.object.is_some()
            || match self.lead() {
                Lead::Time => self.actor.is_some() || self.action.is_some(),
                Lead::Actor => self.action.is_some(),
                Lead::Action | Lead::Number => false,
            }
    }

    /// Returns the places after the newest row and before the oldest. Rows have numbers from 1.
    fn ends(&self) -> [RowPlace; 2] {
        let [newest, oldest] = [(self.until, i64::MAX), (self.since, 0)];
        [newest, oldest].map(|(time, end)| match time {
            Some(time) => RowPlace {
                time: milliseconds(time),
                seq: 0,
            },
            None => RowPlace {
                time: end,
                seq: end,
            },
        })
    }
}

impl Lead {
    const fn of(self, lists: &[BothWays; 4]) -> &BothWays {
        let [by_time, by_actor, by_action, by_number] = lists;
        match self {
            Self::Time => by_time,
            Self::Actor => by_actor,
            Self::Action => by_action,
            Self::Number => by_number,
        }
    }
}

impl Place for RowPlace {
    fn to_text(&self) -> String {
        format!("{}.{}", self.time, self.seq)
    }

    fn read(text: &str) -> Option<Self> {
        let (time, seq) = text.split_once('.')?;
        Some(Self {
            time: time.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    }
}

impl AuditEntry {
    fn place(&self) -> RowPlace {
        RowPlace {
            time: milliseconds(self.time),
            seq: self.seq.cast_signed(),
        }
    }

    fn from_row(row: &mut Row) -> Result<Self, Error> {
        Ok(Self {
            seq: row.int()?.cast_unsigned(),
            time: row.time()?,
            actor: row.text()?,
            action: row.text()?,
            object: row.text()?,
            result: row.text()?,
        })
    }
}
