// SPDX-License-Identifier: MPL-2.0
//! Errors of the SPEKE client. No variant holds a key, a password or a token.

use cenc_types::{KeyId, Scheme};
use cpix::EncryptionScheme;
use key_http_client::Error as HttpError;

use crate::error::scheme_remedy;

/// Errors of SPEKE.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is malformed.
    #[error(
        "cannot use the key server's address: {0}; give speke+https://HOST/PATH, with speke-version=1.0, 2.0 or 2.1, \
         speke-auth-file=/PATH and others as parameters"
    )]
    BadUri(&'static str),
    /// The server cannot be reached, or refuses the request.
    #[error("key server: {0}")]
    Http(#[from] HttpError),
    /// The request is invalid, or this version of SPEKE cannot express it.
    #[error("cannot request keys of the key server: {0}")]
    Request(&'static str),
    /// A name of tracks that SPEKE's encryption contract does not have.
    #[error(
        "unknown tracks '{0}': use ALL, or VIDEO, SD, HD, HD1, HD2, UHD, UHD1, UHD2 (joined by +), AUDIO, STEREO_AUDIO, \
         MULTICHANNEL_AUDIO, MULTICHANNEL_AUDIO_3_6, MULTICHANNEL_AUDIO_7"
    )]
    Label(String),
    /// Tracks that no selector of a key ring describes.
    #[error(
        "no selector describes the tracks '{0}': use ALL, VIDEO, AUDIO, SD, HD, UHD, UHD1 or UHD2"
    )]
    NoSelector(String),
    /// The response is not a usable document.
    #[error("the key server's answer: {0}")]
    Document(#[from] cpix::Error),
    /// A field of the response differs from the request.
    #[error("the key server's answer is for another request: its {0} differs")]
    Echo(&'static str),
    /// The response gives a key for another scheme.
    #[error(
        "the key server's answer gives KID {kid} for scheme {stated}, not {requested}: {}",
        scheme_remedy(stated, *requested)
    )]
    Scheme {
        /// The KID.
        kid: KeyId,
        /// The scheme in the answer.
        stated: EncryptionScheme,
        /// The requested scheme.
        requested: Scheme,
    },
    /// The response has no key for some tracks.
    #[error("the key server's answer has no key for the tracks '{0}'")]
    NoKey(String),
    /// The response gives tracks a KID that was requested for others.
    #[error(
        "the key server's answer gives the tracks '{0}' the KID that was requested for other tracks; nothing of the answer is used"
    )]
    Swapped(String),
    /// The signaling does not fit the key.
    #[error("the key server's signaling for KID {kid}: {reason}; nothing of the answer is used")]
    Signaling {
        /// The key.
        kid: KeyId,
        /// The part that does not fit.
        reason: &'static str,
    },
}

impl Error {
    /// Returns true if a later request may succeed.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Http(error) => error.is_temporary(),
            _ => false,
        }
    }
}
