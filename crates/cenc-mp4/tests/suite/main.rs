// SPDX-License-Identifier: MPL-2.0
//! Encryptor and decryptor over streams built by hand and over the shared vectors, judged by independent readers and decryptors.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod allocations;
mod decryption;
mod streams;
