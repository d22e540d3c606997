// SPDX-License-Identifier: MPL-2.0
//! Where content keys come from, and which key is whose.
//!
//! A source (one key given directly, a key seed, a `.keys` file) makes a [`KeyRing`] before the stream starts; while it runs,
//! [`KeyRing::select`] is all that is asked.

mod error;
mod file;
mod private;
mod ring;
mod selector;
#[cfg(feature = "store")]
pub mod store;

pub use error::Error;
pub use file::{load, load_or_create};
pub use ring::{Entry, KeyRing};
pub use selector::Selector;
