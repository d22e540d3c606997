// SPDX-License-Identifier: MPL-2.0
//! Why a server was not reached or did not do what it was asked for. No variant holds a key, a password or a token.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Errors of the exchange with a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not understood.
    #[error("cannot use the server's address: {0}")]
    Address(&'static str),
    /// The file of credentials cannot be read.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
    /// A line of that file is not understood.
    #[error(
        "credentials file, line {line}: {reason}; a line is basic USER:PASSWORD, digest USER:PASSWORD, bearer TOKEN, \
         header NAME: VALUE, query NAME=VALUE, client-certificate /PATH or client-key /PATH"
    )]
    Credentials {
        /// The line, from 1; 0 for the whole file.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// PEM that was given as text cannot be used.
    #[error("certificates: {0}")]
    CertificateText(&'static str),
    /// The server has no public address, but this one.
    #[error("{0} is no public address; allow such ones with --allow-private-targets")]
    NotPublic(IpAddr),
    /// Certificates or the key of one cannot be used.
    #[error("{path}: {reason}", path = .path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// No connection, or none that lasted.
    #[error("server {server} cannot be reached (attempts: {attempts}): {cause}")]
    Unreachable {
        /// The server, masked.
        server: String,
        /// How often it was tried.
        attempts: u32,
        /// The last cause.
        cause: String,
    },
    /// The connection cannot be used: certificates, the protocol.
    #[error("server {server}: {cause}")]
    Connection {
        /// The server, masked.
        server: String,
        /// The cause.
        cause: String,
    },
    /// An answer of another status than success.
    #[error("server {server} answers with status {status} (attempts: {attempts}): {text}")]
    Refused {
        /// The server, masked.
        server: String,
        /// HTTP's status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// What the server says, cut and masked.
        text: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is too large.
    #[error("the server's answer is larger than 1 MiB")]
    TooLarge,
    /// There are no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}

impl Error {
    /// Whether asking again later may help.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => is_temporary_status(*status),
            _ => false,
        }
    }
}

/// Too many requests, or a fault of the server.
pub(super) const fn is_temporary_status(status: u16) -> bool {
    status == 429 || (status >= 500 && status <= 599)
}
