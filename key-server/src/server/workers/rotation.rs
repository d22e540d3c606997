// SPDX-License-Identifier: MPL-2.0
//! Rotates keys: it makes and delivers the keys of the next crypto periods ahead, activates those of the current period when it
//! starts, and retires those of past periods.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cenc_types::KeyId;
use content_key_store::{KeyStore, RotatingContent};

use super::wait;
use crate::operations::Error;
use crate::operations::rotation::{PeriodChange, period_at, prepare, turn_since};
use crate::server::app::{App, SERVER};

/// The interval of checks between boundaries, for new contents and keys that were not delivered yet.
const POLL: Duration = Duration::from_secs(1);
/// A crypto period of this length or more gives the targets enough time.
const LONG: Duration = Duration::from_secs(300);

/// The progress of a content.
struct ContentProgress {
    /// The length of its periods.
    length: Duration,
    /// The current period.
    period: u64,
    /// The keys of the period that a target has not acknowledged.
    waiting: Vec<KeyId>,
}

/// Contents that were read.
struct ReadContents {
    rotating: Vec<RotatingContent>,
    /// The last change of a content before.
    change: Option<i64>,
}

/// The contents with crypto periods, and their progress.
#[derive(Default)]
struct Rotation {
    /// The contents as last read, and the last change of a content then; None before the first time.
    contents: Option<ReadContents>,
    done: HashMap<String, ContentProgress>,
    /// True if the last access of the store failed: the log says so once.
    is_failing: bool,
}

/// Rotates keys until `stop` receives.
pub fn run(app: &App, stop: &Receiver<()>) {
    let mut rotation = Rotation::default();
    loop {
        let left = match app.key_store().acting_for(SERVER) {
            Ok(store) => rotation.run_once(&store, app.now()),
            Err(_) => None,
        };
        app.metrics().next_boundary(left);
        if !wait(
            stop,
            left.unwrap_or(POLL).clamp(Duration::from_millis(1), POLL),
        ) {
            return;
        }
    }
}

impl Rotation {
    /// Rotates what is due, and returns the time to the next boundary of any content.
    fn run_once(&mut self, store: &KeyStore, now: SystemTime) -> Option<Duration> {
        let contents = match self.read(store) {
            Ok(contents) => contents,
            Err(error) => {
                self.failed(&error);
                return None;
            }
        };
        self.is_failing = false;
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        for content in &contents.rotating {
            self.rotate(store, &content.id, content.crypto_period, now);
        }
        let next = contents
            .rotating
            .iter()
            .filter_map(|content| left(since, content.crypto_period))
            .min();
        self.contents = Some(contents);
        next
    }

    /// Returns the contents, which are read again only if one has changed: a store may have very many.
    fn read(&mut self, store: &KeyStore) -> Result<ReadContents, content_key_store::Error> {
        // The change is read before the contents, since other processes go on.
        let change = store.last_content_change()?;
        if let Some(contents) = self.contents.take()
            && contents.change == change
        {
            return Ok(contents);
        }
        let rotating = store.rotating()?;
        let ids: HashSet<_> = rotating.iter().map(|content| &content.id).collect();
        self.done.retain(|id, _| ids.contains(id));
        Ok(ReadContents { rotating, change })
    }

    fn rotate(&mut self, store: &KeyStore, id: &str, length: Duration, now: SystemTime) {
        let period = period_at(length, now);
        let before = self.done.get(id).filter(|done| done.length == length);
        if before.is_some_and(|done| done.period == period && done.waiting.is_empty()) {
            return;
        }
        match start_period(store, id, now, before.map_or(0, |done| done.period), length) {
            Ok(change) => {
                self.log(id, period, &change);
                self.done.insert(
                    id.to_owned(),
                    ContentProgress {
                        length,
                        period,
                        waiting: change.waiting,
                    },
                );
            }
            // The next run tries again, unless the content was removed meanwhile.
            Err(error) => self.failed(&error),
        }
    }

    /// Logs each change once, though waiting keys are checked every second.
    fn log(&self, content: &str, period: u64, change: &PeriodChange) {
        for kid in &change.activated {
            tracing::info!(content, period, %kid, "key active");
        }
        for kid in &change.draining {
            tracing::info!(content, %kid, "key draining");
        }
        let known = self.done.get(content).filter(|done| done.period == period);
        for kid in &change.waiting {
            if !known.is_some_and(|done| done.waiting.contains(kid)) {
                tracing::warn!(content, period, %kid, "the crypto period has started, but a target has not acknowledged its key");
            }
        }
    }

    fn failed(&mut self, error: &dyn std::error::Error) {
        if !self.is_failing {
            tracing::error!(%error, "keys cannot be rotated; trying again every second");
        }
        self.is_failing = true;
    }
}

/// Makes the keys that are due, and activates and retires the others.
fn start_period(
    store: &KeyStore,
    id: &str,
    now: SystemTime,
    since: u64,
    length: Duration,
) -> Result<PeriodChange, Error> {
    // Short periods leave little time to try again: more of them are made ahead.
    let ahead = if length < LONG { 3 } else { 2 };
    prepare(store, id, now, ahead)?;
    turn_since(store, id, now, since)
}

/// Returns the time to the next boundary of periods that count from 1970.
fn left(since: Duration, length: Duration) -> Option<Duration> {
    let begun = since.as_nanos().checked_rem(length.as_nanos())?;
    let left = length.as_nanos().checked_sub(begun)?;
    u64::try_from(left).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_counted_from_1970() {
        let seconds = Duration::from_secs;
        assert_eq!(left(seconds(12), seconds(5)), Some(seconds(3)));
        assert_eq!(left(seconds(15), seconds(5)), Some(seconds(5)));
        assert_eq!(left(seconds(15), Duration::ZERO), None);
    }
}
