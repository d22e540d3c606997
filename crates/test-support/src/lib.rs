// SPDX-License-Identifier: MPL-2.0
//! What the tests of several crates share: readers and decryptors that are independent of the code they judge, builders of streams,
//! the shared vectors, programs under a time limit, and a clock that a test moves.
//!
//! The independent ones, which use neither `isobmff-boxes` nor `common-encryption`, are [`boxes`], [`decrypt`], [`fragments`],
//! [`layout`], [`movie`], [`stream`], [`stream_cipher`], [`tables`] and [`timeline`].
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// Boxes of the file format, by an own reader.
pub mod boxes;
/// Small fragmented streams built by hand.
pub mod build;
/// Fragmented streams that are long enough for threads.
pub mod build_long;
/// Progressive files built by hand.
pub mod build_progressive;
/// Certificates by OpenSSL.
pub mod certificate;
/// A stream that is protected under way.
pub mod channel;
mod clock;
/// An independent decryptor for the four schemes.
pub mod decrypt;
/// The library's decryptor over whole streams.
pub mod decrypted;
/// The library's encryptor over whole streams, under one key.
pub mod encrypted;
/// Samples of movie fragments.
pub mod fragments;
/// gst-launch-1.0 and other programs under a time limit.
pub mod launch;
/// Offsets and sizes that must agree in every protected file.
pub mod layout;
/// The list of the shared vectors.
pub mod manifest;
/// Variants of the same work, timed in turns.
pub mod measure;
/// Small real streams.
pub mod media;
/// Tracks and samples of a file.
pub mod movie;
/// Every sample of the shared pairs with its cipher's parameters.
pub mod pairs;
/// A PostgreSQL server for the tests.
#[cfg(feature = "postgres")]
pub mod postgres_server;
/// The library's encryptor over progressive files.
pub mod progressive;
/// What the databases of a store plan for a query.
pub mod query_plan;
/// Progressive files out of others.
pub mod remux;
/// Buffers that go through an element round and round.
#[cfg(feature = "gstreamer")]
pub mod ring;
/// Comparison of protected samples with clear ones.
pub mod samples;
/// A folder for each test.
pub mod scratch;
/// A SPEKE server of another hand.
pub mod speke_peer;
/// Another independent reader of fragmented MP4.
pub mod stream;
/// Its decryptor.
pub mod stream_cipher;
/// The samples that a progressive `moov` places.
pub mod tables;
/// Times, dependencies and groups of samples.
pub mod timeline;
/// Where the peers are.
pub mod tools;

pub use clock::ManualClock;
