// SPDX-License-Identifier: MPL-2.0
//! The ciphers against the samples of other packagers, and what they allocate.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocations;
mod pairs;
