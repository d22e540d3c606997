// SPDX-License-Identifier: MPL-2.0
//! Answers to requests that may come again: a client that got no answer repeats its request with the same key and gets the first
//! answer, instead of doing the work twice.

use std::time::{Duration, SystemTime};

use content_key_store::{Error, KeyStore, check_name};

/// How long answers are remembered.
const KEPT: Duration = Duration::from_hours(24);

/// What was answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// SHA-256 of the request: another request must not use its key.
    pub request: [u8; 32],
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: Vec<u8>,
    /// When it was given.
    pub created: SystemTime,
}

/// An answer that is to be remembered.
#[derive(Debug, Clone, Copy)]
pub struct NewAnswer<'a> {
    /// Whose request it is.
    pub account: &'a str,
    /// The idempotency key that the request came with.
    pub key: &'a str,
    /// SHA-256 of the request.
    pub request: &'a [u8; 32],
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: &'a [u8],
}

/// Remembers for 24 hours what was answered to an account's request; the first answer stays. The body rests in clear: it must
/// hold no key, token or other secret. This leaves no row in the audit, what the request did has its own.
///
/// # Errors
/// [`Error::BadName`] for the key, [`Error::OutOfRange`] for a status that is not 100 to 999.
pub fn remember(store: &KeyStore, answer: &NewAnswer<'_>) -> Result<(), Error> {
    let NewAnswer {
        account,
        key,
        request,
        status,
        body,
    } = *answer;
    check_name("idempotency key", key)?;
    if !(100..=999).contains(&status) {
        return Err(Error::OutOfRange("the status"));
    }
    let now = store.host().clock.system_time();
    let values = [
        account.into(),
        key.into(),
        request.as_slice().into(),
        i64::from(status).into(),
        body.into(),
        now.into(),
    ];
    store.write_unrecorded(|transaction| {
        let sql = "DELETE FROM idempotency WHERE created <= $1";
        transaction.run(sql, &[oldest(now).into()])?;
        let sql = "INSERT INTO idempotency (account, key, request, status, body, created) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (account, key) DO NOTHING";
        transaction.run(sql, &values).map(|_| ())
    })
}

/// What was answered to an account's request in the last 24 hours.
///
/// # Errors
/// When the database fails.
pub fn recall(store: &KeyStore, account: &str, key: &str) -> Result<Option<Remembered>, Error> {
    let sql = "SELECT request, status, body, created FROM idempotency WHERE account = $1 AND key = $2 AND created > $3";
    let now = store.host().clock.system_time();
    let values = [account.into(), key.into(), oldest(now).into()];
    let row = store.read(|transaction| transaction.one(sql, &values))?;
    let Some(mut row) = row else { return Ok(None) };
    let request = row.blob()?.try_into();
    let request = request.map_err(|_| Error::Damaged("a request's hash has another length"))?;
    let status = u16::try_from(row.int()?);
    Ok(Some(Remembered {
        request,
        status: status.map_err(|_| Error::Damaged("a status is out of range"))?,
        body: row.blob()?,
        created: row.time()?,
    }))
}

/// The last time whose answers are forgotten.
fn oldest(now: SystemTime) -> SystemTime {
    now.checked_sub(KEPT).unwrap_or(SystemTime::UNIX_EPOCH)
}
