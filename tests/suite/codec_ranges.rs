// SPDX-License-Identifier: MPL-2.0
//! Protectable ranges against the subsample maps that other packagers wrote: ../shared/vectors.

use std::fs;
use std::path::{Path, PathBuf};

use gstplayready::codec::{Codec, ProtectableRange};
use serde_json::Value;

use crate::boxes;

/// A slice with less slice data than a cipher block may be clear altogether.
const BLOCK: usize = 16;

/// Pairs of a clear file and the samples of its protected form.
const PAIRS: [(&str, &str); 9] = [
    (
        "peer/o-avc/clear.mp4",
        "peer/o-avc/o-peer-avc-cbcs.samples.json",
    ),
    (
        "peer/o-avc/clear.mp4",
        "peer/o-avc/o-peer-avc-cenc.samples.json",
    ),
    (
        "peer/o-hevc/clear.mp4",
        "peer/o-hevc/o-peer-hevc-cbcs.samples.json",
    ),
    (
        "peer/o-hevc/clear.mp4",
        "peer/o-hevc/o-peer-hevc-cenc.samples.json",
    ),
    (
        "peer/o-rotation/clear.mp4",
        "peer/o-rotation/o-peer-rotation-cbcs.samples.json",
    ),
    (
        "peer/o-rotation/clear.mp4",
        "peer/o-rotation/o-peer-rotation-cenc.samples.json",
    ),
    (
        "peer/o-avc/clear.mp4",
        "peer/o-avc/o-peer-avc-cens.samples.json",
    ),
    (
        "enc/o-cbcs-avc/cbcsdec.mp4",
        "enc/o-cbcs-avc/o-cbcs-avc.samples.json",
    ),
    (
        "enc/o-cenc-avc-aac/prog_8s_dec_dashinit.mp4",
        "enc/o-cenc-avc-aac/o-cenc-avc-aac.samples.json",
    ),
];

#[test]
fn ranges_are_those_of_other_packagers() {
    let Some(vectors) = vectors("ranges_are_those_of_other_packagers") else {
        return;
    };
    for (clear, samples) in PAIRS {
        let file = fs::read(vectors.join(clear)).unwrap();
        let json: Value =
            serde_json::from_slice(&fs::read(vectors.join(samples)).unwrap()).unwrap();
        let track = &json["tracks"][0];
        let scheme = track["scheme"].as_str().unwrap();
        let mut codec = codec_of(&file);
        for sample in track["samples"].as_array().unwrap() {
            let start = number(&sample["clear_off"]);
            let bytes = &file[start..start + number(&sample["size"])];
            let mut ranges = Vec::new();
            codec.protectable_ranges(bytes, &mut ranges).unwrap();
            compare(scheme, &protected(&sample["subs"]), &ranges).unwrap_or_else(|difference| {
                panic!("{samples} sample {}: {difference}", sample["i"])
            });
        }
    }
}

#[test]
fn every_sample_of_a_clear_avc_or_hevc_file_has_slice_data() {
    let name = "every_sample_of_a_clear_avc_or_hevc_file_has_slice_data";
    let Some(vectors) = vectors(name) else { return };
    let mut samples = 0;
    for folder in fs::read_dir(vectors.join("clear")).unwrap() {
        let path = folder.unwrap().path();
        let file = concatenation(&path);
        for track in boxes::tracks(&file) {
            let mut codec = Codec::new(track.format, Some(&track.config)).unwrap();
            for sample in track.samples {
                let mut ranges = Vec::new();
                let found = codec.protectable_ranges(&file[sample], &mut ranges);
                assert!(
                    found.is_ok() && !ranges.is_empty(),
                    "{}: {found:?}",
                    path.display()
                );
                samples += 1;
            }
        }
    }
    assert!(samples >= 746, "only {samples} samples");
}

/// The peer's protected runs and ours, by the partition that its scheme has.
fn compare(
    scheme: &str,
    theirs: &[ProtectableRange],
    ours: &[ProtectableRange],
) -> Result<(), String> {
    let agree = |theirs: &ProtectableRange, ours: &ProtectableRange| match scheme {
        "cbcs" => theirs == ours,
        // The remainder modulo the block is clear, behind the protected run or before it.
        _ => {
            theirs.len == ours.len / BLOCK * BLOCK
                && (theirs.start == ours.start
                    || theirs.start + theirs.len == ours.start + ours.len)
        }
    };
    let mut rest = theirs.iter().peekable();
    for range in ours {
        if rest.next_if(|theirs| agree(theirs, range)).is_none() && range.len >= BLOCK {
            return Err(format!("{theirs:?}, but ours are {ours:?}"));
        }
    }
    match rest.next() {
        Some(extra) => Err(format!("{extra:?} is not in ours, {ours:?}")),
        None => Ok(()),
    }
}

/// The protected runs of a subsample map.
fn protected(subsamples: &Value) -> Vec<ProtectableRange> {
    let (mut ranges, mut at) = (Vec::new(), 0);
    for subsample in subsamples.as_array().unwrap() {
        let (start, len) = (at + number(&subsample[0]), number(&subsample[1]));
        if len > 0 {
            ranges.push(ProtectableRange { start, len });
        }
        at = start + len;
    }
    ranges
}

fn codec_of(file: &[u8]) -> Codec {
    let tracks = boxes::tracks(file);
    let video = tracks.first().unwrap();
    Codec::new(video.format, Some(&video.config)).unwrap()
}

/// The files of a folder one after the other, initialization segment first.
fn concatenation(folder: &Path) -> Vec<u8> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort_by_key(|file| !file.to_string_lossy().contains("init"));
    files
        .iter()
        .flat_map(|file| fs::read(file).unwrap())
        .collect()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The folder of the vectors, which stands beside the project and not in it.
fn vectors(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    if !folder.is_dir() {
        println!("skipped: {test}: ../shared is not here");
        return None;
    }
    Some(folder)
}
