// SPDX-License-Identifier: MPL-2.0
//! Errors of the start of the server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Reasons why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime did not start.
    #[error("the runtime did not start: {0}")]
    Runtime(#[source] io::Error),
    /// The address cannot be used.
    #[error(
        "cannot listen on {address}: {source}; is another server there? choose another --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Other machines can reach the address, and there is no TLS.
    #[error(
        "{0} can be reached from other machines, and keys must not cross a network in the clear: give --tls-certificate and \
         --tls-key, or --tls-self-signed, or listen on 127.0.0.1"
    )]
    NeedsTls(SocketAddr),
    /// Client certificates need TLS.
    #[error("--client-ca needs TLS: give --tls-certificate and --tls-key, or --tls-self-signed")]
    ClientsNeedTls,
    /// The signals that stop the server cannot be received.
    #[error("signals cannot be waited for: {0}")]
    Signals(#[source] io::Error),
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file has no certificate or key.
    #[error("{path} holds no PEM {what}", path = .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// The missing part.
        what: &'static str,
    },
    /// The certificate does not fit the key, or TLS cannot use them.
    #[error("certificate and key for TLS: {0}")]
    Tls(#[source] rustls::Error),
    /// The certificates that sign those of clients cannot be used.
    #[error("--client-ca: {0}")]
    ClientCa(#[source] rustls::server::VerifierBuilderError),
    /// The self-signed certificate cannot be made.
    #[error("a self-signed certificate could not be made: {0}")]
    SelfSigned(#[source] rcgen::Error),
    /// The file of the administrator's token cannot be read.
    #[error("--admin-token-file: {0}")]
    TokenFile(#[source] host_access::SecretFileError),
    /// A file of a secret cannot be read.
    #[error(transparent)]
    SecretFile(#[from] host_access::SecretFileError),
    /// The address of the store is not valid.
    #[error(transparent)]
    Source(#[from] content_keys::Error),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The first account cannot be added.
    #[error(transparent)]
    Account(#[from] crate::accounts::AccountError),
    /// The targets cannot be used.
    #[error("{0}")]
    Target(#[from] crate::delivery::Error),
}
