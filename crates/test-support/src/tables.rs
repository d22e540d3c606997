// SPDX-License-Identifier: MPL-2.0
//! Reads the sample tables of a progressive `moov` by ISO/IEC 14496-12, clause 8.7. It shares no line with the crate's own
//! reader.

use super::stream::{Found, Sample, all, boxes, number};

/// The samples of a progressive file, track by track. None for a file without `moov`, or with one that announces fragments.
pub fn samples(data: &[u8]) -> Option<Vec<Sample>> {
    let moov = boxes(data, 0..data.len())
        .into_iter()
        .find(|found| &found.kind == b"moov")?;
    if !all(data, &moov, b"mvex").is_empty() {
        return None;
    }
    Some(
        all(data, &moov, b"trak")
            .iter()
            .flat_map(|trak| of(data, trak))
            .collect(),
    )
}

fn only(data: &[u8], parent: &Found, kind: &[u8; 4]) -> Found {
    all(data, parent, kind).remove(0)
}

fn of(data: &[u8], trak: &Found) -> Vec<Sample> {
    let tkhd = only(data, trak, b"tkhd").body.start;
    let track = number(data, tkhd + if data[tkhd] == 1 { 20 } else { 12 }, 4);
    let stbl = [b"mdia", b"minf", b"stbl"]
        .iter()
        .fold(trak.clone(), |parent, kind| only(data, &parent, kind));
    let sizes = sizes(data, &stbl);
    let mut samples = Vec::new();
    if sizes.is_empty() {
        return samples;
    }
    let mut sizes = sizes.into_iter();
    let stsc = only(data, &stbl, b"stsc").body.start + 4;
    let runs: Vec<(usize, usize)> = (0..number(data, stsc, 4))
        .map(|run| stsc + 4 + 12 * run)
        .map(|run| (number(data, run, 4), number(data, run + 4, 4)))
        .collect();
    for (chunk, mut at) in (1..).zip(offsets(data, &stbl)) {
        let (_, count) = runs.iter().rfind(|(first, _)| *first <= chunk).unwrap();
        for size in sizes.by_ref().take(*count) {
            samples.push(Sample {
                track: u32::try_from(track).unwrap(),
                at,
                bytes: data[at..at + size].to_vec(),
                protection: None,
            });
            at += size;
        }
    }
    samples
}

fn sizes(data: &[u8], stbl: &Found) -> Vec<usize> {
    if let Some(stz2) = all(data, stbl, b"stz2").first() {
        let at = stz2.body.start + 7;
        let bits = number(data, at, 1);
        return (0..number(data, at + 1, 4))
            .map(|n: usize| match bits {
                4 => number(data, at + 5 + n / 2, 1) >> (4 * (1 - n % 2)) & 15,
                bits => number(data, at + 5 + n * bits / 8, bits / 8),
            })
            .collect();
    }
    let at = only(data, stbl, b"stsz").body.start + 4;
    let count = number(data, at + 4, 4);
    match number(data, at, 4) {
        0 => (0..count)
            .map(|n| number(data, at + 8 + 4 * n, 4))
            .collect(),
        size => vec![size; count],
    }
}

fn offsets(data: &[u8], stbl: &Found) -> Vec<usize> {
    let (table, width) = match all(data, stbl, b"co64").pop() {
        Some(table) => (table, 8),
        None => (only(data, stbl, b"stco"), 4),
    };
    let at = table.body.start + 4;
    (0..number(data, at, 4))
        .map(|n| number(data, at + 4 + width * n, width))
        .collect()
}
