// SPDX-License-Identifier: MPL-2.0
//! Why a key server gave no keys. No variant holds a key, a password or a token.

use cenc_types::KeyId;

use key_http_client::Error as HttpError;

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
    /// The server cannot be reached, or refuses.
    #[error("key server: {0}")]
    Http(#[from] HttpError),
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
}

impl Error {
    /// Whether asking again later may help.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Http(error) => error.is_temporary(),
            _ => false,
        }
    }
}
