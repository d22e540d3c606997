// SPDX-License-Identifier: MPL-2.0
//! Supports the tests of several crates: readers and decryptors that are independent of the tested code, builders of
//! streams, the shared vectors, external programs under a time limit, and a clock that tests control.
//!
//! The independent ones, which use neither `isobmff-boxes` nor `common-encryption`, are [`boxes`], [`decrypt`], [`fragments`],
//! [`layout`], [`movie`], [`stream`], [`stream_cipher`], [`tables`] and [`timeline`].
#![warn(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// An independent reader of boxes.
pub mod boxes;
/// Builders of small fragmented streams.
pub mod build;
/// Builders of fragmented streams that are long enough for threads.
pub mod build_long;
/// Builders of fragments with pictures.
pub mod build_pictures;
/// Builders of progressive files.
pub mod build_progressive;
/// Certificates made with OpenSSL.
pub mod certificate;
/// A stream that is protected fragment by fragment.
pub mod channel;
mod clock;
/// Cues of SCTE 35, and event messages with them.
pub mod cues;
/// Files that are cut into segments.
pub mod cut;
/// The schema of MPDs.
pub mod dash_schema;
/// An independent decryptor for the four schemes.
pub mod decrypt;
/// The library's decryptor over whole streams.
pub mod decrypted;
/// Servers of the tests in other languages.
pub mod document_server;
/// The library's encryptor over whole streams, under one key.
pub mod encrypted;
/// Samples of movie fragments.
pub mod fragments;
/// Samples of all codecs with headers, and the ranges that other tools found in them.
pub mod header_vectors;
/// The IVs of the files that all tests make.
pub mod iv_ledger;
/// gst-launch-1.0 and other programs under a time limit.
pub mod launch;
/// Offsets and sizes that must agree in every protected file.
pub mod layout;
/// The list of the shared vectors.
pub mod manifest;
/// Variants of one operation, timed alternately.
pub mod measure;
/// Small real streams.
pub mod media;
/// A reader of progressive and fragmented files.
pub mod movie;
/// Boxes and NAL units that are changed by a fixed seed, and the search for clear media.
pub mod mutations;
/// Every sample of the shared pairs with its cipher's parameters.
pub mod pairs;
/// A PostgreSQL server for the tests.
#[cfg(feature = "postgres")]
pub mod pgbouncer;
/// Players in a browser.
pub mod players;
#[cfg(feature = "postgres")]
pub mod postgres_server;
/// The library's encryptor over progressive files.
pub mod progressive;
/// A reader of SQLite's query plans.
pub mod query_plan;
/// Progressive files made from fragmented ones.
pub mod remux;
/// Buffers that pass an element again and again.
#[cfg(feature = "gstreamer")]
pub mod ring;
/// Comparison of protected samples with clear ones.
pub mod samples;
/// A folder for each test.
pub mod scratch;
/// Programs that run while a test does.
#[cfg(feature = "postgres")]
mod service;
/// An independent SPEKE server.
pub mod speke_peer;
/// A second, independent reader of fragmented streams only.
pub mod stream;
/// The decryptor of the samples that [`stream`] reads.
pub mod stream_cipher;
/// The samples that a progressive `moov` places.
pub mod tables;
/// Times, dependencies and groups of samples.
pub mod timeline;
/// The paths of external tools and vectors.
pub mod tools;

pub use clock::ManualClock;
