// SPDX-License-Identifier: MPL-2.0
//! Connections: accepted up to a limit, shaken hands with in time, served, and let finish what they have begun at the end.

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

/// Connections at a time.
const CONNECTIONS: usize = 1024;
/// How long a client may take to shake hands, and to send a request's head.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long requests may take that are under way when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// From where it came.
    pub address: SocketAddr,
    /// SHA-256 of the certificate that it showed, which one of the client CAs has signed.
    pub certificate: Option<[u8; 32]>,
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
}

/// Takes an address, without serving yet.
///
/// # Errors
/// [`Error::Listen`].
pub fn bind(address: SocketAddr) -> Result<net::TcpListener, Error> {
    let listener = net::TcpListener::bind(address);
    listener.map_err(|source| Error::Listen { address, source })
}

impl Server {
    /// A server on an address that was taken, within a runtime.
    ///
    /// # Errors
    /// When the operating system refuses it.
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

    /// Serves until `stop` ends, and then what is under way.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut stop = std::pin::pin!(stop);
        if let Ok(address) = self.listener.local_addr() {
            tracing::info!(%address, tls = self.tls.is_some(), "listening");
        }
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&places) => accepted,
                () = &mut stop => break,
            };
            let Some((stream, peer, place)) = accepted else {
                continue;
            };
            let connection = Connection {
                peer,
                router: self.router.clone(),
                watcher: graceful.watcher(),
                _place: place,
            };
            tokio::spawn(connection.serve(stream, self.tls.clone()));
        }
        drop(self.listener);
        tracing::info!("stopping");
        if timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were cut off that took too long");
        }
    }

    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, address)) => {
                let certificate = None;
                let _ = stream.set_nodelay(true);
                let peer = Peer {
                    address,
                    certificate,
                };
                Some((stream, peer, place))
            }
            Err(error) => {
                // Such as too many open files: it passes when connections end.
                tracing::warn!(%error, "a connection was not accepted");
                sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }
}

/// A connection, and its place among those that there may be.
struct Connection {
    peer: Peer,
    router: Router,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let Some(tls) = tls else {
            return self.exchange(stream).await;
        };
        let address = self.peer.address;
        match timeout(PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates();
                self.peer.certificate = shown.and_then(|shown| shown.first()).map(tls::fingerprint);
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
        let served = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(served.into_owned()).await {
            tracing::debug!(address = %self.peer.address, %error, "connection ended");
        }
    }
}
