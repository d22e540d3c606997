// SPDX-License-Identifier: MPL-2.0
//! What a key server has to know of SPEKE 1.0, 2.0 and 2.1 and of plain CPIX: a document that asks for keys comes in, the same
//! document with keys and signaling goes out. No HTTP and no store: see `serve`.
//!
//! The answer is the request with its placeholders filled: comments, unknown elements, their order and the space between them
//! stay as they are, byte for byte.

mod contract;
mod edits;
mod error;
mod fill;
mod request;
mod settings;
mod signals;

use cenc_types::{ContentKey, KeyId};
pub use error::Error;
pub use request::{Protocol, Request};
pub use settings::HeaderSettings;

/// A key that the store gives in answer to one of a request.
#[derive(Clone, Copy)]
pub struct Given<'k> {
    /// Its KID, which may be another than the one that was asked for.
    pub kid: KeyId,
    /// The key.
    pub key: &'k ContentKey,
}

#[cfg(test)]
mod tests;
