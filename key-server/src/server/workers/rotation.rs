// SPDX-License-Identifier: MPL-2.0
//! Crypto periods: the keys of coming ones are made and delivered before they are needed, those of the current one become active
//! when it begins, those of past ones are retired.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cenc_types::KeyId;
use content_key_store::KeyStore;

use super::wait;
use crate::operations::Error;
use crate::operations::rotation::{Turn, period_at, prepare, turn_since};
use crate::server::app::{App, SERVER};

/// How often contents are looked at between boundaries: new ones, and keys that were not delivered yet.
const POLL: Duration = Duration::from_secs(1);
/// From this length on a crypto period gives the targets time enough.
const LONG: Duration = Duration::from_secs(300);

/// What was done for a content.
struct Done {
    /// The length that its periods had.
    length: Duration,
    /// The period that has begun.
    period: u64,
    /// Keys of it that a target has not acknowledged.
    waiting: Vec<KeyId>,
}

/// The contents whose keys change, and what was done for them.
#[derive(Default)]
struct Rotation {
    done: HashMap<String, Done>,
    /// Whether the store failed the last time, to say so once.
    is_failing: bool,
}

/// Works until it is told to stop.
pub fn run(app: &App, stop: &Receiver<()>) {
    let mut rotation = Rotation::default();
    loop {
        let left = match app.key_store().acting_for(SERVER) {
            Ok(store) => rotation.look(&store, app.now()),
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
    /// Does what is due; the time to the next boundary of any content.
    fn look(&mut self, store: &KeyStore, now: SystemTime) -> Option<Duration> {
        let contents = match store.rotating() {
            Ok(contents) => contents,
            Err(error) => {
                self.failed(&error);
                return None;
            }
        };
        self.is_failing = false;
        self.done
            .retain(|id, _| contents.iter().any(|(content, _)| content == id));
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        for (id, length) in &contents {
            self.look_at(store, (id, *length), now);
        }
        let lefts = contents
            .iter()
            .filter_map(|(_, length)| left(since, *length));
        lefts.min()
    }

    fn look_at(&mut self, store: &KeyStore, (id, length): (&str, Duration), now: SystemTime) {
        let period = period_at(length, now);
        let before = self.done.get(id).filter(|done| done.length == length);
        if before.is_some_and(|done| done.period == period && done.waiting.is_empty()) {
            return;
        }
        let since = before.map_or(0, |done| done.period);
        match begin(store, id, (now, since, length)) {
            Ok(turn) => {
                self.tell(id, period, &turn);
                let done = Done {
                    length,
                    period,
                    waiting: turn.waiting,
                };
                self.done.insert(id.to_owned(), done);
            }
            // It is tried again at the next look, unless it was removed meanwhile.
            Err(error) => self.failed(&error),
        }
    }

    /// Each thing once, though keys that wait are looked at every second.
    fn tell(&self, content: &str, period: u64, turn: &Turn) {
        for kid in &turn.activated {
            tracing::info!(content, period, %kid, "key active");
        }
        for kid in &turn.retired {
            tracing::info!(content, %kid, "key retired");
        }
        let known = self.done.get(content).filter(|done| done.period == period);
        for kid in &turn.waiting {
            if !known.is_some_and(|done| done.waiting.contains(kid)) {
                tracing::warn!(content, period, %kid, "the crypto period has begun, and a target has not acknowledged its key");
            }
        }
    }

    fn failed(&mut self, error: &dyn std::error::Error) {
        if !self.is_failing {
            tracing::error!(%error, "crypto periods cannot be looked after; it is tried again every second");
        }
        self.is_failing = true;
    }
}

fn begin(
    store: &KeyStore,
    id: &str,
    (now, since, length): (SystemTime, u64, Duration),
) -> Result<Turn, Error> {
    // Short periods leave little time to try again: more of them are made ahead.
    let ahead = if length < LONG { 3 } else { 2 };
    prepare(store, id, (now, ahead))?;
    turn_since(store, id, (now, since))
}

/// The time to the next boundary of periods that are counted from 1970.
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
