// SPDX-License-Identifier: MPL-2.0
//! The state that all requests share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use axum::http::StatusCode;
use content_key_store::{
    Actor, Batcher, Error as StoreError, KekSource, KeyStore, Location, StoreAddress, StoreCheck,
    StoreRisk,
};
use host_access::{ClockJump, GuardedClock, Host};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::auth::{AccountCache, FailedSignIns, Identity, Proof, Refusal, Refusals, Sessions};
use super::connection::Peer;
use super::error::Error;
use super::failures::RequestIds;
use super::metrics::Metrics;
use super::problem_details::Problem;
use super::readiness::{NotReady, Readiness};
use super::settings::{Retention, ServerSettings};
use crate::audit;
use crate::delivery::{CircuitStatus, Circuits, Reach};
use crate::operations::preview::PackagerKeys;

/// The actor of the server's own actions in the audit.
pub const SERVER: &str = "server";

/// The callback for the answer of a [`Batcher`].
pub type Answer<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// The server's state; clones share it.
#[derive(Clone)]
pub struct App(Arc<State>);

/// The settings that requests need.
#[derive(Debug)]
pub struct AppSettings {
    /// The URL that people and packagers use, without a final slash.
    pub public_url: String,
    /// True if the server has TLS, so that cookies are for TLS only.
    pub has_tls: bool,
    /// True if the server has made its certificate itself.
    pub is_self_signed: bool,
    /// True if delivery targets may have private addresses.
    pub allow_private_targets: bool,
    /// True if only contents that were added before get keys.
    pub known_contents_only: bool,
    /// The time for which rows are kept.
    pub retention: Retention,
}

struct State {
    store: KeyStore,
    batcher: Batcher,
    accounts: AccountCache,
    failed_sign_ins: FailedSignIns,
    refusals: Refusals,
    sessions: Sessions,
    metrics: Metrics,
    request_ids: RequestIds,
    circuits: Circuits,
    check: Mutex<StoreCheck>,
    readiness: Readiness,
    clock: Arc<GuardedClock>,
    settings: RwLock<Arc<AppSettings>>,
}

impl AppSettings {
    /// Returns those of the server's settings that requests need.
    pub fn of(settings: &ServerSettings) -> Self {
        Self {
            public_url: settings.public_url(),
            has_tls: settings.has_tls(),
            is_self_signed: settings.is_self_signed(),
            allow_private_targets: settings.allow_private_targets,
            known_contents_only: settings.known_contents_only,
            retention: settings.retention,
        }
    }

    /// Returns the source of the packagers' keys.
    pub fn packager_keys(&self) -> PackagerKeys {
        PackagerKeys::Speke {
            address: format!("speke+{}/speke", self.public_url),
            is_self_signed: self.is_self_signed,
        }
    }

    /// Returns the addresses that delivery targets may have.
    pub const fn reach(&self) -> Reach {
        match self.allow_private_targets {
            true => Reach::Anywhere,
            false => Reach::PublicOnly,
        }
    }
}

impl App {
    /// Opens the store, and creates it at the first start.
    ///
    /// # Errors
    /// If the store cannot be opened or created.
    pub fn open(
        settings: &ServerSettings,
        host: &Host,
        clock: Arc<GuardedClock>,
    ) -> Result<Self, Error> {
        let StoreAddress { uri, kek } = settings.database.parse()?;
        let replaces = replaced_store(&uri, &kek);
        let store = KeyStore::open(&uri, &[kek], host)?.with_readers(&uri);
        if let Some(kek) = replaces {
            tracing::warn!(file = %kek.display(), "a new key store was created beside a key-encryption key that exists already: if there was a \
                 store before, stop the server and restore it from a backup");
        }
        if let Some(last) = store.last_change()? {
            clock.know(
                last.duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or_default(),
            );
        }
        Ok(Self(Arc::new(State {
            batcher: Batcher::start(&store)?,
            accounts: AccountCache::new(&host.clock),
            failed_sign_ins: FailedSignIns::new(&host.clock),
            refusals: Refusals::new(&host.clock),
            sessions: Sessions::new(host),
            metrics: Metrics::default(),
            request_ids: RequestIds::default(),
            circuits: Circuits::default(),
            check: Mutex::new(store.checked_at(&uri)),
            readiness: Readiness::default(),
            clock,
            store,
            settings: RwLock::new(Arc::new(AppSettings::of(settings))),
        })))
    }

    /// Returns the current time.
    pub fn now(&self) -> SystemTime {
        self.0.store.host().clock.system_time()
    }

    /// Returns the settings that requests need.
    pub fn settings(&self) -> Arc<AppSettings> {
        let settings = &self.0.settings;
        Arc::clone(&settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the settings that requests need.
    pub fn set_settings(&self, new: AppSettings) {
        let settings = &self.0.settings;
        *settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    /// Returns the sessions of the pages.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Returns the metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Returns the source of the numbers of requests.
    pub fn request_ids(&self) -> &RequestIds {
        &self.0.request_ids
    }

    /// Returns the circuits of the targets.
    pub fn circuits(&self) -> &Circuits {
        &self.0.circuits
    }

    /// Returns the state of a target's circuit.
    pub fn circuit(&self, target: &str) -> CircuitStatus {
        self.0
            .circuits
            .of(target)
            .status(self.0.store.host().clock.monotonic())
    }

    /// Checks whether the server can do its work. It may block.
    pub fn check(&self) {
        let state = &self.0;
        let checked = state
            .check
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .check();
        let now = state.store.host().clock.monotonic();
        let jump = state.clock.jump();
        let reason = checked
            .as_ref()
            .err()
            .map(NotReady::of)
            .or_else(|| jump.map(NotReady::of_clock));
        let log = reason.clone();
        if state.readiness.record(now, reason) {
            match (&checked, log) {
                // The log may have the place of the store.
                (Err(error), _) => tracing::error!(%error, "the server is not ready"),
                (Ok(_), Some(reason)) => {
                    tracing::error!(reason = reason.text, "the server is not ready");
                }
                (Ok(_), None) => tracing::info!("the server is ready again"),
            }
        }
        if let Ok(risks) = checked {
            for risk in state.readiness.record_risks(&risks) {
                tracing::warn!("{risk}");
            }
        }
    }

    /// Returns what may lose acknowledged keys, as the last check found.
    pub fn risks(&self) -> Vec<StoreRisk> {
        self.0.readiness.risks()
    }

    /// Takes the time that the machine shows as the right one, after a jump. Returns the jump; None if there was none.
    pub fn accept_clock(&self) -> Option<ClockJump> {
        let jump = self.0.clock.jump();
        self.0.clock.accept();
        jump
    }

    /// Returns the reason why the server is not ready; None if it is.
    pub fn not_ready(&self) -> Option<NotReady> {
        let now = self.0.store.host().clock.monotonic();
        self.0.readiness.reason(now)
    }

    /// Returns the store, for threads that may block.
    pub fn key_store(&self) -> &KeyStore {
        &self.0.store
    }

    /// Runs an operation on the store as `actor`, with its contents only, on a thread that may block.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn with_store<T, E>(
        &self,
        actor: &Actor,
        operation: impl FnOnce(&KeyStore) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + From<StoreError> + Send + 'static,
    {
        let store = self.0.store.acting_as(actor);
        spawn_blocking(move || operation(&store))
            .await
            .map_err(|_| Problem::failed())?
            .map_err(Into::into)
    }

    /// Sends a request to the batcher, which combines the requests that arrive at the same time.
    ///
    /// # Errors
    /// Those of the store, and [`StoreError::Busy`] if it does not answer.
    pub async fn with_batcher<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Batcher, Answer<T>),
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let answer = move |found| {
            // The receiver may be gone.
            let _ = answer.send(found);
        };
        request(&self.0.batcher, Box::new(answer));
        answered.await.unwrap_or(Err(StoreError::Busy))
    }

    /// Returns the account of a token or a certificate. A correct proof is always accepted, so that nobody who shares an
    /// address, such as that of a proxy, can lock others out; guessing is hopeless by the length of tokens. Failures are
    /// counted by address, and the audit records the last allowed one.
    ///
    /// # Errors
    /// A problem with status 401, or 429 after too many failures.
    pub async fn sign_in(&self, peer: &Peer, proof: Proof) -> Result<Identity, Problem> {
        if let Some(account) = self.0.accounts.get(&proof) {
            return Ok(Identity::new(account)?);
        }
        let state = Arc::clone(&self.0);
        match spawn_blocking(move || state.accounts.look_up(&state.store, &proof))
            .await
            .map_err(|_| Problem::failed())??
        {
            Some(account) => Ok(Identity::new(account)?),
            None => Err(self.refuse(peer).await),
        }
    }

    /// Makes the next requests read their accounts again, after a change of accounts or tokens.
    pub fn forget_accounts(&self) {
        self.0.accounts.forget();
    }

    /// Records in the audit that an account was refused because it lacks a role, once a minute for each route.
    pub async fn record_refusal(&self, refusal: Refusal, route: &str) {
        let Refusal { account, detail } = refusal;
        if !self.0.refusals.count(&account, route) {
            return;
        }
        let (state, route) = (Arc::clone(&self.0), route.to_owned());
        let recorded = spawn_blocking(move || {
            let store = state.store.acting_for(&account)?;
            audit::record(&store, "refused", &route, &detail)
        })
        .await;
        if !matches!(recorded, Ok(Ok(()))) {
            tracing::error!("a refused request could not be recorded");
        }
    }

    async fn refuse(&self, peer: &Peer) -> Problem {
        let address = peer.address.ip();
        if let Some(wait) = self.0.failed_sign_ins.wait(address) {
            return Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many failed attempts to sign in from this address: wait and try again",
            )
            .retry_after(wait.as_secs() + 1);
        }
        tracing::info!(%address, "sign-in refused");
        if self.0.failed_sign_ins.count(address) {
            let state = Arc::clone(&self.0);
            let recorded = spawn_blocking(move || {
                let store = state.store.acting_for(SERVER)?;
                audit::record(&store, "sign in", &address.to_string(), "refused too often")
            })
            .await;
            if !matches!(recorded, Ok(Ok(()))) {
                tracing::error!(%address, "refused sign-ins could not be recorded");
            }
        }
        Problem::unauthorized()
    }
}

/// Returns the file of the key-encryption key if it exists beside a SQLite database that does not: there may have been one.
fn replaced_store(uri: &str, kek: &KekSource) -> Option<PathBuf> {
    match (Location::parse(uri), kek) {
        (Ok(Location::Sqlite(path)), KekSource::File(kek)) => {
            let is_new = path.metadata().map_or(0, |file| file.len()) == 0;
            (is_new && kek.exists()).then(|| kek.clone())
        }
        _ => None,
    }
}
