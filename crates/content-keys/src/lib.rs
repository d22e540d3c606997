// SPDX-License-Identifier: MPL-2.0
//! Where content keys come from, and which key is whose.
//!
//! A source (one key given directly, a key seed, a `.keys` file, a SPEKE server) is a [`KeyProvider`], which gives the [`KeyRing`]
//! of each crypto period. [`KeyPrefetcher`] asks it ahead on a thread of its own; on the streaming thread [`KeyRing::select`] is all
//! that runs.

mod cpix_file;
mod error;
mod file;
mod prefetcher;
mod provider;
mod request;
mod ring;
mod seed;
mod selector;
#[cfg(feature = "speke")]
pub mod speke;
#[cfg(feature = "speke")]
mod speke_keys;

pub use cpix_file::CpixFile;
pub use error::{Error, LineError};
pub use file::KeyFile;
pub use prefetcher::{KeyPrefetcher, PeriodFailure};
pub use provider::{FixedKeys, KeyProvider, PeriodKeys, PeriodRules};
pub use request::{ContentRequest, load_keys, open_key_file};
pub use ring::{KeyEntry, KeyRing};
pub use seed::{SeedKeys, period_kid};
pub use selector::Selector;
#[cfg(feature = "speke")]
pub use speke_keys::SpekeKeys;
