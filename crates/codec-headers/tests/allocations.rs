// SPDX-License-Identifier: MPL-2.0
//! Samples whose parameter sets are in force are read without allocation: tests/vectors.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use allocation_counter::measure;
use codec_headers::Codec;

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Reads the stream of a vector twice and returns the number of allocations of the second time.
fn allocations(name: &str) -> u64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let text = fs::read_to_string(path.join(name)).unwrap();
    let field = |kind: &str| {
        let lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        lines
            .filter(|fields| fields[0] == kind)
            .map(|fields| fields[1].to_owned())
            .collect::<Vec<_>>()
    };
    let format = field("format")[0].as_bytes().try_into().unwrap();
    let config = unhex(&field("config")[0]);
    let samples: Vec<Vec<u8>> = field("sample").iter().map(|hex| unhex(hex)).collect();
    let mut codec = Codec::new(format, Some(&config)).unwrap();
    let (mut ranges, mut units) = (Vec::with_capacity(1000), Vec::new());
    let mut read = || {
        ranges.clear();
        for sample in &samples {
            codec.protectable_ranges(sample, &mut ranges).unwrap();
            units.clear();
            codec.coded_units(sample, &mut units).unwrap();
        }
    };
    read();
    measure(read).count_total
}

#[test]
fn samples_in_the_steady_state_allocate_nothing() {
    for name in [
        "x264-reorder.txt",
        "x264-mbaff.txt",
        "x265-tlayers.txt",
        "x265-mvhevc.txt",
        "crafted-hevc-layers.txt",
        "mp4ff-vvc.txt",
        "aom-arf.txt",
        "aom-tile-groups.txt",
        "aom-film-grain.txt",
        "vp9-arf.txt",
    ] {
        assert_eq!(allocations(name), 0, "{name}");
    }
}

#[test]
fn ac4_frames_allocate_nothing() {
    // A frame of the AC-4 test streams of the Android media library, its substreams left out.
    let mut frame = unhex("bfcee59c20022a0097e0b104cadd0150825c82d8f8009dac");
    frame.resize(360, 0);
    let mut codec = Codec::new(*b"ac-4", None).unwrap();
    let mut ranges = Vec::with_capacity(1);
    let read = || {
        codec.protectable_ranges(&frame, &mut ranges).unwrap();
    };
    assert_eq!(measure(read).count_total, 0);
}
