// SPDX-License-Identifier: MPL-2.0
//! Why keys cannot be handed over. No variant holds a key, a password or a token.

use key_http_client::Error as HttpError;

use crate::targets::TargetError;

/// What is wrong with a target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two targets have one name.
    #[error("two targets are called '{0}': give each a name of its own")]
    Twice(String),
    /// The name cannot be one.
    #[error("a target's name has 1 to 200 characters, none of them a control character")]
    Name(#[source] content_key_store::Error),
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The store did not give a target's settings.
    #[error(transparent)]
    Settings(#[from] TargetError),
    /// The timeout is out of range.
    #[error("target '{0}': its timeout is not 1 to 300 seconds")]
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
        /// What is wrong.
        source: HttpError,
    },
    /// Keys cannot be encrypted to its certificate.
    #[error("target '{target}': {source}")]
    Recipient {
        /// The target's name.
        target: String,
        /// What is wrong.
        source: cpix::Error,
    },
}

/// Why a push failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The key could not be had.
    #[error(transparent)]
    Store(#[from] content_key_store::Error),
    /// The document could not be made.
    #[error(transparent)]
    Document(#[from] cpix::Error),
    /// The target did not take it.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Failure {
    /// Whether another attempt is pointless: the target has answered and wants no such thing, or the key itself is at fault.
    pub(super) const fn is_final(&self) -> bool {
        match self {
            Self::Http(error) => {
                matches!(error, HttpError::Refused { .. }) && !error.is_temporary()
            }
            Self::Store(_) | Self::Document(_) => true,
        }
    }
}
