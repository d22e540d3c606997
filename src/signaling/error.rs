// SPDX-License-Identifier: MPL-2.0
//! What a manifest format has no words for.

use crate::cenc::Scheme;

/// Errors of the signaling layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// HLS names no METHOD for the scheme.
    #[error("HLS has no METHOD for the scheme {0}: protect with cenc or cbcs")]
    NoHlsMethod(Scheme),
}
