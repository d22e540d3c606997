// SPDX-License-Identifier: MPL-2.0
//! The integration tests: real encoders, muxers and sinks around the plugin, and real decryptors for its output.
//!
//! Without a tool, or without ../shared, the tests that need it are skipped, and stderr names them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[cfg(all(feature = "speke", feature = "sqlite"))]
use test_support::speke_peer;
use test_support::{
    boxes, decrypt, iv_ledger, launch, layout, manifest, media, movie, remux, samples, scratch,
    timeline, tools,
};

// Modules that the tests share.
/// An element between two pads of a test.
mod between;
/// The element and the keys that the tests share.
mod enc;
/// Tests that look into a pipeline.
mod in_process;
/// An element between pads of a test.
mod line;
/// The output of a pipeline of one stream.
mod seen;

// The tests.
/// The bins of muxer and element.
mod bins;
/// A browser plays the element's files with the right keys only.
mod browser;
/// Elementary streams: protected as demuxed files are.
mod cencenc;
/// Changes of caps in the middle of a stream, and seeks.
mod changes;
/// A check that every shared vector is used.
mod claims;
/// Decryption of the output of cencenc, playreadyenc and other tools.
mod clearkeydec;
/// clearkeydec on MP4.
mod clearkeydec_mp4;
/// Each element under the conditions of real pipelines.
mod conditions;
/// The constant IV of cbcs, and packagers that agree on it.
#[cfg(all(feature = "speke", feature = "sqlite"))]
mod constant_ivs;
/// Cues of SCTE 35 and the action `switch-at`.
mod cues;
/// Keys that the application gives clearkeydec.
mod decryption_keys;
/// The commands, properties and dependencies in README.md and docs/.
mod documents;
/// Leaf licences in fragments.
mod embedded;
/// The examples of an encoder application, in C, Python and Rust.
mod encoder_examples;
/// The error texts that applications show.
mod error_texts;
/// Failures, and the files that they leave.
mod errors;
/// Progressive files as streams.
mod faststart;
/// The shared files of phones, editors and other packagers.
mod field_cases;
/// What downstream returns, and the events around each stream.
mod flows;
/// The examples with hlscmafsink.
mod hls;
/// Damaged and malicious files.
mod hostile;
/// The first lines of each file, and its length.
mod house_rules;
/// The examples of applications that give keys, in C and Python.
mod key_applications;
mod key_change;
/// Waits for keys, and the events that end them.
mod key_waits;
/// Ranges of key frames for I-frame playlists.
mod keyframe_meta;
/// Properties that are set while a stream runs.
mod late_settings;
/// Clear leads through qtdemux.
mod leads;
/// Buffer lists, flags, times and caps.
mod lists;
/// A minute of a live pipeline.
mod live;
/// The elements' log messages.
mod logs;
/// Encoders, muxers and decryptors around the element.
mod matrix;
/// Damaged and unusual structures, by fixed seeds.
mod mutations;
/// The examples that store a live channel on an HTTP origin, in Python and Rust.
mod origin_examples;
/// Keys that change, clear leads and protection that is switched.
mod periods;
/// PIFF 1.1 in place of Common Encryption.
mod piff;
/// The scripts in pipelines/.
mod pipelines;
/// The output of plain pipelines, item by item.
mod plain_pipelines;
/// Pull mode, in which the element reads the file itself.
mod pull;
/// GStreamer's own demuxer after the element.
mod qtdemux;
/// A check that no key appears in a log.
mod secrets;
/// The signaling of all DRM systems.
mod signaling;
/// What `playreadysink` publishes.
mod sink;
/// Keys from CPIX files, stores and SPEKE servers, through key-uri.
#[cfg(all(feature = "speke", feature = "sqlite"))]
mod sources;
/// The element as an application sees it.
mod state;
/// The key store in SQLite and, if that feature is on, in PostgreSQL.
#[cfg(feature = "sqlite")]
mod store;
/// The table of codecs, schemes, containers and places, cell by cell.
mod table;
/// Text tracks, which a selector includes.
mod text;
/// The shared vectors through the element.
mod vectors;
