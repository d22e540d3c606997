// SPDX-License-Identifier: MPL-2.0
//! Where content keys come from, and which key is whose.
//!
//! A source (one key given directly, a key seed, a `.keys` file, a SPEKE server) is a [`KeyProvider`], which gives the [`KeyRing`]
//! of each crypto period. [`KeySchedule`] asks it ahead on a thread of its own; on the streaming thread [`KeyRing::select`] is all
//! that runs.

mod cpix_file;
mod error;
mod file;
mod provider;
mod request;
mod ring;
mod schedule;
mod seed;
mod selector;
#[cfg(feature = "speke")]
pub mod speke;
#[cfg(feature = "speke")]
mod speke_keys;

pub use cpix_file::CpixFile;
pub use error::{Error, LineError};
pub use file::KeyFile;
pub use provider::{FixedKeys, KeyProvider, PeriodKeys, Rules};
pub use request::{ContentRequest, load, open_file};
pub use ring::{Entry, KeyRing};
pub use schedule::{Failure, KeySchedule};
pub use seed::{SeedKeys, period_kid};
pub use selector::Selector;
#[cfg(feature = "speke")]
pub use speke_keys::SpekeKeys;
