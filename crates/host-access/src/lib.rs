// SPDX-License-Identifier: MPL-2.0
//! What the libraries need of the machine they run on: the time, random bytes and files of secrets.
//!
//! Library crates take nothing of it from globals. Whoever uses them passes a [`Host`]: a program [`Host::system`], a test one
//! with a clock that runs a day in a second and random bytes that repeat.

mod clock;
mod error;
mod files;
mod host;
mod random;
mod secret_text;

pub use clock::{Clock, SystemClock};
pub use error::SecretFileError;
pub use files::{SecretFiles, SystemFiles};
pub use host::Host;
pub use random::{Random, RandomError, SystemRandom};
pub use secret_text::push_hex;
