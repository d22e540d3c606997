// SPDX-License-Identifier: MPL-2.0
//! Hands keys to the targets of the store.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use content_key_store::KeyStore;

use super::wait;
use crate::delivery::{Error, Handoff, Outcome, Push, Reach, Report, Target};
use crate::server::app::{App, SERVER};
use crate::targets::{self, TargetSettings};

/// The interval of checks of the outbox.
const POLL: Duration = Duration::from_secs(1);
/// Targets are read again after this time, since changed credentials do not show.
const STALE: Duration = Duration::from_secs(30);

/// The targets as last read from the store, ready for use.
struct ReadyTargets {
    settings: Vec<TargetSettings>,
    handoff: Handoff,
    /// The time when they were read, by the monotonic clock.
    made: Duration,
}

/// Hands keys over until `stop` receives.
pub fn run(app: &App, stop: &Receiver<()>) {
    let mut ready = None;
    let mut is_failing = false;
    loop {
        let turn = refresh(app, &mut ready);
        if let Err(error) = &turn
            && !is_failing
        {
            tracing::error!(%error, "targets cannot be read; trying again every second");
        }
        is_failing = turn.is_err();
        if let Some(ReadyTargets { handoff, .. }) = &ready {
            log_report(handoff.run_once());
        }
        if !wait(stop, POLL) {
            return;
        }
    }
}

fn refresh(app: &App, ready: &mut Option<ReadyTargets>) -> Result<(), Error> {
    let store = app.key_store().acting_for(SERVER)?;
    let settings = targets::list(&store)?;
    let now = store.host().clock.monotonic();
    let before = ready.as_ref();
    if before
        .is_some_and(|ready| ready.settings == settings && now.saturating_sub(ready.made) < STALE)
    {
        return Ok(());
    }
    let has_changed = before.is_none_or(|ready| ready.settings != settings);
    let handoff = open_targets(&store, &settings, app.settings().reach(), has_changed)?;
    *ready = Some(ReadyTargets {
        settings,
        handoff,
        made: now,
    });
    Ok(())
}

/// Opens the targets. One that cannot be used does not affect the others.
fn open_targets(
    store: &KeyStore,
    settings: &[TargetSettings],
    reach: Reach,
    has_changed: bool,
) -> Result<Handoff, Error> {
    let mut targets = Vec::with_capacity(settings.len());
    for settings in settings {
        let target = Target::from_store(store, settings).map(|target| Target { reach, ..target });
        let checked = target
            .and_then(|target| Handoff::new(store, std::slice::from_ref(&target)).map(|_| target));
        match checked {
            Ok(target) => targets.push(target),
            Err(error) if has_changed => tracing::error!(%error, "the target gets no keys"),
            Err(_) => (),
        }
    }
    let handoff = Handoff::new(store, &targets)?;
    for warning in handoff.warnings().iter().filter(|_| has_changed) {
        tracing::warn!("{warning}");
    }
    Ok(handoff)
}

fn log_report(report: Report) {
    for Push {
        kid,
        target,
        outcome,
    } in report.pushes
    {
        match outcome {
            Outcome::Acknowledged => tracing::info!(%kid, target, "key delivered"),
            Outcome::Postponed { error, .. } => {
                tracing::warn!(%kid, target, error, "key not delivered; it will be tried again");
            }
            Outcome::GivenUp { error } => {
                tracing::error!(%kid, target, error, "key not delivered; it will not be tried again");
            }
        }
    }
    for error in report.faults {
        tracing::error!(%error, "the key store failed during the hand-off");
    }
}
