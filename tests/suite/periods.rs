// SPDX-License-Identifier: MPL-2.0
//! Crypto periods, clear leads and protection that is switched while the stream runs.

mod asked;
mod back;
mod elementary;
mod redundant;
mod states;

use std::collections::BTreeSet;
use std::path::Path;

use crate::boxes::{Bx, top_level};
use crate::decrypt::Keys;
use crate::enc;
use crate::launch::{self, Run};
use crate::media::{Audio, CMAFMUX, FASTSTART, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::movie::{Movie, Track};
use crate::samples::Twin;
use crate::scratch::Scratch;
use crate::tools::skip;

const CHUNKED_ISOFMP4MUX: &str =
    "isofmp4mux fragment-duration=1000000000 chunk-duration=200000000 send-force-keyunit=false";
const SECOND: u64 = 1_000_000_000;
const PERIODS: u8 = 8;

/// KID and key of a crypto period, in hex.
pub fn key_of(period: u8, track: u8) -> [String; 2] {
    [0x10, 0x50].map(|mark| format!("{mark:02x}{track:02x}{period:02x}").repeat(5) + "aa")
}

/// The KID of the picture in a crypto period.
pub fn kid_of_picture(period: u8) -> String {
    let [kid, _] = key_of(period, 0);
    kid
}

/// A key file with a key for video and one for audio in each period.
pub fn key_file(folder: &Scratch) -> String {
    let lines = (0..PERIODS).flat_map(|period| {
        ["video", "audio"]
            .into_iter()
            .zip(0..)
            .map(move |(selector, track)| {
                let [kid, key] = key_of(period, track);
                format!("{selector}@{period} {kid} {key}\n")
            })
    });
    let file = folder.write_secret("periods.keys", &lines.collect::<String>());
    format!("key-uri=file://{}", file.display())
}

pub fn all_keys() -> Keys {
    let tracks = (0..PERIODS).flat_map(|period| [0, 1].map(|track| key_of(period, track)));
    tracks.fold(Keys::default(), |keys, [kid, key]| keys.with(&kid, &key))
}

/// Protects three seconds of picture and sound from a muxer and returns the file. None without the muxer.
fn protected(recipe: &Recipe, element: &str, folder: &Scratch) -> Option<Movie> {
    if let Some(element) = recipe.missing() {
        skip(
            &format!("crypto periods after {}", recipe.muxer),
            &format!("no {element}"),
        );
        return None;
    }
    let file = folder.join("protected.mp4");
    let tail = format!("{element} ! filesink location={}", file.display());
    launch::pipeline(&recipe.pipeline(&tail)).succeeded();
    Some(Movie::open(&file))
}

fn twin<'a>(clear: &'a Path, protected: &'a Path) -> Twin<'a> {
    Twin {
        clear,
        protected,
        keys: all_keys(),
    }
}

/// The period of each sample, which its KID shows. None for a clear sample.
fn periods(track: &Track) -> Vec<Option<u8>> {
    let samples = track.samples.iter();
    samples
        .map(|sample| Some(sample.protection.as_ref()?.rules.kid[2]))
        .collect()
}

/// The samples at which the period of a track changes.
pub fn changes(track: &Track) -> Vec<(usize, Option<u8>)> {
    let periods = periods(track);
    let mut changes: Vec<(usize, Option<u8>)> = periods.into_iter().enumerate().collect();
    changes.dedup_by_key(|(_, period)| *period);
    changes
}

fn moofs(movie: &Movie) -> Vec<Bx<'_>> {
    let mut boxes = top_level(&movie.file);
    boxes.retain(|piece| &piece.kind == b"moof");
    boxes
}

#[test]
fn keys_change_with_every_fragment_after_every_muxer() {
    for (muxer, scheme, video, audio) in [
        (MP4MUX, "cenc", Video::Avc, Audio::Aac),
        (MP4MUX, "cens", Video::Avc, Audio::Aac),
        (MP4MUX, "cbc1", Video::AvcInBand, Audio::Opus),
        (ISOFMP4MUX, "cbcs", Video::Avc, Audio::Aac),
        (ISOFMP4MUX, "cenc", Video::Hevc, Audio::Aac),
        (CHUNKED_ISOFMP4MUX, "cenc", Video::Avc, Audio::Aac),
        (CMAFMUX, "cbcs", Video::Avc, Audio::None),
        (CMAFMUX, "cenc", Video::None, Audio::Aac),
    ] {
        let folder = Scratch::new("periods");
        let recipe = Recipe::new(muxer, video, audio);
        let keys = key_file(&folder);
        let element = format!("playreadyenc scheme={scheme} crypto-period={SECOND} {keys}");
        let Some(movie) = protected(&recipe, &element, &folder) else {
            continue;
        };
        let twin_file = folder.join("protected.mp4");
        let clear = recipe.clear();
        twin(&clear, &twin_file).check_own();
        twin(&clear, &twin_file).check_cencbox();
        for track in &movie.tracks {
            let order: Vec<_> = changes(track)
                .into_iter()
                .map(|(_, period)| period)
                .collect();
            assert_eq!(
                order,
                [Some(0), Some(1), Some(2)],
                "{muxer} {scheme} {}",
                track.id
            );
        }
        let picture = movie.tracks.iter().find(|track| &track.handler == b"vide");
        let starts = picture.map(|track| changes(track).into_iter().map(|(at, _)| at).collect());
        assert!(
            starts.is_none_or(|starts: Vec<_>| starts == [0, 25, 50]),
            "{muxer}"
        );
    }
}

// This is the layout that the readers of GStreamer and GPAC expect: ../shared/spec/gstreamer.md, B1.
#[test]
fn a_fragment_under_another_key_says_so_itself() {
    let folder = Scratch::new("periods");
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let element = format!("playreadyenc crypto-period={SECOND} {}", key_file(&folder));
    let movie = protected(&recipe, &element, &folder).unwrap();
    let moofs = moofs(&movie);
    assert_eq!(moofs.len(), 6);
    for moof in &moofs {
        let traf = moof.at(&[b"traf"]);
        let kinds: Vec<_> = traf.children().iter().map(|child| child.kind).collect();
        let grouped = kinds.ends_with(&[*b"sgpd", *b"sbgp", *b"saiz", *b"saio", *b"senc"]);
        let pssh = moof.all(b"pssh");
        assert_eq!(grouped, pssh.len() == 1, "{kinds:?}");
        if grouped {
            let sbgp = traf.at(&[b"sbgp"]);
            assert_eq!(sbgp.body()[8..12], [0, 0, 0, 1], "one run");
            assert_eq!(sbgp.body()[16..20], [0, 1, 0, 1], "index 0x10001");
        }
    }
    let grouped = moofs.iter().filter(|moof| moof.child(b"pssh").is_some());
    assert_eq!(grouped.count(), 4, "the first period is the track's own");
}

#[test]
fn clear_lead_leaves_whole_fragments_clear() {
    for (scheme, muxer) in [("cenc", MP4MUX), ("cbcs", ISOFMP4MUX), ("cbcs", MP4MUX)] {
        let folder = Scratch::new("periods");
        let recipe = Recipe::new(muxer, Video::AvcInBand, Audio::Aac);
        let element = format!("{} clear-lead={}", enc::one_key(scheme), SECOND * 9 / 10);
        let Some(movie) = protected(&recipe, &element, &folder) else {
            continue;
        };
        let clear = recipe.clear();
        let file = folder.join("protected.mp4");
        let twin = Twin {
            clear: &clear,
            protected: &file,
            keys: enc::one_key_known(),
        };
        twin.check_own();
        twin.check_cencbox();
        for track in &movie.tracks {
            let clear = track
                .samples
                .iter()
                .map(|sample| sample.protection.is_none());
            let mut clear: Vec<_> = clear.collect();
            clear.dedup();
            assert_eq!(clear, [true, false], "{muxer} {scheme}");
        }
        for traf in moofs(&movie).iter().flat_map(|moof| moof.all(b"traf")) {
            let grouped = traf.child(b"sgpd").is_some();
            let informed = [b"senc", b"saiz", b"saio"].map(|kind| traf.child(kind).is_some());
            assert!(!(grouped && informed.contains(&true)), "{informed:?}");
        }
    }
}

#[test]
fn seed_gives_each_period_a_kid_that_follows_from_the_first() {
    let folder = Scratch::new("periods");
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let kid = "10000000-1000-1000-1000-100000000001";
    let seed = "key-seed=XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
    let element = format!("playreadyenc crypto-period={SECOND} key-id={kid} {seed}");
    let movie = protected(&recipe, &element, &folder).unwrap();
    let kids: BTreeSet<_> = movie
        .tracks
        .iter()
        .flat_map(|track| &track.samples)
        .collect::<Vec<_>>()
        .iter()
        .map(|sample| sample.protection.as_ref().unwrap().rules.kid)
        .collect();
    // These are the values of uuid.uuid5(first, "1") and "2" in Python.
    let expected = [
        kid,
        "8648e2b7-069a-52ac-8315-1759d2285621",
        "4aedde91-85d1-55b9-b04a-e066ad8bcecf",
    ]
    .map(crate::decrypt::unhex);
    assert_eq!(kids, BTreeSet::from(expected));
}

/// Checks that the element refuses a fragmented file with these properties, and with these words.
fn refused(properties: &str, words: &[&str]) {
    let folder = Scratch::new("periods");
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
    let output = folder.join("protected.mp4");
    let run: Run = enc::protect_file(&clear, 4096, &format!("playreadyenc {properties}"), &output);
    assert!(!run.status.success(), "{properties}");
    for word in words {
        assert!(run.stderr.contains(word), "no {word:?} in {}", run.stderr);
    }
}

#[test]
fn keys_that_do_not_come_stop_the_stream() {
    let fixed = format!("key-id={} key={}", enc::KID, enc::KEY);
    refused(
        &format!("{fixed} crypto-period=1000"),
        &["crypto-period", "key-seed", "'*@0'"],
    );
    let piff = format!("{fixed} clear-lead=1000 flavor=piff");
    refused(&piff, &["flavor piff", "clear-lead"]);
    let folder = Scratch::new("periods");
    let [kid, key] = key_of(0, 0);
    let file = folder.write_secret("one.keys", &format!("*@0 {kid} {key}\n"));
    let uri = format!("key-uri=file://{} crypto-period={SECOND}", file.display());
    refused(&uri, &["no keys for crypto period 1", "'*@1'"]);
}

#[test]
fn progressive_files_come_out_in_fragments_or_not_at_all() {
    let folder = Scratch::new("periods");
    let element = format!("playreadyenc crypto-period={SECOND} {}", key_file(&folder));
    let protected = folder.join("protected.mp4");
    let clear = Recipe::new(FASTSTART, Video::Avc, Audio::Aac).clear();
    enc::protect_pulled(&clear, &element, &protected).succeeded();
    twin(&clear, &protected).check_own();
    twin(&clear, &protected).check_cencbox();
    let clear = Recipe::new("mp4mux", Video::Avc, Audio::Aac).clear();
    let run = enc::protect_pulled(&clear, &element, &protected);
    assert!(
        run.stderr.contains("begin and end with fragments"),
        "{}",
        run.stderr
    );
}
