// SPDX-License-Identifier: MPL-2.0
//! SPEKE 1.0, 2.0 and 2.1 and plain CPIX, without HTTP and without a store: reads a document that requests keys, and writes the same
//! document with keys and signaling.
//!
//! The response is the request with its placeholders filled. Comments, unknown elements, their order and white space stay as they
//! are, byte for byte.

mod contract;
mod edits;
mod error;
mod fill;
mod request;
mod settings;
mod signals;

use cenc_types::{ContentKey, KeyId};
pub use error::Error;
pub use request::{Protocol, SpekeRequest};
pub use settings::HeaderSettings;

/// The key of a response for a key of a request.
#[derive(Clone, Copy)]
pub struct ResponseKey<'k> {
    /// Its KID, which may differ from the one in the request.
    pub kid: KeyId,
    /// The key.
    pub key: &'k ContentKey,
}

#[cfg(test)]
mod tests;
