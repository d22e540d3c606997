// SPDX-License-Identifier: MPL-2.0
//! Hands keys to the targets of the store: one worker for each target, which this one starts, wakes when something is due, and stops.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use content_key_store::KeyStore;

use super::wait;
use crate::deliveries;
use crate::delivery::{Error, Outcome, PostLimit, Push, Report, Shift, Target, TargetWorker};
use crate::server::app::{App, SERVER};
use crate::targets::{self, TargetSettings};

/// The interval of checks of the outbox.
const POLL: Duration = Duration::from_secs(1);
/// Targets are read again after this time, since changed credentials do not show.
const STALE: Duration = Duration::from_secs(30);
/// The most posts at a time, over all targets. The limit of open files counts with them.
const POSTS: u32 = 32;
/// The time in which a post ends that was cancelled.
const LAST_POSTS: Duration = Duration::from_secs(2);

/// The workers of all targets, by name.
struct Crew {
    shift: Shift,
    members: BTreeMap<String, Member>,
}

/// A target as last read from the store, and its worker.
struct Member {
    settings: TargetSettings,
    /// None if the target cannot be used.
    worker: Option<TargetWorker>,
    /// The time when it was read, by the monotonic clock.
    read: Duration,
}

/// Hands keys over until `stop` receives.
pub fn run(app: &App, stop: &Receiver<()>) {
    let mut crew = Crew {
        shift: Shift {
            posts: PostLimit::new(POSTS),
            on_report: log_report,
        },
        members: BTreeMap::new(),
    };
    let mut is_failing = false;
    loop {
        let turn = crew
            .renew()
            .and_then(|()| crew.refresh(app))
            .and_then(|()| crew.wake(app));
        if let Err(error) = &turn
            && !is_failing
        {
            tracing::error!(%error, "targets cannot be read; trying again every second");
        }
        is_failing = turn.is_err();
        if !wait(stop, POLL) {
            return crew.stop();
        }
    }
}

impl Crew {
    /// Starts, changes and stops workers as the targets of the store demand.
    fn refresh(&mut self, app: &App) -> Result<(), Error> {
        let store = app.key_store().acting_for(SERVER)?;
        let settings = targets::list(&store)?;
        let now = store.host().clock.monotonic();
        let is_listed = |name: &str| settings.iter().any(|settings| settings.name == name);
        self.dismiss(|name| !is_listed(name));
        app.circuits().keep(is_listed);
        for settings in settings {
            let before = self.members.get(&settings.name);
            let has_changed = before.is_none_or(|before| before.settings != settings);
            if !has_changed && before.is_some_and(|before| now.saturating_sub(before.read) < STALE)
            {
                continue;
            }
            if has_changed {
                app.circuits().of(&settings.name).reset();
            }
            self.engage(app, &store, settings, has_changed);
        }
        Ok(())
    }

    /// Gives a target its worker, or its worker the new settings. One that cannot be used does not affect the others.
    fn engage(&mut self, app: &App, store: &KeyStore, settings: TargetSettings, has_changed: bool) {
        let before = self
            .members
            .remove(&settings.name)
            .and_then(|before| before.worker);
        let worker = match self.worker(app, store, &settings, before) {
            Ok(worker) => {
                for warning in worker.warnings().iter().filter(|_| has_changed) {
                    tracing::warn!("{warning}");
                }
                Some(worker)
            }
            Err(error) => {
                if has_changed {
                    tracing::error!(%error, "the target gets no keys");
                }
                None
            }
        };
        let member = Member {
            worker,
            read: store.host().clock.monotonic(),
            settings,
        };
        self.members.insert(member.settings.name.clone(), member);
    }

    fn worker(
        &self,
        app: &App,
        store: &KeyStore,
        settings: &TargetSettings,
        before: Option<TargetWorker>,
    ) -> Result<TargetWorker, Error> {
        let target = Target {
            reach: app.settings().reach(),
            ..Target::from_store(store, settings)?
        };
        match before {
            Some(worker) => match worker.replace(store, &target) {
                Ok(()) => Ok(worker),
                Err(error) => {
                    end([worker]);
                    Err(error)
                }
            },
            None => TargetWorker::start(
                store,
                &target,
                app.circuits().of(&settings.name),
                self.shift.clone(),
            ),
        }
    }

    /// Renews the claims of what is on its way.
    fn renew(&self) -> Result<(), Error> {
        self.members
            .values()
            .filter_map(|member| member.worker.as_ref())
            .try_for_each(|worker| Ok(worker.renew()?))
    }

    /// Wakes the workers that have something to do.
    fn wake(&self, app: &App) -> Result<(), Error> {
        let names = self.members.keys().map(String::as_str);
        for target in deliveries::due_targets(app.key_store(), names)? {
            if let Some(worker) = self
                .members
                .get(target)
                .and_then(|member| member.worker.as_ref())
            {
                worker.wake();
            }
        }
        Ok(())
    }

    /// Stops the workers of targets that are gone.
    fn dismiss(&mut self, is_gone: impl Fn(&str) -> bool) {
        let gone: Vec<_> = self
            .members
            .extract_if(.., |name, _| is_gone(name))
            .filter_map(|(_, member)| member.worker)
            .collect();
        end(gone);
    }

    fn stop(mut self) {
        self.dismiss(|_| true);
    }
}

/// Cancels the posts of workers, all at once, and waits for them.
fn end(workers: impl IntoIterator<Item = TargetWorker>) {
    let workers: Vec<_> = workers.into_iter().collect();
    for worker in &workers {
        worker.stop();
    }
    let deadline = Instant::now() + LAST_POSTS;
    for worker in workers {
        worker.join(deadline);
    }
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
