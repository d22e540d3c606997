// SPDX-License-Identifier: MPL-2.0
//! A connection: TLS, HTTP/1.1 or HTTP/2, and the deadlines that end it when its client does nothing.

use std::net::SocketAddr;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::settings::ConnectionLimits;
use super::tls;

mod activity;
mod address_shares;
mod service;

use activity::Activity;
pub use address_shares::{AddressShare, AddressShares};
use service::ConnectionService;

/// The most bytes of heads and bodies that HTTP/1.1 buffers for a connection.
const HTTP1_BUFFER: usize = 64 * 1024;
/// The most requests of a connection at a time over HTTP/2.
const HTTP2_STREAMS: u32 = 64;
/// The most bytes of its body that each such request may send ahead of what is read.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1024;
/// The most bytes of bodies that all of them together may send ahead.
const HTTP2_WINDOW: u32 = 128 * 1024;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The address of the client.
    pub address: SocketAddr,
    /// The SHA-256 of its client certificate, which is verified.
    pub certificate: Option<[u8; 32]>,
}

/// A connection that was accepted.
pub struct Connection {
    /// The other end.
    pub peer: Peer,
    /// The routes.
    pub router: Router,
    /// The limits.
    pub limits: ConnectionLimits,
    /// Ends the connection after its open requests when the server stops.
    pub watcher: Watcher,
}

impl Connection {
    /// Serves requests until the client or a deadline ends the connection.
    pub async fn serve(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let Some(tls) = tls else {
            return self.exchange(stream).await;
        };
        let address = self.peer.address;
        match timeout(self.limits.head, tls.accept(stream)).await {
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
        let address = self.peer.address;
        let activity = Activity::begin(&self.limits);
        let service = ConnectionService::new(self.router, self.peer, activity.clone());
        let connection = protocols(&self.limits)
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        tokio::select! {
            ended = self.watcher.watch(connection) => if let Err(error) = ended {
                tracing::debug!(%address, %error, "connection ended");
            },
            () = activity.overdue() => tracing::debug!(%address, "connection closed: its client did nothing in time"),
        }
    }
}

fn protocols(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HTTP1_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_WINDOW)
        .max_send_buf_size(HTTP1_BUFFER)
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.head);
    builder
}
