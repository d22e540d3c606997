// SPDX-License-Identifier: MPL-2.0
//! Where content keys come from, and which key is whose.
//!
//! A source (one key given directly, a key seed, a `.keys` file, a SPEKE server) is a [`KeyProvider`], which gives the [`KeyRing`]
//! of each crypto period. [`KeySchedule`] asks it ahead on a thread of its own; on the streaming thread [`KeyRing::select`] is all
//! that runs.

mod cpix_file;
mod error;
mod file;
#[cfg(feature = "handoff")]
pub mod handoff;
#[cfg(feature = "speke")]
mod http;
mod open;
mod private;
mod provider;
mod ring;
mod schedule;
mod seed;
mod selector;
#[cfg(feature = "speke")]
pub mod speke;
#[cfg(feature = "speke")]
mod speke_keys;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "store")]
mod store_address;
#[cfg(feature = "store")]
mod store_keys;
mod wall_clock;

pub use cpix_file::CpixFile;
pub use error::{Error, LineError};
pub use file::KeyFile;
#[cfg(feature = "speke")]
pub use http::Error as HttpError;
pub use open::{ContentRequest, load, open};
pub use private::read as read_private;
pub use provider::{FixedKeys, KeyProvider, PeriodKeys, Rules};
pub use ring::{Entry, KeyRing};
pub use schedule::{Failure, KeySchedule};
pub use seed::{SeedKeys, period_kid};
pub use selector::Selector;
#[cfg(feature = "store")]
pub use store_address::store_address;
pub use wall_clock::WallClock;
