// SPDX-License-Identifier: MPL-2.0
//! `flavor=piff`: the boxes of PIFF 1.1, checked by the oracle and against the shared pairs that other tools packaged.

use std::path::Path;

use cenc_types::{Iv, Subsample};
use common_encryption::{BoxFlavor, SencBuilder};

use crate::boxes::{Bx, top_level};
use crate::enc;
use crate::launch;
use crate::manifest;
use crate::media::{Audio, ISMLMUX, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::samples::Twin;
use crate::scratch::Scratch;
use crate::tools::skip;

const TENC: &[u8; 16] = b"\x89\x74\xdb\xce\x7b\xe7\x4c\x51\x84\xf9\x71\x48\xf9\x88\x25\x54";
const SENC: &[u8; 16] = b"\xa2\x39\x4f\x52\x5a\x9b\x4f\x14\xa2\x44\x6c\x42\x7c\x64\x8d\xf4";
const PSSH: &[u8; 16] = b"\xd0\x8a\x4f\x18\x10\xf3\x4a\x82\xb6\xc8\x32\xd8\xab\xa1\x83\xd3";

#[test]
fn smooth_streaming_files_have_piffs_boxes_and_no_others() {
    let muxers = [ISMLMUX, MP4MUX, ISOFMP4MUX];
    for muxer in muxers {
        let recipe = Recipe::new(muxer, Video::Avc, Audio::Aac);
        match recipe.missing() {
            Some(element) => skip("piff", &format!("no element {element}")),
            None => protect(&recipe),
        }
    }
}

fn protect(recipe: &Recipe) {
    let folder = Scratch::new("piff");
    let (clear, protected) = (recipe.clear(), folder.join("protected.mp4"));
    let element = format!("{} flavor=piff", enc::one_key("cenc"));
    enc::protect_file(&clear, 65_536, &element, &protected).succeeded();
    let file = std::fs::read(&protected).unwrap();
    check_boxes(&file);
    let twin = Twin {
        clear: &clear,
        protected: &protected,
        keys: enc::one_key_known(),
    };
    twin.check_cencbox();
}

fn check_boxes(file: &[u8]) {
    let pieces = top_level(file);
    let ftyp = pieces[0].body();
    assert_eq!(&ftyp[..16], b"isml\0\0\0\x01piffiso2");
    let moov = pieces.iter().find(|piece| piece.kind == *b"moov").unwrap();
    assert_eq!(uuids(*moov), [PSSH]);
    assert!(moov.child(b"pssh").is_none());
    for trak in moov.all(b"trak") {
        let stsd = trak.at(&[b"mdia", b"minf", b"stbl", b"stsd"]).body();
        let schm = b"schm\0\0\0\0piff\0\x01\0\x01";
        // AlgorithmID is 1 in 24 bits, and IV_size is 8.
        let tenc = [b"uuid", TENC.as_slice(), b"\0\0\0\0\0\0\x01\x08"].concat();
        for searched in [schm.as_slice(), &tenc] {
            let found = stsd.windows(searched.len());
            assert_eq!(found.filter(|bytes| *bytes == searched).count(), 1);
        }
        assert!(!stsd.windows(4).any(|bytes| bytes == b"tenc"));
    }
    let moofs = pieces.iter().filter(|piece| piece.kind == *b"moof");
    let trafs: Vec<_> = moofs.flat_map(|moof| moof.all(b"traf")).collect();
    assert!(trafs.len() >= 4);
    for traf in trafs {
        assert_eq!(uuids(traf), [SENC]);
        let others = traf.children();
        let foreign = |b: &Bx<'_>| matches!(&b.kind, b"senc" | b"saiz" | b"saio");
        assert!(!others.iter().any(foreign));
    }
}

/// The extended types of the `uuid` boxes in a box.
fn uuids<'a>(parent: Bx<'a>) -> Vec<&'a [u8; 16]> {
    let boxes = parent.all(b"uuid");
    let types = boxes.iter().map(|uuid| uuid.body()[..16].try_into());
    types.map(Result::unwrap).collect()
}

#[test]
fn what_piff_cannot_say_is_refused() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::None).clear();
    for refused in ["scheme=cbcs", "scheme=cbc1", "scheme=cens", "iv-size=16"] {
        let folder = Scratch::new("piff");
        let element = format!("{} flavor=piff {refused}", enc::one_key("cenc"));
        let run = enc::protect_file(&clear, 65_536, &element, &folder.join("protected.mp4"));
        assert!(!run.status.success());
        let remedy = "flavor piff takes scheme cenc with IVs of 8 bytes only";
        assert!(run.stderr.contains(remedy), "{refused}: {}", run.stderr);
    }
}

/// The IVs and subsamples that a pair lists give the pair's own box. Another test compares its samples with all others.
#[test]
fn sample_boxes_of_the_pairs_are_reproduced() {
    let pairs = manifest::of_class("pair");
    let mut compared = 0;
    for pair in pairs.iter().filter(|pair| pair.id.contains("piff")) {
        let facts = &pair.facts()[0];
        let mut senc = SencBuilder::default();
        let subsampled = !facts.samples[0].subsamples.is_empty();
        senc.start(subsampled, BoxFlavor::Piff);
        for sample in &facts.samples {
            let map = sample.subsamples.iter();
            let map = map.map(|&(clear_bytes, protected_bytes)| Subsample {
                clear_bytes,
                protected_bytes,
            });
            let iv = Iv::new(&sample.iv).unwrap();
            senc.push(Some(&iv), &map.collect::<Vec<_>>()).unwrap();
        }
        let mut expected = Vec::new();
        senc.to_box().write(&mut expected).unwrap();
        let file = pair.bytes();
        let found = file.windows(expected.len());
        let found = found.filter(|bytes| *bytes == expected).count();
        assert_eq!(found, 1, "{}", pair.id);
        compared += 1;
    }
    match pairs.is_empty() {
        true => skip(
            "piff::sample_boxes_of_the_pairs_are_reproduced",
            "no ../shared/vectors",
        ),
        false => assert_eq!(compared, 3),
    }
}

#[test]
fn the_muxer_bin_has_the_flavor_too() {
    let folder = Scratch::new("piff");
    let file: &Path = &folder.join("protected.mp4");
    let bin = enc::one_key("cenc").replace(
        "playreadyenc",
        "playreadymp4mux flavor=piff fragment-duration=1000",
    );
    let recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);
    let line = recipe.pipeline(&format!("filesink location={}", file.display()));
    launch::pipeline(&line.replacen(recipe.muxer, &bin, 1)).succeeded();
    check_boxes(&std::fs::read(file).unwrap());
}
