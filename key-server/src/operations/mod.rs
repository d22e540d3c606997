// SPDX-License-Identifier: MPL-2.0
//! What the page, the API and the command line do with a key store, each by its own means of talking: no HTTP and no command line
//! here.

mod content;
pub mod cpix_documents;
mod error;
pub mod kid;
pub mod new_key;
pub mod preview;
pub mod rotation;
#[cfg(test)]
pub(crate) mod test_store;
pub mod timeline;

pub use error::Error;
