// SPDX-License-Identifier: MPL-2.0
//! The tasks on a key store that the pages, the REST interface and the command line share. This module contains no HTTP and
//! no command line.

mod content;
pub mod content_check;
pub mod cpix_documents;
mod error;
pub mod finding;
pub mod kid;
pub mod new_key;
pub mod preview;
pub mod rotation;
pub mod seed_check;
pub mod target_check;
#[cfg(test)]
pub(crate) mod test_store;
pub mod timeline;

pub use error::Error;
