// SPDX-License-Identifier: MPL-2.0
//! Why a key server gave no keys. No variant holds a key, a password or a token.

use std::path::PathBuf;

use crate::cenc::KeyId;
use crate::{cpix, keys};

/// Errors of SPEKE.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not understood.
    #[error(
        "cannot use the key server's address: {0}; give speke+https://HOST/PATH, with speke-version=1.0, 2.0 or 2.1, \
         speke-auth-file=/PATH and others as parameters"
    )]
    BadUri(&'static str),
    /// The file of credentials cannot be read.
    #[error(transparent)]
    File(#[from] keys::Error),
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
    /// Certificates or the key of one cannot be used.
    #[error("{path}: {reason}", path = .path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// What is asked cannot be said in this version, or at all.
    #[error("cannot ask the key server: {0}")]
    Request(&'static str),
    /// A name of tracks that is none of the encryption contract.
    #[error(
        "unknown tracks '{0}': use ALL, or VIDEO, SD, HD, HD1, HD2, UHD, UHD1, UHD2 (joined by +), AUDIO, STEREO_AUDIO, \
         MULTICHANNEL_AUDIO, MULTICHANNEL_AUDIO_3_6, MULTICHANNEL_AUDIO_7"
    )]
    Label(String),
    /// Tracks that no selector of a key ring describes.
    #[error(
        "tracks '{0}' cannot be told by a selector: use ALL, VIDEO, AUDIO, SD, HD, UHD, UHD1 or UHD2"
    )]
    NoSelector(String),
    /// No connection, or none that lasted.
    #[error("key server {server} cannot be reached (attempts: {attempts}): {cause}")]
    Unreachable {
        /// The server, masked.
        server: String,
        /// How often it was tried.
        attempts: u32,
        /// The last cause.
        cause: String,
    },
    /// The connection cannot be used: certificates, the protocol.
    #[error("key server {server}: {cause}")]
    Connection {
        /// The server, masked.
        server: String,
        /// The cause.
        cause: String,
    },
    /// An answer of another status than 200.
    #[error("key server {server} answers with status {status} (attempts: {attempts}): {text}")]
    Refused {
        /// The server, masked.
        server: String,
        /// HTTP's status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// What the server says, cut and masked.
        text: String,
    },
    /// The answer is too large.
    #[error("the key server's answer is larger than 1 MiB")]
    TooLarge,
    /// The answer is no document that can be used.
    #[error("the key server's answer: {0}")]
    Document(#[from] cpix::Error),
    /// Something did not come back as it was sent.
    #[error("the key server's answer is for another request: its {0} differs")]
    Echo(&'static str),
    /// Tracks without a key.
    #[error("the key server's answer has no key for the tracks '{0}'")]
    NoKey(String),
    /// Signaling that does not fit the key.
    #[error("the key server's signaling for KID {kid}: {reason}; nothing of the answer is used")]
    Signaling {
        /// The key.
        kid: KeyId,
        /// What does not fit.
        reason: &'static str,
    },
    /// The operating system has no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Generator(#[from] getrandom::Error),
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
