// SPDX-License-Identifier: MPL-2.0
//! Encryptor and decryptor on streams built by hand and on the shared vectors. Independent readers and decryptors check the
//! results.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod allocations;
mod decryption;
mod descriptions;
mod streams;
