// SPDX-License-Identifier: MPL-2.0
//! Where content keys come from, and which key is whose.
//!
//! A source (one key given directly, a key seed, a `.keys` file, a SPEKE server) is a [`KeyProvider`], which gives the [`KeyRing`]
//! of each crypto period. [`KeySchedule`] asks it ahead on a thread of its own; on the streaming thread [`KeyRing::select`] is all
//! that runs.

mod error;
mod file;
#[cfg(feature = "handoff")]
pub mod handoff;
#[cfg(feature = "speke")]
mod http;
mod private;
mod provider;
mod ring;
mod schedule;
mod seed;
mod selector;
#[cfg(feature = "speke")]
pub mod speke;
#[cfg(feature = "store")]
pub mod store;

pub use error::{Error, LineError};
pub use file::{KeyFile, load};
#[cfg(feature = "speke")]
pub use http::Error as HttpError;
pub use provider::{FixedKeys, KeyProvider, PeriodKeys};
pub use ring::{Entry, KeyRing};
pub use schedule::KeySchedule;
pub use seed::{SeedKeys, period_kid};
pub use selector::Selector;
