// SPDX-License-Identifier: MPL-2.0
//! What the libraries take from the operating system, and are passed instead of reaching for it.

pub mod secret_file;
mod wall_clock;

pub use secret_file::SecretFileError;
pub use wall_clock::WallClock;
