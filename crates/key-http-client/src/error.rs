// SPDX-License-Identifier: MPL-2.0
//! Errors of requests. No variant holds a key, a password or a token.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Errors of the exchange with a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is malformed.
    #[error("cannot use the server's address: {0}")]
    Address(&'static str),
    /// The file of credentials cannot be read.
    #[error(transparent)]
    File(#[from] host_access::SecretFileError),
    /// A line of that file is malformed.
    #[error(
        "credentials file, line {line}: {reason}; a line is basic USER:PASSWORD, digest USER:PASSWORD, bearer TOKEN, \
         header NAME: VALUE, query NAME=VALUE, client-certificate /PATH or client-key /PATH"
    )]
    Credentials {
        /// The line, from 1; 0 for the whole file.
        line: usize,
        /// The fault of the line.
        reason: &'static str,
    },
    /// Certificates in PEM text cannot be used.
    #[error("certificates: {0}")]
    CertificateText(&'static str),
    /// The server has only addresses that are not public, such as this one.
    #[error("{0} is not a public address; allow such addresses with --allow-private-targets")]
    NotPublic(IpAddr),
    /// A file of certificates, or of a certificate's private key, cannot be used.
    #[error("{path}: {reason}", path = .path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The fault of the file.
        reason: &'static str,
    },
    /// A connection could not be made, or broke.
    #[error("server {server} cannot be reached (attempts: {attempts}): {cause}")]
    Unreachable {
        /// The server, masked.
        server: String,
        /// The number of attempts.
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
    /// The status of the response is not success.
    #[error("server {server} answers with status {status} (attempts: {attempts}): {text}")]
    Refused {
        /// The server, masked.
        server: String,
        /// The status of HTTP.
        status: u16,
        /// The number of attempts.
        attempts: u32,
        /// The start of the response's text, masked.
        text: String,
        /// The time after which the server allows another attempt.
        retry_after: Option<Duration>,
    },
    /// The response is too large.
    #[error("the server's answer is larger than 1 MiB")]
    TooLarge,
    /// The request was ended by [`super::Canceller`].
    #[error("the request was cancelled: its answer is no longer needed")]
    Cancelled,
    /// The system gives no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}

impl Error {
    /// Returns true if a later request may succeed.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => is_temporary_status(*status),
            _ => false,
        }
    }
}

/// Returns true for too many requests and for faults of the server.
pub(super) const fn is_temporary_status(status: u16) -> bool {
    status == 429 || (status >= 500 && status <= 599)
}
