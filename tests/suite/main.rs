// SPDX-License-Identifier: MPL-2.0
//! The integration tests: real encoders, muxers and sinks around the plugin, and real decryptors behind it.
//!
//! Each tool that is absent, and ../shared where the repository stands alone, skips its tests by name on stderr.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

// What the tests share.
/// Boxes of the file format, by an own reader.
mod boxes;
/// An independent decryptor for the four schemes.
mod decrypt;
/// The element and the keys that the tests share.
mod enc;
/// Samples of movie fragments.
mod fragments;
/// Tests that look into a pipeline.
mod in_process;
/// gst-launch-1.0 and other programs under a time limit.
mod launch;
/// Offsets and sizes that must agree in every protected file.
mod layout;
/// The list of the shared vectors.
mod manifest;
/// Small real streams.
mod media;
/// Tracks and samples of a file.
mod movie;
/// Every sample of the shared pairs with its cipher's parameters.
mod pairs;
/// Progressive files out of others.
mod remux;
/// Comparison of protected samples with clear ones.
mod samples;
/// A folder for each test.
mod scratch;
/// What comes out of a pipeline of one stream.
mod seen;
/// Times, dependencies and groups of samples.
mod timeline;
/// Where the peers are.
mod tools;

// The tests.
/// What each file starts with, and its length.
mod architecture;
/// The bins of muxer and element.
mod bins;
/// A browser plays the element's files with the right keys only.
mod browser;
/// Elementary streams: protected as demuxed files are.
mod cencenc;
/// Every shared vector is used.
mod claims;
/// The way back on MP4, as a library.
mod clear_mp4;
/// The way back: what cencenc, playreadyenc and others protected.
mod clearkeydec;
/// clearkeydec on MP4.
mod clearkeydec_mp4;
/// Slice data of AVC and HEVC, as other packagers found it.
mod codec_ranges;
/// CPIX documents of other hands, and ours before other readers.
mod cpix;
/// What applications show of errors.
mod error_texts;
/// What goes wrong, and what it leaves behind.
mod errors;
/// Progressive files as streams.
mod faststart;
/// The fuzz targets over their corpus.
mod fuzz_replay;
/// The examples with hlscmafsink.
mod hls;
/// Damaged and malicious files.
mod hostile;
/// Buffer lists, flags, times and caps.
mod lists;
/// A minute of a live pipeline.
mod live;
/// What the elements log.
mod logs;
/// Encoders, muxers and decryptors around the element.
mod matrix;
/// The packager over streams built by hand.
mod mp4_stream;
/// Keys that change, clear leads and protection that is switched.
mod periods;
/// PIFF 1.1 in place of Common Encryption.
mod piff;
/// The scripts in pipelines/.
mod pipelines;
/// What plain pipelines give downstream, item by item.
mod plain_pipelines;
/// PlayReady headers, objects, checksums and key seeds of other hands.
mod playready;
/// Pull mode, where the element reads the file itself.
mod pull;
/// GStreamer's own demuxer behind the element.
mod qtdemux;
/// The README's commands and properties.
mod readme;
/// Every shared pair against this reader and decryptor, before they judge the plugin.
mod reference;
/// No key appears in a log.
mod secrets;
/// Boxes and manifest texts of all DRM systems.
mod signaling;
/// Keys from CPIX files, stores and SPEKE servers, by key-uri.
#[cfg(all(feature = "speke", feature = "sqlite"))]
mod sources;
/// Keys from a key server.
#[cfg(feature = "speke")]
mod speke;
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
