// SPDX-License-Identifier: MPL-2.0
//! libFuzzer's way into `fuzz_targets::text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::text(data));
