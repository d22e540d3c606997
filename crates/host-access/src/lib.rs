// SPDX-License-Identifier: MPL-2.0
//! Access of the libraries to the machine: the time, random bytes and files of secrets.
//!
//! ```
//! use host_access::Host;
//!
//! let host = Host::system();
//! let mut nonce = [0; 16];
//! host.random.fill(&mut nonce)?;
//! // 2020-01-01.
//! assert!(host.clock.since_1970().as_secs() > 1_577_836_800);
//! # Ok::<(), host_access::RandomError>(())
//! ```
//!
//! Library crates use no globals for these. Their callers pass a [`Host`]: a program passes [`Host::system`], a test may pass one
//! whose clock runs a day in a second and whose random bytes repeat.

mod clock;
mod error;
mod files;
mod guarded_clock;
mod host;
mod random;
mod secret_text;
mod text;

pub use clock::{Clock, SystemClock};
pub use error::SecretFileError;
pub use files::{SecretFiles, SystemFiles, open_regular_file, read_regular_file};
pub use guarded_clock::{ClockJump, GuardedClock};
pub use host::Host;
pub use random::{Random, RandomError, SystemRandom};
pub use secret_text::push_hex;
pub use text::{decode_text, decode_utf16};
