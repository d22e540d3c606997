// SPDX-License-Identifier: MPL-2.0
//! What all requests share.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::StatusCode;
use content_key_store::{Batcher, Error as StoreError, KeyStore, store_address};
use host_access::Host;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::auth::{AccountCache, FailedSignIns, Identity, Proof, Sessions};
use super::error::Error;
use super::listen::Peer;
use super::metrics::Metrics;
use super::problem_details::Problem;
use super::settings::ServerSettings;
use crate::audit;
use crate::delivery::Reach;

/// The name by which the server's own acts are in the audit.
pub const SERVER: &str = "server";

/// What takes the answer of a [`Batcher`].
pub type Answer<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;

/// The server's state; clones share it.
#[derive(Clone)]
pub struct App(Arc<State>);

/// What was said when the server started.
#[derive(Debug)]
pub struct Settings {
    /// The address that people and packagers use, without a slash behind it.
    pub public_url: String,
    /// Whether cookies go over TLS only.
    pub has_tls: bool,
    /// Whether delivery targets may be in this network.
    pub allow_private_targets: bool,
    /// Whether contents that were not set up get no keys.
    pub known_contents_only: bool,
}

struct State {
    store: KeyStore,
    batcher: Batcher,
    accounts: AccountCache,
    failed_sign_ins: FailedSignIns,
    sessions: Sessions,
    metrics: Metrics,
    settings: Settings,
}

impl Settings {
    /// Where packagers get keys, for their property `key-uri`.
    pub fn speke_address(&self) -> String {
        format!("speke+{}/speke", self.public_url)
    }

    /// Where delivery targets may be.
    pub const fn reach(&self) -> Reach {
        match self.allow_private_targets {
            true => Reach::Anywhere,
            false => Reach::PublicOnly,
        }
    }
}

impl App {
    /// Opens the store, and makes it at the first start.
    ///
    /// # Errors
    /// Why there is no store.
    pub fn open(settings: &ServerSettings, host: &Host) -> Result<Self, Error> {
        let (address, kek) = store_address(&settings.database)?;
        let store = KeyStore::open(&address, vec![kek], host)?;
        Ok(Self(Arc::new(State {
            batcher: Batcher::start(&store)?,
            store,
            accounts: AccountCache::new(&host.clock),
            failed_sign_ins: FailedSignIns::new(&host.clock),
            sessions: Sessions::new(host),
            metrics: Metrics::default(),
            settings: Settings {
                public_url: settings.public_url(),
                has_tls: settings.has_tls(),
                allow_private_targets: settings.allow_private_targets,
                known_contents_only: settings.known_contents_only,
            },
        })))
    }

    /// The time of day.
    pub fn now(&self) -> SystemTime {
        self.0.store.host().clock.system_time()
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The store, for threads that may block.
    pub fn key_store(&self) -> &KeyStore {
        &self.0.store
    }

    /// Works on the store in somebody's name, off the threads that serve.
    ///
    /// # Errors
    /// The work's own.
    pub async fn with_store<T, E>(
        &self,
        actor: &str,
        operation: impl FnOnce(&KeyStore) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + From<StoreError> + Send + 'static,
    {
        let (store, actor) = (self.0.store.clone(), actor.to_owned());
        let done = spawn_blocking(move || operation(&store.acting_for(&actor)?)).await;
        match done {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(failed()),
        }
    }

    /// Asks the store together with others who ask at the same time.
    ///
    /// # Errors
    /// The store's, and [`StoreError::Busy`] where it does not answer.
    pub async fn with_batcher<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Batcher, Answer<T>),
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let answer = move |found| {
            // Who asked may have gone.
            let _ = answer.send(found);
        };
        request(&self.0.batcher, Box::new(answer));
        answered.await.unwrap_or(Err(StoreError::Busy))
    }

    /// The account of a token or a certificate. FailedSignIns are counted by address, and the last one that is allowed is in the audit.
    ///
    /// # Errors
    /// 401, 429 after too many failures.
    pub async fn sign_in(&self, peer: &Peer, proof: Proof) -> Result<Identity, Problem> {
        let address = peer.address.ip();
        // Others at the same address, such as that of a proxy, must not lock out who has signed in before.
        let is_known = self.0.accounts.knows(&proof);
        if let Some(wait) = self.0.failed_sign_ins.wait(address).filter(|_| !is_known) {
            let detail = "too many failed attempts to sign in from this address: wait";
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
            return Err(problem.retry_after(wait.as_secs() + 1));
        }
        if let Some(account) = self.0.accounts.get(&proof) {
            return Ok(Identity::new(account));
        }
        let state = Arc::clone(&self.0);
        let asked = spawn_blocking(move || state.accounts.look_up(&state.store, &proof));
        match asked.await.map_err(|_| failed())?? {
            Some(account) => Ok(Identity::new(account)),
            None => Err(self.refuse(peer).await),
        }
    }

    /// After a change of accounts or tokens.
    pub fn forget_accounts(&self) {
        self.0.accounts.forget();
    }

    async fn refuse(&self, peer: &Peer) -> Problem {
        let address = peer.address.ip();
        tracing::info!(%address, "sign-in refused");
        if self.0.failed_sign_ins.count(address) {
            let state = Arc::clone(&self.0);
            let recorded = spawn_blocking(move || {
                let store = state.store.acting_for(SERVER)?;
                audit::record(&store, "sign in", &address.to_string(), "refused too often")
            });
            if !matches!(recorded.await, Ok(Ok(()))) {
                tracing::error!(%address, "refused sign-ins could not be recorded");
            }
        }
        Problem::unauthorized()
    }
}

fn failed() -> Problem {
    let detail = "the request failed within the server; its log says why";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}
