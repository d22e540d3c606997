// SPDX-License-Identifier: MPL-2.0
//! The integration tests, one module per subject, in one binary.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod playready;
