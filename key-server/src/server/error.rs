// SPDX-License-Identifier: MPL-2.0
//! Errors of the start of the server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Reasons why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the runtime did not start: {0}")]
    Runtime(#[source] io::Error),
    #[error(
        "cannot listen on {address}: {source}; is another server there? choose another --listen"
    )]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(
        "{0} can be reached from other machines, and keys must not cross a network in the clear: give --tls-certificate and \
         --tls-key, or --tls-self-signed, or listen on 127.0.0.1"
    )]
    NeedsTls(SocketAddr),
    #[error("--client-ca needs TLS: give --tls-certificate and --tls-key, or --tls-self-signed")]
    ClientsNeedTls,
    #[error("signals cannot be waited for: {0}")]
    Signals(#[source] io::Error),
    #[error("{path}: {source}", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path} holds no PEM {what}", path = .path.display())]
    Pem { path: PathBuf, what: &'static str },
    #[error("certificate and key for TLS: {0}")]
    Tls(#[source] rustls::Error),
    #[error("--client-ca: {0}")]
    ClientCa(#[source] rustls::server::VerifierBuilderError),
    #[error("a self-signed certificate could not be made: {0}")]
    SelfSigned(#[source] rcgen::Error),
    #[error("--admin-token-file: {0}")]
    TokenFile(#[source] host_access::SecretFileError),
    #[error(transparent)]
    SecretFile(#[from] host_access::SecretFileError),
    #[error(transparent)]
    Source(#[from] content_keys::Error),
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    #[error(transparent)]
    Account(#[from] crate::accounts::AccountError),
    #[error("{0}")]
    Target(#[from] crate::delivery::Error),
}
