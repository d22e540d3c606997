// SPDX-License-Identifier: MPL-2.0
//! Importing and exporting keys as CPIX documents.

mod export;
mod import;

pub use export::{Export, Recipient, export};
pub use import::{Import, Imported, ImportedKey, import, private_key};

#[cfg(test)]
mod tests;
