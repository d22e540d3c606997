// SPDX-License-Identifier: MPL-2.0
//! The hand-off of keys to the targets that the store knows.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use content_key_store::KeyStore;

use super::wait;
use crate::delivery::{Error, Handoff, Outcome, Push, Reach, Report, Target};
use crate::server::app::{App, SERVER};
use crate::targets::{self, TargetSettings};

/// How often the outbox is looked into.
const POLL: Duration = Duration::from_secs(1);
/// After this time targets are made anew: credentials do not show that they have changed.
const STALE: Duration = Duration::from_secs(30);

/// The targets as the store had them, ready for use.
struct Ready {
    settings: Vec<TargetSettings>,
    handoff: Handoff,
    /// When, by the monotonic clock.
    made: Duration,
}

/// Works until it is told to stop.
pub fn run(app: &App, stop: &Receiver<()>) {
    let mut ready = None;
    let mut is_failing = false;
    loop {
        let turn = refresh(app, &mut ready);
        if let Err(error) = &turn
            && !is_failing
        {
            tracing::error!(%error, "targets cannot be read; it is tried again every second");
        }
        is_failing = turn.is_err();
        if let Some(Ready { handoff, .. }) = &ready {
            tell(handoff.run_once());
        }
        if !wait(stop, POLL) {
            return;
        }
    }
}

fn refresh(app: &App, ready: &mut Option<Ready>) -> Result<(), Error> {
    let store = app.key_store().acting_for(SERVER)?;
    let settings = targets::list(&store)?;
    let now = store.host().clock.monotonic();
    let before = ready.as_ref();
    if before
        .is_some_and(|ready| ready.settings == settings && now.saturating_sub(ready.made) < STALE)
    {
        return Ok(());
    }
    let is_news = before.is_none_or(|ready| ready.settings != settings);
    let handoff = prepare(&store, &settings, (app.settings().reach(), is_news))?;
    *ready = Some(Ready {
        settings,
        handoff,
        made: now,
    });
    Ok(())
}

/// One target that cannot be used keeps the others from nothing.
fn prepare(
    store: &KeyStore,
    settings: &[TargetSettings],
    (reach, is_news): (Reach, bool),
) -> Result<Handoff, Error> {
    let mut targets = Vec::with_capacity(settings.len());
    for settings in settings {
        let target = Target::from_store(store, settings).map(|target| Target { reach, ..target });
        let checked = target
            .and_then(|target| Handoff::new(store, std::slice::from_ref(&target)).map(|_| target));
        match checked {
            Ok(target) => targets.push(target),
            Err(error) if is_news => tracing::error!(%error, "no keys go there"),
            Err(_) => (),
        }
    }
    let handoff = Handoff::new(store, &targets)?;
    for warning in handoff.warnings().iter().filter(|_| is_news) {
        tracing::warn!("{warning}");
    }
    Ok(handoff)
}

fn tell(report: Report) {
    for Push {
        kid,
        target,
        outcome,
    } in report.pushes
    {
        match outcome {
            Outcome::Acknowledged => tracing::info!(%kid, target, "key delivered"),
            Outcome::Postponed { error, .. } => {
                tracing::warn!(%kid, target, error, "key not delivered, it is tried again");
            }
            Outcome::GivenUp { error } => {
                tracing::error!(%kid, target, error, "key not delivered, it is not tried again");
            }
        }
    }
    for error in report.faults {
        tracing::error!(%error, "the key store failed during the hand-off");
    }
}
