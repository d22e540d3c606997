// SPDX-License-Identifier: MPL-2.0
//! `sidx` and `mfra` point at the same boxes as before: 14496-12, clauses 8.16.3 and 8.8.9 to 8.8.11.

use super::protected;
use cenc_types::Scheme;
use test_support::build::{boxed, full, init, media, sound, word};
use test_support::stream::{boxes, number};

/// A `sidx` of version 0 or 1. Each reference consists of bit 31 and a size.
pub fn sidx(version: u32, first_offset: u32, references: &[usize]) -> Vec<u8> {
    let mut words = vec![version << 24, 1, 48_000];
    match version {
        0 => words.extend([0, first_offset]),
        _ => words.extend([0, 0, 0, first_offset]),
    }
    words.push(u32::try_from(references.len()).unwrap());
    for &size in references {
        words.extend([u32::try_from(size).unwrap(), 1024, 0x9000_0000]);
    }
    full(b"sidx", &words)
}

/// The boxes of the stream, as ranges of indices, that the references of the `sidx` at `at` cover.
fn covered(stream: &[u8], at: usize) -> Vec<std::ops::Range<usize>> {
    let tops = boxes(stream, 0..stream.len());
    let sidx = &tops[at];
    let (first_at, fields) = match stream[sidx.body.start] {
        0 => (number(stream, sidx.body.start + 16, 4), 20),
        _ => (number(stream, sidx.body.start + 20, 8), 28),
    };
    let index = |place: usize| {
        let ends = tops.iter().map(|found| found.start).chain([stream.len()]);
        ends.clone()
            .position(|start| start == place)
            .expect("a box starts there")
    };
    let count = number(stream, sidx.body.start + fields + 2, 2);
    let mut place = sidx.body.end + first_at;
    let references = (0..count).map(|reference| {
        let at = sidx.body.start + fields + 4 + 12 * reference;
        let start = place;
        place += number(stream, at, 4) & 0x7fff_ffff;
        index(start)..index(place)
    });
    references.collect()
}

/// Protects the stream and checks that each `sidx` covers the same boxes as before.
pub fn check(stream: &[u8]) {
    let out = protected(stream, Scheme::Cenc);
    assert!(out.len() > stream.len());
    for (at, found) in boxes(stream, 0..stream.len()).iter().enumerate() {
        if &found.kind == b"sidx" {
            assert_eq!(covered(&out, at), covered(stream, at), "box {at}");
        }
    }
}

#[test]
fn sidx_measures_one_or_several_fragments() {
    let [a, b, c] = [&[20, 30][..], &[40], &[50, 60, 70]].map(sound);
    for version in [0, 1] {
        for references in [vec![a.len() + b.len()], vec![a.len(), b.len()]] {
            let sidx = sidx(version, 0, &references);
            check(&[&*init(), &sidx, &a, &b, &c].concat());
        }
    }
}

#[test]
fn sidx_in_front_of_each_segment() {
    let [a, b] = [&[20, 30][..], &[40]].map(sound);
    let segment = |media: &[u8]| {
        [
            &*boxed(b"styp", &[b"msdh"]),
            &sidx(0, 0, &[media.len()]),
            media,
        ]
        .concat()
    };
    check(&[init(), segment(&a), segment(&b)].concat());
}

#[test]
fn first_offset_may_skip_boxes() {
    let [a, b] = [&[20, 30][..], &[40]].map(sound);
    let free = boxed(b"free", &[b"..."]);
    for skipped in [free.clone(), [&*free, &a].concat()] {
        let skip = u32::try_from(skipped.len()).unwrap();
        check(&[&*init(), &sidx(1, skip, &[b.len()]), &*skipped, &b].concat());
    }
}

#[test]
fn sidx_may_measure_a_sidx() {
    let [a, b] = [&[20, 30][..], &[40]].map(sound);
    let [inner_a, inner_b] = [&a, &b].map(|media| [&*sidx(0, 0, &[media.len()]), media].concat());
    let kind = 0x8000_0000;
    let outer = sidx(0, 0, &[kind | inner_a.len(), kind | inner_b.len()]);
    check(&[init(), outer, inner_a, inner_b].concat());
}

#[test]
fn sidx_that_ends_inside_a_fragment_is_refused() {
    let a = sound(&[20]);
    for references in [[a.len() - 1], [a.len() + 1]] {
        let stream = [&*init(), &sidx(0, 0, &references), &a, &a].concat();
        assert!(super::refusal(&stream).contains("'sidx'"));
    }
}

#[test]
fn references_beyond_the_end_keep_their_sizes() {
    let a = sound(&[20]);
    let stream = [&*init(), &sidx(0, 0, &[a.len(), 1000]), &a].concat();
    let out = protected(&stream, Scheme::Cenc);
    let sidx = &boxes(&out, 0..out.len())[2];
    assert_eq!(number(&out, sidx.body.end - 12, 4), 1000);
}

#[test]
fn mfra_points_at_the_same_fragments() {
    let [a, b] = [&[20, 30][..], &[40]].map(sound);
    let before = [init(), a, boxed(b"free", &[&media(9)]), b].concat();
    let [first, second] = [init().len(), before.len() - sound(&[40]).len()];
    for version in [0, 1] {
        let place = |at: usize| match version {
            0 => [[0; 4], word(at)].concat(),
            _ => [[0; 4], [0; 4], [0; 4], word(at)].concat(),
        };
        let entries = [place(first), vec![1, 1, 1], place(second), vec![1, 1, 1]].concat();
        let tfra = boxed(
            b"tfra",
            &[&[version, 0, 0, 0], &word(1), &word(0), &word(2), &entries],
        );
        let mfro = full(b"mfro", &[0, u32::try_from(tfra.len()).unwrap() + 24]);
        let mfra = boxed(b"mfra", &[&tfra, &mfro]);
        let stream = [&*before, &mfra].concat();
        let out = protected(&stream, Scheme::Cenc);
        let tops = boxes(&out, 0..out.len());
        let [moofs, ours] = [[tops[2].start, tops[5].start], [tops[7].start, out.len()]];
        assert_eq!(ours[1] - ours[0], mfra.len());
        let entry = if version == 0 { 11 } else { 19 };
        let at = ours[0] + 8 + 8 + 16 + entry - 7;
        let found = [at, at + entry].map(|at| number(&out, at, 4));
        assert_eq!(found, moofs, "version {version}");
        assert_eq!(out[ours[0] + 8 + tfra.len()..], mfro);
    }
}
