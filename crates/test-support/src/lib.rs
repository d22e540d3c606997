// SPDX-License-Identifier: MPL-2.0
//! What the tests of several crates share.

mod clock;
pub mod query_plan;

pub use clock::ManualClock;
