// SPDX-License-Identifier: MPL-2.0
//! Changes the boxes of a file, or the NAL units of a sample, by a fixed seed, and finds clear media in an output.
//!
//! A mutation changes structure, never media, so that the search has a fixed answer.

use std::collections::HashSet;

use crate::movie::Movie;

/// The boxes that contain boxes, with the number of bytes before the first child.
const CONTAINERS: [(&[u8; 4], usize); 15] = [
    (b"moov", 0),
    (b"trak", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"stbl", 0),
    (b"mvex", 0),
    (b"moof", 0),
    (b"traf", 0),
    (b"edts", 0),
    (b"dinf", 0),
    (b"udta", 0),
    (b"dref", 8),
    (b"stsd", 8),
    (b"avc1", 78),
    (b"mp4a", 28),
];
const TYPES: [&[u8; 4]; 16] = [
    b"free", b"skip", b"uuid", b"abcd", b"mdat", b"moof", b"moov", b"trak", b"pssh", b"senc",
    b"hvc1", b"mp4a", b"encv", b"text", b"sidx", b"meta",
];
const EDGES: [u32; 8] = [
    0,
    1,
    2,
    7,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];
/// The length of a piece of clear media that must not be in an output.
const WINDOW: usize = 24;
/// Bytes at the start of a sample that may stay clear: parameter sets, SEI, NAL and slice headers.
const CLEAR_START: usize = 160;

/// A box, with the children of a container.
#[derive(Clone)]
pub struct Node {
    kind: [u8; 4],
    /// The bytes before the first child, or all of a box without children.
    fields: Vec<u8>,
    children: Vec<Self>,
    is_container: bool,
}

impl Node {
    /// Reads whole boxes.
    pub fn read_all(mut data: &[u8]) -> Vec<Self> {
        let mut nodes = Vec::new();
        while let Some((header, _)) = data.split_first_chunk::<8>() {
            let (size, kind) = header.split_at(4);
            let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
            let (whole, rest) = data.split_at(size);
            nodes.push(Self::read(
                kind.try_into().unwrap(),
                whole.get(8..).unwrap(),
            ));
            data = rest;
        }
        assert!(data.is_empty(), "whole boxes");
        nodes
    }

    fn read(kind: [u8; 4], body: &[u8]) -> Self {
        let skip = CONTAINERS
            .iter()
            .find_map(|(container, skip)| (**container == kind).then_some(*skip));
        let (fields, children) = body.split_at(skip.unwrap_or(body.len()));
        Self {
            kind,
            fields: fields.to_vec(),
            children: Self::read_all(children),
            is_container: skip.is_some(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([0; 4]);
        out.extend(self.kind);
        out.extend(&self.fields);
        self.children.iter().for_each(|child| child.write(out));
        let size = u32::try_from(out.len() - start).unwrap();
        out.splice(start..start + 4, size.to_be_bytes());
    }
}

/// Numbers that depend on the seed alone (xorshift64).
pub struct SeededRandom(u64);

impl SeededRandom {
    /// Starts at a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Returns a number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 32).unwrap() % limit.max(1)
    }

    /// Returns one of the values.
    pub fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        *values.get(self.below(values.len())).unwrap()
    }
}

/// Changes one or two boxes of a file, or its end.
pub fn mutated_file(nodes: &[Node], random: &mut SeededRandom) -> Vec<u8> {
    let mut nodes = nodes.to_vec();
    for _ in 0..=random.below(2) {
        mutate_list(&mut nodes, random);
    }
    let mut data = Vec::new();
    nodes.iter().for_each(|node| node.write(&mut data));
    match random.below(12) {
        0 => data.truncate(random.below(data.len())),
        1 => data.extend(std::iter::repeat_n(0, 1 + random.below(40))),
        2 => data.extend(
            (0..=random.below(40))
                .map(|_| random.pick(&[0x13, 0x65, 0x9a, 0xd1]))
                .collect::<Vec<_>>(),
        ),
        _ => {}
    }
    data
}

/// Changes a list of boxes, or one further down the tree.
fn mutate_list(nodes: &mut Vec<Node>, random: &mut SeededRandom) {
    let index = random.below(nodes.len());
    let Some(node) = nodes.get_mut(index) else {
        return nodes.push(junk(random));
    };
    if node.is_container && random.below(5) > 0 {
        return mutate_list(&mut node.children, random);
    }
    match random.below(8) {
        0 => {
            nodes.remove(index);
        }
        1 => nodes.insert(index, nodes[index].clone()),
        2 => {
            let other = random.below(nodes.len());
            nodes.swap(index, other);
        }
        // The content of an `mdat` is no media in another box.
        3 if node.kind != *b"mdat" => node.kind = *random.pick(&TYPES),
        4 => nodes.insert(index, junk(random)),
        5 if node.kind != *b"mdat" => {
            node.fields.truncate(random.below(node.fields.len()));
        }
        6 if node.kind != *b"mdat" => {
            let at = random.below(node.fields.len() / 4) * 4;
            if let Some(field) = node.fields.get_mut(at..at + 4) {
                field.copy_from_slice(&random.pick(&EDGES).to_be_bytes());
            }
        }
        _ if node.kind != *b"mdat" => {
            let at = random.below(node.fields.len());
            if let Some(byte) = node.fields.get_mut(at) {
                *byte = random.pick(&[0, 1, 2, 0x7f, 0x80, 0xff]);
            }
        }
        _ => nodes.insert(index, junk(random)),
    }
}

fn junk(random: &mut SeededRandom) -> Node {
    Node {
        kind: *random.pick(&TYPES),
        fields: vec![0; random.below(64)],
        children: Vec::new(),
        is_container: false,
    }
}

/// Changes the NAL units of a sample, each of which follows its length in 4 bytes. Their types stay.
pub fn mutated_units(sample: &[u8], random: &mut SeededRandom) -> Vec<u8> {
    let mut units = split_units(sample);
    mutate_units(&mut units, random);
    let mut out = join_units(&units, random);
    if random.below(8) == 0 {
        out.truncate(random.below(out.len()));
    }
    out
}

fn split_units(mut sample: &[u8]) -> Vec<Vec<u8>> {
    let mut units = Vec::new();
    while let Some((length, after)) = sample.split_first_chunk::<4>() {
        let (unit, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        units.push(unit.to_vec());
        sample = after;
    }
    units
}

/// Removes, repeats, moves, adds or changes one unit.
fn mutate_units(units: &mut Vec<Vec<u8>>, random: &mut SeededRandom) {
    let index = random.below(units.len());
    match random.below(6) {
        0 => drop(units.remove(index)),
        1 => units.insert(index, units[index].clone()),
        2 => {
            let other = random.below(units.len());
            units.swap(index, other);
        }
        // Access unit delimiter, end of sequence, filler data, and types without a meaning.
        3 => {
            let mut filler = vec![random.pick(&[9, 10, 12, 24, 30, 0x69])];
            filler.resize(1 + random.below(64), 0);
            units.insert(index, filler);
        }
        4 => {
            // The header of a slice or the fields of another unit.
            let at = 1 + random.below(units[index].len().min(6));
            if let Some(byte) = units[index].get_mut(at) {
                *byte = random.pick(&[0, 1, 0x7f, 0x80, 0xff]);
            }
        }
        _ => (),
    }
}

/// Writes each unit after its length, of which one may be wrong.
fn join_units(units: &[Vec<u8>], random: &mut SeededRandom) -> Vec<u8> {
    let mut out = Vec::new();
    let damaged = (random.below(3) == 0).then(|| random.below(units.len()));
    for (number, unit) in units.iter().enumerate() {
        let mut length = u32::try_from(unit.len()).unwrap();
        if damaged == Some(number) {
            length = random.pick(&EDGES);
        }
        out.extend(length.to_be_bytes());
        out.extend(unit);
    }
    out
}

/// The pieces of the media that protection must change.
pub struct ClearMedia {
    windows: HashSet<[u8; WINDOW]>,
    /// True for the first two bytes of a piece, which is tested first.
    starts: Vec<bool>,
}

impl ClearMedia {
    /// Collects the pieces of all samples of a file.
    pub fn of(file: &[u8]) -> Self {
        let movie = Movie::parse(file.to_vec());
        let mut windows = HashSet::new();
        for track in &movie.tracks {
            for (index, sample) in track.samples.iter().enumerate() {
                // The encoder's own description is in the first sample.
                let start = if index == 0 { 1024 } else { CLEAR_START };
                let bytes = movie.bytes(sample).get(start..).unwrap_or_default();
                windows.extend(bytes.chunks_exact(WINDOW).filter_map(|window| {
                    let distinct: HashSet<_> = window.iter().collect();
                    // Filler may be in the boxes too.
                    (distinct.len() > WINDOW / 2).then(|| <[u8; WINDOW]>::try_from(window).unwrap())
                }));
            }
        }
        assert!(windows.len() > 100, "{} windows", windows.len());
        let mut starts = vec![false; 1 << 16];
        for window in &windows {
            starts[start_of(window)] = true;
        }
        Self { windows, starts }
    }

    /// True if any piece is in an output.
    pub fn is_in(&self, output: &[u8]) -> bool {
        output
            .windows(WINDOW)
            .any(|window| self.starts[start_of(window)] && self.windows.contains(window))
    }
}

/// The first two bytes as a number.
fn start_of(window: &[u8]) -> usize {
    usize::from(window[0]) << 8 | usize::from(window[1])
}
