// SPDX-License-Identifier: MPL-2.0
//! What manifests have no words for, and what cannot be read of a DRM system's data.

use cenc_types::Scheme;

use super::System;

/// Errors of the signaling layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// HLS names no METHOD for the scheme.
    #[error("HLS has no METHOD for the scheme {0}: protect with cenc or cbcs")]
    NoHlsMethod(Scheme),
    /// The system's clients know one scheme.
    #[error("{} does not play the scheme {scheme}: protect with {only}", system.name())]
    SchemeOfSystem {
        /// The system.
        system: System,
        /// The scheme of the content.
        scheme: Scheme,
        /// The one that they know.
        only: Scheme,
    },
    /// The PlayReady Header or Object cannot say what it is to say.
    #[error("PlayReady Header: {0}")]
    PlayReady(#[from] playready_header::Error),
    /// More KIDs or data than a box can count.
    #[error("the pssh box outgrows its 32-bit counts: name fewer keys")]
    BoxTooLarge,
    /// Widevine's data is no message.
    #[error("the data is no Widevine message: take the box as the licence server gives it")]
    WidevineMessage,
    /// Widevine's data names a key by other than 16 bytes.
    #[error("the Widevine data has a KID of {0} bytes, not 16")]
    WidevineKeyId(usize),
}
