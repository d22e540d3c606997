// SPDX-License-Identifier: MPL-2.0
//! Hands keys of the store to licence servers: each delivery of the outbox is posted as a CPIX 2.3 document, encrypted to the
//! target's certificate, until the target acknowledges it by a status of success.
//!
//! A key is claimed for a while, posted, and only then marked: whoever is killed in between loses nothing, and the target is sent
//! the same key again. Several workers may serve one store; each takes the deliveries of the targets that it was given. Failed
//! connections, timeouts and the statuses 429 and 5xx are tried again without end, at growing intervals; any other status is final,
//! until [`KeyStore::enqueue`] puts the key on its way anew. The database keeps a key from becoming active before all that its
//! contents require have acknowledged it.

mod document;
mod error;
mod push;
mod target;

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime};
use std::{panic, thread};

use cenc_types::KeyId;
use content_key_store::KeyStore;
pub use document::{KeyUse, document};
pub use error::Error;
pub use key_http_client::{Pem, Reach};
use target::Line;
pub use target::{Credentials, Encryption, Target};

/// How often the outbox is looked at.
const POLL: Duration = Duration::from_secs(1);

/// How long one target is served before the others have their turn.
const TURN: Duration = Duration::from_secs(5);

/// A worker that hands keys over.
pub struct Handoff {
    lines: Vec<Line>,
}

/// What was done for one key and target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The key.
    pub kid: KeyId,
    /// The target's name.
    pub target: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has the key.
    Acknowledged,
    /// It is tried again.
    Postponed {
        /// What went wrong.
        error: String,
        /// When it is tried again.
        until: SystemTime,
    },
    /// It is not tried again: tell the operator.
    GivenUp {
        /// What went wrong.
        error: String,
    },
}

/// What was done in one turn.
#[derive(Debug, Default)]
pub struct Report {
    /// Each push, by target.
    pub pushes: Vec<Push>,
    /// Where the store failed; what was claimed then comes back by itself.
    pub faults: Vec<content_key_store::Error>,
}

impl Handoff {
    /// Reads certificates and credentials. No target is asked yet.
    ///
    /// # Errors
    /// What is wrong with a target, by its name.
    pub fn new(store: &KeyStore, targets: &[Target]) -> Result<Self, Error> {
        let mut lines = Vec::<Line>::with_capacity(targets.len());
        for target in targets {
            if lines.iter().any(|line| line.name == target.name) {
                return Err(Error::Twice(target.name.clone()));
            }
            lines.push(Line::open(store, target)?);
        }
        Ok(Self { lines })
    }

    /// What the operator should be told of the targets: weak keys, credentials that cross a network in the clear.
    pub fn warnings(&self) -> Vec<String> {
        self.lines.iter().flat_map(Line::warnings).collect()
    }

    /// Posts what is due, to all targets at once. A target that does not take a key for now has its turn ended; so has one that
    /// takes long.
    pub fn run_once(&self) -> Report {
        let reports = thread::scope(|scope| {
            let turns = self.lines.iter().map(|line| scope.spawn(|| turn(line)));
            let turns: Vec<_> = turns.collect();
            turns
                .into_iter()
                .map(|turn| {
                    turn.join()
                        .unwrap_or_else(|cause| panic::resume_unwind(cause))
                })
                .collect::<Vec<_>>()
        });
        let mut all = Report::default();
        for report in reports {
            all.pushes.extend(report.pushes);
            all.faults.extend(report.faults);
        }
        all
    }

    /// Posts what becomes due until it is told to stop, or the sender of that is gone. Tells each turn that was not empty.
    pub fn run(&self, stop: &Receiver<()>, mut tell: impl FnMut(Report)) {
        loop {
            let report = self.run_once();
            if !report.is_empty() {
                tell(report);
            }
            match stop.recv_timeout(POLL) {
                Err(RecvTimeoutError::Timeout) => (),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

impl Report {
    /// Whether nothing was due.
    pub const fn is_empty(&self) -> bool {
        self.pushes.is_empty() && self.faults.is_empty()
    }
}

/// One at a time: what is claimed and not yet posted is kept from other workers.
fn turn(line: &Line) -> Report {
    let clock = &line.store.host().clock;
    let begun = clock.monotonic();
    let mut report = Report::default();
    while clock.monotonic().saturating_sub(begun) < TURN {
        match push::next(line) {
            Ok(None) => break,
            Ok(Some(push)) => {
                let is_down = matches!(push.outcome, Outcome::Postponed { .. });
                report.pushes.push(push);
                if is_down {
                    break;
                }
            }
            Err(fault) => {
                report.faults.push(fault);
                break;
            }
        }
    }
    report
}
