// SPDX-License-Identifier: MPL-2.0
//! Accepts connections up to the limits of all and of each address, and lets open requests finish at the end.

use std::future::Future;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{AddressShare, AddressShares, Connection, Peer};
use super::error::Error;
use super::settings::ConnectionLimits;
use super::tls::ServerTls;

/// The longest time that open requests get when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(6);

/// A server with its listener.
pub struct HttpServer {
    listener: TcpListener,
    router: Router,
    live: Arc<Live>,
}

/// What may change while the server listens. It counts for further connections.
pub struct Live {
    state: Mutex<LiveState>,
    /// One permit for each connection that may be open.
    permits: Arc<Semaphore>,
    shares: AddressShares,
}

struct LiveState {
    tls: Option<ServerTls>,
    limits: ConnectionLimits,
}

impl Live {
    /// Begins with the settings of the start.
    pub fn new(tls: Option<ServerTls>, limits: ConnectionLimits) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limits.total)),
            shares: AddressShares::new(limits.per_address),
            state: Mutex::new(LiveState { tls, limits }),
        }
    }

    /// Replaces certificate and limits. Returns true if the certificate is another.
    pub fn replace(&self, tls: Option<ServerTls>, limits: ConnectionLimits) -> bool {
        let mut state = self.lock();
        let fingerprint = |tls: &Option<ServerTls>| tls.as_ref().map(|tls| tls.fingerprint.clone());
        let is_other = fingerprint(&state.tls) != fingerprint(&tls);
        self.resize(state.limits.total, limits.total);
        self.shares.set_limit(limits.per_address);
        *state = LiveState { tls, limits };
        is_other
    }

    /// Changes the number of connections. If more are open than the new limit allows, it counts as they end.
    fn resize(&self, from: usize, to: usize) {
        self.permits.add_permits(to.saturating_sub(from));
        let excess = from.saturating_sub(to);
        let left = excess - self.permits.forget_permits(excess);
        let Ok(left) = u32::try_from(left) else {
            return;
        };
        let permits = Arc::clone(&self.permits);
        if left > 0 {
            tokio::spawn(async move {
                if let Ok(permits) = permits.acquire_many_owned(left).await {
                    permits.forget();
                }
            });
        }
    }

    fn tls(&self) -> Option<TlsAcceptor> {
        self.lock().tls.as_ref().map(|tls| tls.acceptor.clone())
    }

    fn limits(&self) -> ConnectionLimits {
        self.lock().limits
    }

    fn lock(&self) -> MutexGuard<'_, LiveState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds an address, without accepting connections yet.
///
/// # Errors
/// [`Error::Listen`].
pub fn bind(address: SocketAddr) -> Result<net::TcpListener, Error> {
    net::TcpListener::bind(address).map_err(|source| Error::Listen { address, source })
}

impl HttpServer {
    /// Makes a server of a bound listener. It must be called within a runtime.
    ///
    /// # Errors
    /// If the operating system refuses it.
    pub fn new(listener: net::TcpListener, router: Router, live: Arc<Live>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener: TcpListener::from_std(listener)?,
            router,
            live,
        })
    }

    /// Serves until `stop` ends, and then finishes the open requests.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        if let Ok(address) = self.listener.local_addr() {
            tracing::info!(%address, tls = self.live.tls().is_some(), "listening");
        }
        loop {
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                () = &mut stop => break,
            };
            let Some(accepted) = accepted else { continue };
            let connection = Connection {
                peer: Peer {
                    address: accepted.address,
                    certificate: None,
                },
                router: self.router.clone(),
                limits: self.live.limits(),
                watcher: graceful.watcher(),
            };
            let tls = self.live.tls();
            tokio::spawn(async move {
                connection.serve(accepted.stream, tls).await;
                drop((accepted.permit, accepted.share));
            });
        }
        drop(self.listener);
        tracing::info!("stopping");
        if timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
            tracing::warn!("open requests took too long and were cut off");
        }
    }

    /// Accepts a connection as soon as the limit allows one more, and closes it if its address has its share already.
    async fn accept(&self) -> Option<Accepted> {
        let permit = Arc::clone(&self.live.permits).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, address)) => {
                let share = self.live.shares.enter(address.ip())?;
                let _ = stream.set_nodelay(true);
                Some(Accepted {
                    stream,
                    address,
                    permit,
                    share,
                })
            }
            Err(error) => {
                // The cause may be too many open files, which ends when connections end.
                tracing::warn!(%error, "a connection was not accepted");
                sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }
}

/// An accepted connection, with its shares of the limits.
struct Accepted {
    stream: TcpStream,
    address: SocketAddr,
    permit: OwnedSemaphorePermit,
    share: AddressShare,
}
