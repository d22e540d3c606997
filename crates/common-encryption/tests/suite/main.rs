// SPDX-License-Identifier: MPL-2.0
//! Compares the ciphers with the samples of other packagers, and counts their allocations.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocations;
mod pairs;
