// SPDX-License-Identifier: MPL-2.0
//! Keys out of CPIX documents and into them.

mod export;
mod import;

pub use export::{Export, Recipient, export};
pub use import::{Import, Imported, ImportedKey, import, private_key};

#[cfg(test)]
mod tests;
