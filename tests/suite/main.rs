// SPDX-License-Identifier: MPL-2.0
//! The integration tests, one module per subject, in one binary.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod architecture;
mod boxes;
mod codec_ranges;
mod fuzz_replay;
mod mp4_stream;
mod playready;
