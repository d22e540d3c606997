// SPDX-License-Identifier: MPL-2.0
//! Accepts connections up to a limit, with timeouts for the TLS handshake, and lets open requests finish at the end.

use std::future::Future;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::error::Error;
use super::tls;

/// The most connections at a time.
const CONNECTIONS: usize = 1024;
/// The longest time for the TLS handshake, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest time for open requests when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The address of the client.
    pub address: SocketAddr,
    /// The SHA-256 of its client certificate, which is verified.
    pub certificate: Option<[u8; 32]>,
}

/// A server with its listener.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
}

/// Binds an address, without accepting connections yet.
///
/// # Errors
/// [`Error::Listen`].
pub fn bind(address: SocketAddr) -> Result<net::TcpListener, Error> {
    net::TcpListener::bind(address).map_err(|source| Error::Listen { address, source })
}

impl Server {
    /// Makes a server of a bound listener. It must be called within a runtime.
    ///
    /// # Errors
    /// If the operating system refuses it.
    pub fn new(
        listener: net::TcpListener,
        tls: Option<TlsAcceptor>,
        router: Router,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener: TcpListener::from_std(listener)?,
            tls,
            router,
        })
    }

    /// Serves until `stop` ends, and then finishes the open requests.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let mut stop = std::pin::pin!(stop);
        if let Ok(address) = self.listener.local_addr() {
            tracing::info!(%address, tls = self.tls.is_some(), "listening");
        }
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&permits) => accepted,
                () = &mut stop => break,
            };
            let Some(accepted) = accepted else { continue };
            let connection = Connection {
                peer: Peer {
                    address: accepted.address,
                    certificate: None,
                },
                router: self.router.clone(),
                watcher: graceful.watcher(),
                _permit: accepted.permit,
            };
            tokio::spawn(connection.serve(accepted.stream, self.tls.clone()));
        }
        drop(self.listener);
        tracing::info!("stopping");
        if timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
            tracing::warn!("open requests took too long and were cut off");
        }
    }

    /// Accepts a connection as soon as there are fewer than [`CONNECTIONS`].
    async fn accept(&self, permits: &Arc<Semaphore>) -> Option<Accepted> {
        let permit = Arc::clone(permits).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, address)) => {
                let _ = stream.set_nodelay(true);
                Some(Accepted {
                    stream,
                    address,
                    permit,
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

/// An accepted connection, with its permit of the limit.
struct Accepted {
    stream: TcpStream,
    address: SocketAddr,
    permit: OwnedSemaphorePermit,
}

/// A connection, with its permit of the limit.
struct Connection {
    peer: Peer,
    router: Router,
    watcher: Watcher,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let Some(tls) = tls else {
            return self.exchange(stream).await;
        };
        let address = self.peer.address;
        match timeout(PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                self.peer.certificate = stream
                    .get_ref()
                    .1
                    .peer_certificates()
                    .and_then(|chain| chain.first())
                    .map(tls::fingerprint);
                self.exchange(stream).await;
            }
            Ok(Err(error)) => tracing::info!(%address, %error, "no TLS"),
            Err(_) => tracing::info!(%address, "no TLS in time"),
        }
    }

    async fn exchange(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let timer = TokioTimer::new();
        builder
            .http1()
            .timer(timer.clone())
            .header_read_timeout(PATIENCE);
        builder.http2().timer(timer).max_concurrent_streams(64);
        let service = TowerToHyperService::new(self.router.layer(Extension(self.peer)));
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(address = %self.peer.address, %error, "connection ended");
        }
    }
}
