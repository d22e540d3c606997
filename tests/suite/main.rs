// SPDX-License-Identifier: MPL-2.0
//! The integration tests: real encoders, muxers and sinks around the plugin, and real decryptors behind it.
//!
//! Each tool that is absent, and ../shared where the repository stands alone, skips its tests by name on stderr.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[cfg(all(feature = "speke", feature = "sqlite"))]
use test_support::speke_peer;
use test_support::{
    boxes, decrypt, launch, layout, manifest, media, movie, remux, samples, scratch, timeline,
    tools,
};

// What the tests share.
/// The element and the keys that the tests share.
mod enc;
/// Tests that look into a pipeline.
mod in_process;
/// What comes out of a pipeline of one stream.
mod seen;

// The tests.
/// The bins of muxer and element.
mod bins;
/// A browser plays the element's files with the right keys only.
mod browser;
/// Elementary streams: protected as demuxed files are.
mod cencenc;
/// Every shared vector is used.
mod claims;
/// The way back: what cencenc, playreadyenc and others protected.
mod clearkeydec;
/// clearkeydec on MP4.
mod clearkeydec_mp4;
/// The commands, properties and dependencies in README.md and docs.
mod documents;
/// The examples of an encoder application, in C, Python and Rust.
mod encoder_examples;
/// What applications show of errors.
mod error_texts;
/// What goes wrong, and what it leaves behind.
mod errors;
/// Progressive files as streams.
mod faststart;
/// The examples with hlscmafsink.
mod hls;
/// Damaged and malicious files.
mod hostile;
/// What each file starts with, and its length.
mod house_rules;
/// Waits for keys, and what ends them.
mod key_waits;
/// Buffer lists, flags, times and caps.
mod lists;
/// A minute of a live pipeline.
mod live;
/// What the elements log.
mod logs;
/// Encoders, muxers and decryptors around the element.
mod matrix;
/// Keys that change, clear leads and protection that is switched.
mod periods;
/// PIFF 1.1 in place of Common Encryption.
mod piff;
/// The scripts in pipelines/.
mod pipelines;
/// What plain pipelines give downstream, item by item.
mod plain_pipelines;
/// Pull mode, where the element reads the file itself.
mod pull;
/// GStreamer's own demuxer behind the element.
mod qtdemux;
/// No key appears in a log.
mod secrets;
/// What the element tells of all DRM systems.
mod signaling;
/// Keys from CPIX files, stores and SPEKE servers, by key-uri.
#[cfg(all(feature = "speke", feature = "sqlite"))]
mod sources;
/// What an application sees of the element.
mod state;
/// The key store in SQLite and, with that feature, in PostgreSQL.
#[cfg(feature = "sqlite")]
mod store;
/// Codec, scheme, container and place, cell by cell.
mod table;
/// Text tracks, by selector.
mod text;
/// The shared vectors through the element.
mod vectors;
