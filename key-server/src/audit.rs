// SPDX-License-Identifier: MPL-2.0
//! The audit: its rows for people, and rows for events outside the store.

use std::time::SystemTime;

use content_key_store::{Error, KeyStore, Page, Row, Value};

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

/// A statement that one index leads, so that it neither sorts nor reads all rows: `$1` limit, `$2` offset, `$3` actor, `$4` action,
/// `$5` part of the object, '' for any; `$6` and `$7` times.
macro_rules! list_sql {
    ($lead:literal, $order:literal) => {
        concat!(
            "SELECT seq, time, actor, action, object, result FROM audit WHERE ",
            $lead,
            " AND ($3 = '' OR actor = $3) AND ($4 = '' OR action = $4) AND ($5 = '' OR replace(object, $5, '') <> object) ORDER BY ",
            $order,
            " LIMIT $1 OFFSET $2"
        )
    };
}

/// The lists by time, by actor, by action, and of all rows.
pub(crate) const LISTS: [&str; 4] = [
    list_sql!("time >= $6 AND time < $7", "time DESC, seq DESC"),
    list_sql!("actor = $3", "seq DESC"),
    list_sql!("action = $4", "seq DESC"),
    list_sql!("seq > 0", "seq DESC"),
];

/// Lists rows of the audit, the last first; by time if the filter has times.
///
/// # Errors
/// If the database fails.
pub fn list(store: &KeyStore, filter: &AuditFilter, page: Page) -> Result<Vec<AuditEntry>, Error> {
    let mut values = Vec::from(page.values()?);
    values.extend(filter.values());
    store
        .read(|transaction| {
            transaction.actor().check_all_contents()?;
            transaction.run(filter.sql(), &values)
        })?
        .into_iter()
        .map(|mut row| AuditEntry::from_row(&mut row))
        .collect()
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
    fn sql(&self) -> &'static str {
        let [by_time, by_actor, by_action, by_place] = LISTS;
        match self {
            Self { since: Some(_), .. } | Self { until: Some(_), .. } => by_time,
            Self { actor: Some(_), .. } => by_actor,
            Self {
                action: Some(_), ..
            } => by_action,
            _ => by_place,
        }
    }

    fn values(&self) -> [Value; 5] {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        [
            text(&self.actor),
            text(&self.action),
            text(&self.object),
            self.since.map_or(Value::Int(0), Into::into),
            self.until.map_or(Value::Int(i64::MAX), Into::into),
        ]
    }
}

impl AuditEntry {
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
