// SPDX-License-Identifier: MPL-2.0
//! The errors of deliveries. No variant holds a key, a password or a token.

use std::time::Duration;

use key_http_client::Error as HttpError;

use crate::targets::TargetError;

/// Errors of a target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two targets have one name.
    #[error("two targets are called '{0}': give each a name of its own")]
    Twice(String),
    /// The name is not valid.
    #[error("a target's name has 1 to 200 characters, none of them a control character")]
    Name(#[source] content_key_store::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The operating system starts no thread.
    #[error("no thread for a target: {0}; look at the limits of this process")]
    Thread(#[source] std::io::Error),
    /// The settings of a target cannot be read.
    #[error(transparent)]
    Settings(#[from] TargetError),
    /// The timeout is out of range.
    #[error("target '{0}': its timeout is not 1 to 300 seconds: change it")]
    Timeout(String),
    /// Clear keys would cross a network in the clear.
    #[error(
        "target '{0}': keys would cross the network in the clear; give it a certificate, or an https address"
    )]
    Open(String),
    /// Its address, credentials or certificates cannot be used.
    #[error("target '{target}': {source}")]
    Server {
        /// The target's name.
        target: String,
        /// The error.
        source: HttpError,
    },
    /// Keys cannot be encrypted to its certificate.
    #[error("target '{target}': {source}")]
    Recipient {
        /// The target's name.
        target: String,
        /// The error.
        source: cpix::Error,
    },
}

/// Errors of a push.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The key cannot be read.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The document cannot be made.
    #[error(transparent)]
    Document(#[from] cpix::Error),
    /// The target did not accept it.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Failure {
    /// True if another attempt is pointless: the target has refused the document, or the key itself is at fault.
    pub(super) const fn is_final(&self) -> bool {
        match self {
            Self::Http(error) => {
                matches!(error, HttpError::Refused { .. }) && !error.is_temporary()
            }
            Self::Store(_) | Self::Document(_) => true,
        }
    }

    /// Returns the wait that the target demands before the next attempt.
    pub(super) const fn demanded_wait(&self) -> Option<Duration> {
        match self {
            Self::Http(HttpError::Refused { retry_after, .. }) => *retry_after,
            Self::Http(_) | Self::Store(_) | Self::Document(_) => None,
        }
    }
}
