// SPDX-License-Identifier: MPL-2.0
//! Responses of idempotent requests. A client that got no response repeats its request with the same idempotency key, and gets the
//! first response instead of running the request twice.

use std::time::{Duration, SystemTime};

use content_key_store::{Error, KeyStore, check_name};

/// The stored response of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// SHA-256 of the request: another request must not use its key.
    pub request: [u8; 32],
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: Vec<u8>,
    /// The time when it was stored.
    pub created: SystemTime,
}

/// A response to store.
#[derive(Debug, Clone, Copy)]
pub struct NewAnswer<'a> {
    /// The account that sent the request.
    pub account: &'a str,
    /// The idempotency key that the request came with.
    pub key: &'a str,
    /// SHA-256 of the request.
    pub request: &'a [u8; 32],
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: &'a [u8],
    /// The time for which responses are kept.
    pub kept: Duration,
}

/// Stores the response to an account's request. The first response stays. The body is stored in clear, so that it must
/// hold no key, token or other secret. It writes no row in the audit: the action of the request has its own.
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
        kept,
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
        transaction.run(
            "DELETE FROM idempotency WHERE created <= $1",
            &[oldest(now, kept).into()],
        )?;
        transaction.run(
            "INSERT INTO idempotency (account, key, request, status, body, created) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (account, key) DO NOTHING",
            &values,
        )?;
        Ok(())
    })
}

/// Removes the responses that were stored before a time.
///
/// # Errors
/// If the database fails.
pub fn trim(store: &KeyStore, before: SystemTime) -> Result<(), Error> {
    let sql = "DELETE FROM idempotency WHERE created <= $1";
    store.write_unrecorded(|transaction| transaction.run(sql, &[before.into()]).map(|_| ()))
}

/// Returns the response to an account's request that is not older than `kept`.
///
/// # Errors
/// If the database fails.
pub fn recall(
    store: &KeyStore,
    account: &str,
    key: &str,
    kept: Duration,
) -> Result<Option<Remembered>, Error> {
    let sql = "SELECT request, status, body, created FROM idempotency WHERE account = $1 AND key = $2 AND created > $3";
    let since = oldest(store.host().clock.system_time(), kept);
    let Some(mut row) = store
        .read(|transaction| transaction.one(sql, &[account.into(), key.into(), since.into()]))?
    else {
        return Ok(None);
    };
    Ok(Some(Remembered {
        request: row
            .blob()?
            .try_into()
            .map_err(|_| Error::Damaged("a request's hash has another length"))?,
        status: u16::try_from(row.int()?)
            .map_err(|_| Error::Damaged("a status is out of range"))?,
        body: row.blob()?,
        created: row.time()?,
    }))
}

/// Returns the time up to which responses are expired.
fn oldest(now: SystemTime, kept: Duration) -> SystemTime {
    now.checked_sub(kept).unwrap_or(SystemTime::UNIX_EPOCH)
}
