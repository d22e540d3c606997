// SPDX-License-Identifier: MPL-2.0
//! Removes what is older than the operator keeps: rows of the audit, deliveries that are done, and responses of requests.

use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use content_key_store::{Error, KeyStore};

use super::wait;
use crate::server::app::{App, SERVER};
use crate::server::settings::Retention;
use crate::{deliveries, idempotency};

/// The interval of looks for what is too old.
const POLL: Duration = Duration::from_secs(60);
/// The pause between two batches, in which others get the lock.
const PAUSE: Duration = Duration::from_millis(20);

/// Rows that are removed after a time.
struct OldRows {
    /// The time for which they are kept; None for ever.
    kept: Option<Duration>,
    /// Removes some of those from before a time, and returns their number.
    trim: fn(&KeyStore, SystemTime) -> Result<u64, Error>,
    what: &'static str,
}

/// Removes until `stop` receives.
pub fn run(app: &App, stop: &Receiver<()>) {
    let mut is_failing = false;
    loop {
        let retention = app.settings().retention;
        let done = match app.key_store().acting_for(SERVER) {
            Ok(store) => remove(&store, &retention, app.now(), stop),
            Err(error) => Err(error),
        };
        match done {
            Ok(false) => return,
            Ok(true) => is_failing = false,
            Err(error) => {
                if !is_failing {
                    tracing::error!(%error, "what is too old cannot be removed; trying again every minute");
                }
                is_failing = true;
            }
        }
        if !wait(stop, POLL) {
            return;
        }
    }
}

/// Removes in batches. Returns false when it is time to stop.
fn remove(
    store: &KeyStore,
    retention: &Retention,
    now: SystemTime,
    stop: &Receiver<()>,
) -> Result<bool, Error> {
    let before = |kept: Duration| now.checked_sub(kept).unwrap_or(SystemTime::UNIX_EPOCH);
    idempotency::trim(store, before(retention.answers))?;
    for rows in [
        OldRows {
            kept: retention.deliveries,
            trim: deliveries::trim,
            what: "deliveries",
        },
        OldRows {
            kept: retention.audit,
            trim: KeyStore::trim_audit,
            what: "rows of the audit",
        },
    ] {
        let Some(before) = rows.kept.map(before) else {
            continue;
        };
        let mut removed = 0;
        while let count @ 1.. = (rows.trim)(store, before)? {
            removed += count;
            if !wait(stop, PAUSE) {
                return Ok(false);
            }
        }
        if removed > 0 {
            tracing::info!(
                removed,
                what = rows.what,
                "what was older than is kept was removed"
            );
        }
    }
    Ok(true)
}
