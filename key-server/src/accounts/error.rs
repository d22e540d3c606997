// SPDX-License-Identifier: MPL-2.0
//! Errors of accounts and tokens. No variant holds a token.

use content_key_store::{Error as StoreError, RequestError};

use super::Role;

/// Errors of accounts and tokens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// A text is no role.
    #[error(
        "no such role: give viewer, operator, key-admin, auditor, license-server, packager or admin"
    )]
    BadRole,
    /// There is no such account.
    #[error("no account '{0}' in the store: check its name, or add it")]
    NoAccount(String),
    /// The change would leave the store without an administrator.
    #[error(
        "no administrator could sign in after this: give another account the role admin and a token first"
    )]
    LastAdmin,
    /// An account with a role for the whole store cannot be limited to contents.
    #[error(
        "an account with the role {} is for the whole store and cannot be limited to contents: take the role away, or give no contents",
        .0.name()
    )]
    WholeStore(Role),
    /// Another account signs in with the certificate.
    #[error("account '{0}' signs in with this certificate: give each account one of its own")]
    CertificateTaken(String),
    /// There is no such token.
    #[error("no token with this id in the store: give the id that the list of tokens shows")]
    NoToken,
    /// A token is too short or cannot be sent.
    #[error("a token has 32 to 1024 visible ASCII characters: use a password generator")]
    BadToken,
    /// A token belongs to another account.
    #[error("the token belongs to another account: give another one")]
    TokenTaken,
    /// The token was revoked or has expired.
    #[error("the token was revoked or has expired: make another")]
    TokenEnded,
    /// There are no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
    /// The store refused the change, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RequestError for AccountError {
    fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_temporary())
    }
}
