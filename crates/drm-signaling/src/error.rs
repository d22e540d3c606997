// SPDX-License-Identifier: MPL-2.0
//! Errors of signaling and of reading a DRM system's data.

use cenc_types::Scheme;

use super::System;

/// Errors of DRM signaling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// HLS has no METHOD for the scheme.
    #[error("HLS has no METHOD for the scheme {0}: protect with cenc or cbcs")]
    NoHlsMethod(Scheme),
    /// The system's clients play only another scheme.
    #[error("{} does not play the scheme {scheme}: protect with {only}", system.name())]
    SchemeOfSystem {
        /// The system.
        system: System,
        /// The scheme of the content.
        scheme: Scheme,
        /// The scheme that the clients play.
        only: Scheme,
    },
    /// The PlayReady Header or Object cannot express the content.
    #[error("PlayReady Header: {0}")]
    PlayReady(#[from] playready_header::Error),
    /// The `pssh` box has too many KIDs or too much data for its 32-bit counts.
    #[error("the pssh box outgrows its 32-bit counts: name fewer keys")]
    BoxTooLarge,
    /// The Widevine data is not a WidevinePsshData message.
    #[error("the data is not a Widevine message: take the box as the licence server gives it")]
    WidevineMessage,
    /// A KID in the Widevine data is not 16 bytes long.
    #[error("the Widevine data has a KID of {0} bytes, not 16")]
    WidevineKeyId(usize),
}
