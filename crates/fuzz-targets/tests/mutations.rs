// SPDX-License-Identifier: MPL-2.0
//! Damaged and unusual box structures, the same in each run: all output can be decrypted, and contains no clear media.
//!
//! A mutation changes boxes and never sample data, so that the search for clear media has a fixed answer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;

use cenc_mp4::{IndexMode, ProgressiveDecryptor};
use cenc_types::{ContentKey, KeyId, Scheme};
use common_encryption::KnownKeys;
use playready_packager::inspect_bytes;
use test_support::decrypted::{Chunks, decrypted_in};
use test_support::encrypted::{KEY, KID};
use test_support::movie::Movie;
use test_support::progressive::{Memory, all};
use test_support::{encrypted, progressive, tools};

const COUNT: u64 = 3_000;
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
struct Node {
    kind: [u8; 4],
    /// The bytes before the first child, or all of a box without children.
    fields: Vec<u8>,
    children: Vec<Self>,
    is_container: bool,
}

impl Node {
    fn read_all(mut data: &[u8]) -> Vec<Self> {
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
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 32).unwrap() % limit.max(1)
    }

    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        *values.get(self.below(values.len())).unwrap()
    }
}

#[test]
fn mutated_boxes_give_an_error_or_a_whole_protected_file() {
    let folder = tools::project().join("../shared/field-cases");
    if !folder.is_dir() {
        return tools::skip("mutations", "no ../shared");
    }
    let mut accepted = 0;
    for name in ["base-av.mp4", "base-progressive.mp4"] {
        let clear = fs::read(folder.join(name)).unwrap();
        let nodes = Node::read_all(&clear);
        let media = ClearMedia::of(&clear);
        for seed in 1..=COUNT / 2 {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let data = mutate(&nodes, &mut random);
            for protected in protect_in_all_ways(&data) {
                accepted += 1;
                check(&protected, &media, &format!("{name}, seed {seed}"));
            }
        }
    }
    assert!(accepted > COUNT / 10, "{accepted} of {COUNT} accepted");
}

/// Protects a file as a stream and as a file that is read. Returns the outputs of those that succeed.
fn protect_in_all_ways(data: &[u8]) -> Vec<Vec<u8>> {
    let stream = encrypted::protect(data, Scheme::Cenc, IndexMode::Hold, []);
    let file = progressive::protect(data, Scheme::Cenc);
    stream.into_iter().chain(file).collect()
}

fn mutate(nodes: &[Node], random: &mut Random) -> Vec<u8> {
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
fn mutate_list(nodes: &mut Vec<Node>, random: &mut Random) {
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
        1 => {
            let copy = node.clone();
            nodes.insert(index, copy);
        }
        2 => {
            let other = random.below(nodes.len());
            nodes.swap(index, other);
        }
        // The content of an `mdat` is no media in another box.
        3 if node.kind != *b"mdat" => node.kind = *random.pick(&TYPES),
        4 => nodes.insert(index, junk(random)),
        5 if node.kind != *b"mdat" => {
            let end = random.below(node.fields.len());
            node.fields.truncate(end);
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

fn junk(random: &mut Random) -> Node {
    Node {
        kind: *random.pick(&TYPES),
        fields: vec![0; random.below(64)],
        children: Vec::new(),
        is_container: false,
    }
}

/// The pieces of the media that protection must change.
struct ClearMedia(HashSet<[u8; WINDOW]>);

impl ClearMedia {
    fn of(file: &[u8]) -> Self {
        let movie = Movie::parse(file.to_vec());
        let mut windows = HashSet::new();
        for track in &movie.tracks {
            for (index, sample) in track.samples.iter().enumerate() {
                // The first sample contains the encoder's own description.
                let start = if index == 0 { 1024 } else { CLEAR_START };
                let bytes = movie.bytes(sample).get(start..).unwrap_or_default();
                windows.extend(bytes.chunks_exact(WINDOW).filter_map(|window| {
                    let distinct: HashSet<_> = window.iter().collect();
                    // Filler may occur in the boxes too.
                    (distinct.len() > WINDOW / 2).then(|| <[u8; WINDOW]>::try_from(window).unwrap())
                }));
            }
        }
        assert!(windows.len() > 500, "{} windows", windows.len());
        Self(windows)
    }

    fn is_in(&self, output: &[u8]) -> bool {
        output.windows(WINDOW).any(|window| self.0.contains(window))
    }
}

fn check(protected: &[u8], media: &ClearMedia, name: &str) {
    assert!(!media.is_in(protected), "{name}: clear media in the output");
    inspect_bytes(protected.to_vec()).unwrap();
    let (kid, key) = (KeyId::from_bytes(KID), ContentKey::from_bytes(KEY.into()));
    let keys: Arc<KnownKeys> = Arc::new(std::iter::once((kid, &key)).collect());
    let mut source = Memory(protected);
    match ProgressiveDecryptor::open(&mut source, &keys) {
        Ok(Some(mut file)) => {
            let read = all(|| file.next_output(&mut source), |_, _| ());
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
        Ok(None) => {
            let chunks = Chunks {
                mode: IndexMode::Hold,
                size: usize::MAX,
            };
            let read = decrypted_in(protected, &keys, chunks);
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
        Err(error) => panic!("{name}: {error}"),
    }
}
