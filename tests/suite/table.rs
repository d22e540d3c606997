// SPDX-License-Identifier: MPL-2.0
//! Every legal combination of codec, scheme, container and place is run, and decryptors of other projects check it.
//!
//! A row is a codec. A column is a place in the pipeline with its container. Each cell runs under all schemes that are legal
//! in it. The judges are the tests' own reader with its own cipher and the oracle cencbox.py for every cell, and FFmpeg 8
//! and Shaka Packager for all cells except those that [`UNREAD`] lists with the reason. No file reader takes elementary
//! streams: they must equal the samples that `playreadyenc` writes under the same IVs, byte for byte.

mod cell;
mod elementary;
mod source;

use crate::media::{Audio, Video};
use crate::tools;
use cell::Judge;
use source::Source;

/// A codec: its name, its sample entry, the source of its streams, and the columns in which it occurs.
struct Row {
    codec: &'static str,
    entry: &'static str,
    source: Source,
    places: &'static [Place],
}

/// The place of the element, and the container of the stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// `playreadyenc` after a muxer.
    AfterMp4mux,
    AfterIsofmp4mux,
    AfterCmafmux,
    /// The same, with `flavor=piff`.
    AfterIsmlmux,
    /// A bin in the place of a muxer.
    Mp4muxBin,
    CmafmuxBin,
    /// `playreadyenc` after a fragmented file.
    Fragmented,
    /// `playreadyenc` in pull mode on a progressive file with `moov` at the end.
    Pulled,
    /// `playreadyenc` in push mode on a progressive file with `moov` in front.
    Pushed,
    /// `cencenc` on samples from qtdemux.
    Elementary,
}

use Place::{
    AfterCmafmux, AfterIsmlmux, AfterIsofmp4mux, AfterMp4mux, CmafmuxBin, Elementary, Fragmented,
    Mp4muxBin, Pulled, Pushed,
};

/// The places whose muxers, of GStreamer 1.22 and gst-plugin-fmp4 0.14, accept the codec.
const ANYWHERE: &[Place] = &[
    AfterMp4mux,
    AfterIsofmp4mux,
    AfterCmafmux,
    AfterIsmlmux,
    Mp4muxBin,
    CmafmuxBin,
    Fragmented,
    Pulled,
    Pushed,
    Elementary,
];
const NOT_ISML: &[Place] = &[
    AfterMp4mux,
    AfterIsofmp4mux,
    AfterCmafmux,
    Mp4muxBin,
    CmafmuxBin,
    Fragmented,
    Pulled,
    Pushed,
    Elementary,
];
const NOT_CMAF: &[Place] = &[
    AfterMp4mux,
    AfterIsofmp4mux,
    Mp4muxBin,
    Fragmented,
    Pulled,
    Pushed,
    Elementary,
];
const ONLY_MP4: &[Place] = &[
    AfterMp4mux,
    Mp4muxBin,
    Fragmented,
    Pulled,
    Pushed,
    Elementary,
];
const ONLY_ISO: &[Place] = &[AfterIsofmp4mux, Fragmented, Pulled, Pushed, Elementary];
const ISO_AND_CMAF: &[Place] = &[
    AfterIsofmp4mux,
    AfterCmafmux,
    CmafmuxBin,
    Fragmented,
    Pulled,
    Pushed,
    Elementary,
];
/// The places for a codec that no encoder, muxer or demuxer of GStreamer 1.22 supports.
const FILES: &[Place] = &[Fragmented, Pulled, Pushed];

#[rustfmt::skip]
const ROWS: [Row; 26] = [
    Row { codec: "AVC", entry: "avc1", source: Source::Video(Video::AvcSlicesAndBFrames), places: ANYWHERE },
    Row { codec: "AVC in band", entry: "avc3", source: Source::Video(Video::AvcInBand), places: NOT_ISML },
    Row { codec: "HEVC", entry: "hvc1", source: Source::Video(Video::Hevc), places: NOT_ISML },
    Row { codec: "HEVC in band", entry: "hev1", source: Source::Video(Video::HevcInBand), places: NOT_ISML },
    Row { codec: "AV1", entry: "av01", source: Source::Video(Video::Av1), places: ISO_AND_CMAF },
    Row { codec: "VP9", entry: "vp09", source: Source::Video(Video::Vp9), places: NOT_CMAF },
    Row { codec: "VP8", entry: "vp08", source: Source::Video(Video::Vp8), places: ONLY_ISO },
    Row { codec: "VVC", entry: "vvc1", source: Source::Vector("o-vvc-frag"), places: FILES },
    Row { codec: "Dolby AVC", entry: "dva1", source: Source::Relabelled(Video::Avc, b"avc1"), places: FILES },
    Row { codec: "Dolby AVC in band", entry: "dvav", source: Source::Relabelled(Video::AvcInBand, b"avc3"), places: FILES },
    Row { codec: "Dolby HEVC", entry: "dvh1", source: Source::Relabelled(Video::Hevc, b"hvc1"), places: FILES },
    Row { codec: "Dolby HEVC in band", entry: "dvhe", source: Source::Relabelled(Video::HevcInBand, b"hev1"), places: FILES },
    Row { codec: "Dolby AV1", entry: "dav1", source: Source::Relabelled(Video::Av1, b"av01"), places: FILES },
    Row { codec: "AAC", entry: "mp4a", source: Source::Audio(Audio::Aac), places: ANYWHERE },
    Row { codec: "AC-3", entry: "ac-3", source: Source::Audio(Audio::Ac3), places: ONLY_ISO },
    Row { codec: "E-AC-3", entry: "ec-3", source: Source::Audio(Audio::Eac3), places: ISO_AND_CMAF },
    Row { codec: "AC-4", entry: "ac-4", source: Source::Ac4, places: FILES },
    Row { codec: "Opus", entry: "Opus", source: Source::Audio(Audio::Opus), places: NOT_ISML },
    Row { codec: "FLAC", entry: "fLaC", source: Source::Audio(Audio::Flac), places: ONLY_ISO },
    Row { codec: "ALAC", entry: "alac", source: Source::Audio(Audio::Alac), places: ONLY_MP4 },
    Row { codec: "AVC of others", entry: "avc1", source: Source::Stream("o-es-avc"), places: FILES },
    Row { codec: "AVC of others", entry: "avc1", source: Source::Stream("o-es-avc4"), places: FILES },
    Row { codec: "HEVC of others", entry: "hev1", source: Source::Stream("o-es-hevc"), places: FILES },
    Row { codec: "VP9 of others", entry: "vp09", source: Source::Stream("o-es-vp9"), places: FILES },
    Row { codec: "AV1 of others", entry: "av01", source: Source::Stream("o-es-av1"), places: FILES },
    Row { codec: "MP3", entry: "mp4a", source: Source::Audio(Audio::Mp3), places: ONLY_MP4 },
];

/// The cells that a judge does not read. An empty list means all. `why` is the reason.
struct Unread {
    judge: Judge,
    codecs: &'static [&'static str],
    schemes: &'static [&'static str],
    places: &'static [Place],
    why: &'static str,
}

#[rustfmt::skip]
const UNREAD: [Unread; 9] = [
    Unread { judge: Judge::Ffmpeg8, codecs: &[], schemes: &[], places: &[AfterIsmlmux], why: "reads no PIFF" },
    Unread { judge: Judge::Ffmpeg8, codecs: &["AAC", "MP3", "Opus", "FLAC", "ALAC"], schemes: &["cens"], places: &[],
        why: "runs the counter over the partial block at the end of a sample, which whole blocks leave clear" },
    Unread { judge: Judge::Ffmpeg8, codecs: &["VP8"], schemes: &["cens", "cbcs"], places: &[],
        why: "has no pattern for samples without a subsample map" },
    Unread { judge: Judge::Ffmpeg8, codecs: &["AC-4"], schemes: &["cens", "cbcs"], places: &[],
        why: "refuses a subsample map without a pattern" },
    Unread { judge: Judge::Packager, codecs: &[], schemes: &[], places: &[AfterIsmlmux], why: "reads no PIFF" },
    Unread { judge: Judge::Packager, codecs: &[], schemes: &[], places: &[Pulled],
        why: "reads sample auxiliary information of fragments only" },
    Unread { judge: Judge::Packager, codecs: &["Dolby AVC", "Dolby AVC in band", "Dolby AV1", "VVC", "MP3"], schemes: &[], places: &[],
        why: "does not know the sample entry or object type" },
    Unread { judge: Judge::Packager, codecs: &["VP8"], schemes: &[], places: &[], why: "wants a vpcC, which GStreamer writes for VP9 only" },
    Unread { judge: Judge::Packager, codecs: &["AC-4"], schemes: &[], places: &[], why: "wants a dac4 that tells presentations" },
];

/// The cells that only the oracle reads, by codecs, scheme and places. FFmpeg and Shaka Packager each have a reason above.
#[rustfmt::skip]
const ONLY_THE_ORACLE: [(&[&str], &str, &[Place]); 7] = [
    (&["AVC", "AAC"], "cenc", &[AfterIsmlmux]),
    (&["AAC", "Opus", "FLAC", "ALAC"], "cens", &[Pulled]),
    (&["MP3"], "cens", ONLY_MP4),
    (&["VP8"], "cens", ONLY_ISO),
    (&["VP8"], "cbcs", ONLY_ISO),
    (&["AC-4"], "cens", FILES),
    (&["AC-4"], "cbcs", FILES),
];

/// The reason why a judge does not read a cell.
fn unread(judge: Judge, row: &Row, scheme: &str, place: Place) -> Option<&'static str> {
    let is = |unread: &&Unread| {
        let of_codec = unread.codecs.is_empty() || unread.codecs.contains(&row.codec);
        let of_scheme = unread.schemes.is_empty() || unread.schemes.contains(&scheme);
        let of_place = unread.places.is_empty() || unread.places.contains(&place);
        unread.judge == judge && of_codec && of_scheme && of_place
    };
    UNREAD.iter().find(is).map(|unread| unread.why)
}

/// Runs a column: each row that occurs in it, under each scheme.
fn column(place: Place, run: impl Fn(&Row) -> Vec<String>) {
    let mut faults = Vec::new();
    for row in ROWS.iter().filter(|row| row.places.contains(&place)) {
        if let Some(absent) = row.source.missing(place) {
            tools::skip(&format!("table: {} {place:?}", row.codec), &absent);
            continue;
        }
        faults.extend(run(row));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn files(place: Place) {
    column(place, |row| cell::files(row, place));
}

#[test]
fn cells_that_only_the_oracle_reads_are_named() {
    let cells = ROWS.iter().flat_map(|row| {
        let places = row.places.iter().filter(|place| **place != Elementary);
        places.flat_map(move |&place| {
            place
                .schemes()
                .iter()
                .map(move |&scheme| (row, scheme, place))
        })
    });
    for (row, scheme, place) in cells {
        let judges = [Judge::Ffmpeg8, Judge::Packager];
        let reads = |&judge: &Judge| unread(judge, row, scheme, place).is_none();
        let is_named = ONLY_THE_ORACLE.iter().any(|(codecs, named, places)| {
            codecs.contains(&row.codec) && *named == scheme && places.contains(&place)
        });
        let only = !judges.iter().any(reads);
        assert_eq!(only, is_named, "{} {scheme} {place:?}", row.codec);
    }
}

#[test]
fn after_mp4mux() {
    files(AfterMp4mux);
}

#[test]
fn after_isofmp4mux() {
    files(AfterIsofmp4mux);
}

#[test]
fn after_cmafmux() {
    files(AfterCmafmux);
}

#[test]
fn after_ismlmux_as_piff() {
    files(AfterIsmlmux);
}

#[test]
fn in_the_place_of_mp4mux() {
    files(Mp4muxBin);
}

#[test]
fn in_the_place_of_cmafmux() {
    files(CmafmuxBin);
}

#[test]
fn after_a_fragmented_file() {
    files(Fragmented);
}

#[test]
fn reading_a_progressive_file() {
    files(Pulled);
}

#[test]
fn after_a_progressive_stream() {
    files(Pushed);
}

#[test]
fn in_front_of_the_muxer() {
    column(Elementary, elementary::samples);
}
