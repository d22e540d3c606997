// SPDX-License-Identifier: MPL-2.0
//! New settings while the server runs, on SIGHUP: certificates, the administrator's token, limits and what the server allows. No request
//! notices it. Settings that cannot be used change nothing.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use host_access::Host;
use tokio::signal::unix::{SignalKind, signal};

use super::app::{App, AppSettings};
use super::error::Error;
use super::listen::Live;
use super::settings::SettingsSource;
use super::{first_start, tls};

/// What SIGHUP needs.
pub struct Reload {
    pub app: App,
    pub live: Arc<Live>,
    pub host: Host,
    /// The settings in force, and where the next ones come from.
    pub settings: Mutex<SettingsSource>,
}

impl Reload {
    /// Reloads at each SIGHUP.
    ///
    /// # Errors
    /// [`Error::Signals`].
    pub fn listen(self) -> Result<impl Future<Output = ()>, Error> {
        let mut hung_up = signal(SignalKind::hangup()).map_err(Error::Signals)?;
        let reload = Arc::new(self);
        Ok(async move {
            while hung_up.recv().await.is_some() {
                let reload = Arc::clone(&reload);
                // It reads files and the store.
                let done = tokio::task::spawn_blocking(move || reload.run()).await;
                if let Ok(Err(error)) = done {
                    tracing::error!(error, "the settings were not reloaded; those before stay");
                }
            }
        })
    }

    fn run(&self) -> Result<(), String> {
        let mut source = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = (source.read)()?;
        let mut changes = source.current.changes(&wanted);
        let fixed = wanted.fixed(&source.current);
        changes.retain(|change| !fixed.contains(&change.name));
        let new = wanted.with_fixed(&source.current);
        new.check().map_err(|error| error.to_string())?;
        let tls = tls::acceptor(&new, &self.host).map_err(|error| error.to_string())?;
        for name in fixed {
            tracing::warn!(
                setting = name,
                "the setting cannot be changed while the server runs: restart it"
            );
        }
        if let Some(file) = &new.admin_token_file {
            first_start::add_admin(&self.app, &new)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            self.app.forget_accounts();
        }
        let fingerprint = tls.as_ref().map(|tls| tls.fingerprint.clone());
        if self
            .live
            .replace(tls.filter(|_| new.has_tls()), new.connections)
        {
            tracing::info!(sha256 = fingerprint, "another certificate is in use");
        }
        self.app.set_settings(AppSettings::of(&new));
        for change in &changes {
            tracing::info!(
                setting = change.name,
                from = change.from,
                to = change.to,
                "setting changed"
            );
        }
        tracing::info!(changed = changes.len(), "the settings were reloaded");
        source.current = new;
        Ok(())
    }
}
