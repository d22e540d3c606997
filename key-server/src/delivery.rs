// SPDX-License-Identifier: MPL-2.0
//! Hands keys of the store to licence servers: each delivery of the outbox is posted as a CPIX 2.3 document, encrypted to the
//! target's certificate, until the target acknowledges it by a status of success.
//!
//! A worker claims a delivery for a while, posts the key, and then records the result. A worker that is killed in between loses
//! nothing: the target gets the same key again. Several workers may serve one store; each takes the deliveries of the targets that it was given. Failed
//! connections, timeouts and the statuses 429 and 5xx are tried again without end, at growing intervals; any other status is final,
//! until [`KeyStore::enqueue`] puts the key on its way anew. The database keeps a key from becoming active before all that its
//! contents require have acknowledged it.

mod circuit;
mod document;
mod error;
mod post_limit;
mod push;
mod target;
mod worker;

use std::time::{Duration, SystemTime};
use std::{panic, thread};

use cenc_types::KeyId;
pub use circuit::{Circuit, CircuitState, CircuitStatus, Circuits, TargetCircuit};
use content_key_store::KeyStore;
pub use document::{KeyUse, document};
pub use error::Error;
pub use key_http_client::{Pem, Reach};
pub use post_limit::{PostLimit, PostPermits};
use target::Line;
pub use target::{Credentials, Encryption, Target};
pub use worker::{Shift, TargetWorker};

/// The longest time for one target in a run.
const TURN: Duration = Duration::from_secs(5);

/// A worker that hands keys over.
pub struct Handoff {
    lines: Vec<Line>,
}

/// The attempt to deliver a key to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The key.
    pub kid: KeyId,
    /// The target's name.
    pub target: String,
    /// Its outcome.
    pub outcome: Outcome,
}

/// The outcome of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has the key.
    Acknowledged,
    /// It is tried again.
    Postponed {
        /// The error.
        error: String,
        /// The time of the next attempt.
        until: SystemTime,
    },
    /// It is not tried again: the operator must act.
    GivenUp {
        /// The error.
        error: String,
    },
}

/// The pushes and errors of one run.
#[derive(Debug, Default)]
pub struct Report {
    /// Each push, by target.
    pub pushes: Vec<Push>,
    /// The failures of the store. Claimed deliveries are tried again when their lease ends.
    pub faults: Vec<content_key_store::Error>,
}

impl Handoff {
    /// Reads the certificates and credentials of targets. It does not connect to them yet.
    ///
    /// # Errors
    /// The errors of a target, with its name.
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

    /// Returns warnings for the operator about weak keys, and credentials that cross a network in the clear.
    pub fn warnings(&self) -> Vec<String> {
        self.lines.iter().flat_map(Line::warnings).collect()
    }

    /// Posts the keys that are due, to all targets in parallel. The run of a target ends when it postpones a key or takes long.
    pub fn run_once(&self) -> Report {
        let reports = thread::scope(|scope| {
            let turns: Vec<_> = self
                .lines
                .iter()
                .map(|line| scope.spawn(|| turn(line)))
                .collect();
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
}

impl Report {
    /// True if nothing was due.
    pub const fn is_empty(&self) -> bool {
        self.pushes.is_empty() && self.faults.is_empty()
    }
}

/// Posts the keys for one target, one at a time: a claimed delivery that waits is lost for other workers.
fn turn(line: &Line) -> Report {
    let clock = &line.store.host().clock;
    let begun = clock.monotonic();
    let mut report = Report::default();
    while clock.monotonic().saturating_sub(begun) < TURN {
        match next(line) {
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

/// Claims and posts the next delivery of a target; None if none is due.
fn next(line: &Line) -> Result<Option<Push>, content_key_store::Error> {
    let claimed = push::claim(line, 1, line.lease())?;
    let Some(delivery) = claimed.first() else {
        return Ok(None);
    };
    Ok(push::deliver(line, delivery)?.map(|delivered| delivered.push))
}
