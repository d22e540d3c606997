// SPDX-License-Identifier: MPL-2.0
//! Reads fragmented MP4, clear or protected, for tests. The reader is written from ISO/IEC 14496-12 and 23001-7, and shares
//! no line with the library crates. It panics if the stream violates these standards.

use std::ops::Range;

/// A box of a stream.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its type.
    pub kind: [u8; 4],
    /// The position of its first byte.
    pub start: usize,
    /// The range of its payload.
    pub body: Range<usize>,
}

/// A sample of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// track_ID.
    pub track: u32,
    /// The position in the stream.
    pub at: usize,
    /// The bytes as they are in the stream.
    pub bytes: Vec<u8>,
    /// The protection, if the sample is protected.
    pub protection: Option<Protection>,
}

/// The protection of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// scheme_type.
    pub scheme: [u8; 4],
    /// crypt_byte_block and skip_byte_block.
    pub pattern: (usize, usize),
    /// The IV, followed by zeros if it has 8 bytes.
    pub iv: [u8; 16],
    /// BytesOfClearData and BytesOfProtectedData of each subsample. None if the whole sample is protected.
    pub subsamples: Option<Vec<(usize, usize)>>,
}

/// A track of a `moov`.
struct StreamTrack {
    id: u32,
    description: u32,
    size: u32,
    /// The protection of each sample entry that is protected.
    entries: Vec<Option<EntryProtection>>,
}

/// The protection in a sample entry. An `iv_size` of 0 says that the IV is constant.
struct EntryProtection {
    defaults: Protection,
    iv_size: usize,
}

/// Returns the samples of a stream, in the order of its track runs.
pub fn samples(data: &[u8]) -> Vec<Sample> {
    let (mut tracks, mut samples) = (Vec::new(), Vec::new());
    for found in boxes(data, 0..data.len()) {
        match &found.kind {
            b"moov" => tracks = read_moov(data, &found),
            b"moof" => read_moof(data, &found, &tracks, &mut samples),
            _ => (),
        }
    }
    samples
}

/// Returns the boxes that fill `range`.
pub fn boxes(data: &[u8], range: Range<usize>) -> Vec<Found> {
    let (mut found, mut start) = (Vec::new(), range.start);
    while start < range.end {
        let kind: [u8; 4] = data[start + 4..start + 8].try_into().unwrap();
        let (size, mut body) = match number(data, start, 4) {
            0 => (range.end - start, start + 8),
            1 => (number(data, start + 8, 8), start + 16),
            size => (size, start + 8),
        };
        if &kind == b"uuid" {
            body += 16;
        }
        let end = start + size;
        assert!(body <= end && end <= range.end, "{}", kind.escape_ascii());
        found.push(Found {
            kind,
            start,
            body: body..end,
        });
        start = end;
    }
    found
}

/// Returns all children of a type.
pub fn all(data: &[u8], parent: &Found, kind: &[u8; 4]) -> Vec<Found> {
    let mut found = boxes(data, parent.body.clone());
    found.retain(|found| &found.kind == kind);
    found
}

/// Reads a big-endian number of `len` bytes.
pub fn number(data: &[u8], at: usize, len: usize) -> usize {
    data[at..at + len]
        .iter()
        .fold(0, |number, &byte| number << 8 | usize::from(byte))
}

fn word(data: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(data[at..at + 4].try_into().unwrap())
}

fn only(data: &[u8], parent: &Found, kind: &[u8; 4]) -> Found {
    all(data, parent, kind).remove(0)
}

fn read_moov(data: &[u8], moov: &Found) -> Vec<StreamTrack> {
    let mut tracks = Vec::new();
    let mvex = all(data, moov, b"mvex");
    let trexes: Vec<_> = mvex
        .iter()
        .flat_map(|mvex| all(data, mvex, b"trex"))
        .collect();
    for trak in all(data, moov, b"trak") {
        let tkhd = only(data, &trak, b"tkhd").body.start;
        let id = word(data, tkhd + if data[tkhd] == 1 { 20 } else { 12 });
        let stsd = [b"mdia", b"minf", b"stbl", b"stsd"]
            .iter()
            .fold(trak, |parent, kind| only(data, &parent, kind))
            .body;
        let trex = trexes
            .iter()
            .map(|trex| trex.body.start)
            .find(|&at| word(data, at + 4) == id)
            .unwrap();
        let entries = boxes(data, stsd.start + 8..stsd.end);
        assert_eq!(entries.len(), number(data, stsd.start + 4, 4));
        tracks.push(StreamTrack {
            id,
            description: word(data, trex + 8),
            size: word(data, trex + 16),
            entries: entries
                .into_iter()
                .map(|entry| read_entry(data, entry))
                .collect(),
        });
    }
    tracks
}

/// Reads the protection of a sample entry. `sinf` is the last box of a protected entry, and `schi` with `tenc` the last of
/// `sinf`.
fn read_entry(data: &[u8], entry: Found) -> Option<EntryProtection> {
    if ![b"encv", b"enca", b"enct"].contains(&&entry.kind) {
        return None;
    }
    let body = &data[entry.body];
    let at = |kind: &[u8]| body.windows(4).rposition(|four| four == kind).unwrap() + 4;
    let (schm, tenc) = (at(b"schm"), at(b"tenc"));
    let iv_size = usize::from(body[tenc + 7]);
    assert_eq!(body[tenc + 6], 1, "default_isProtected");
    Some(EntryProtection {
        defaults: Protection {
            scheme: body[schm + 4..schm + 8].try_into().unwrap(),
            pattern: (
                usize::from(body[tenc + 5] >> 4),
                usize::from(body[tenc + 5] & 15),
            ),
            iv: padded(match iv_size {
                0 => &body[tenc + 25..][..usize::from(body[tenc + 24])],
                _ => &[],
            }),
            subsamples: None,
        },
        iv_size,
    })
}

fn padded(iv: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    block[..iv.len()].copy_from_slice(iv);
    block
}

fn read_moof(data: &[u8], moof: &Found, tracks: &[StreamTrack], samples: &mut Vec<Sample>) {
    let mut end = moof.start;
    for traf in all(data, moof, b"traf") {
        let tfhd = only(data, &traf, b"tfhd").body.start;
        let flags = word(data, tfhd);
        let track = tracks
            .iter()
            .find(|track| track.id == word(data, tfhd + 4))
            .unwrap();
        let mut fields = tfhd + 8;
        let mut field = |flag: u32, len: usize| {
            let here = (flags & flag != 0).then(|| number(data, fields, len));
            fields += if here.is_some() { len } else { 0 };
            here
        };
        let explicit = field(1, 8);
        let description = field(2, 4).unwrap_or(track.description as usize);
        field(8, 4);
        let size = field(0x10, 4).unwrap_or(track.size as usize);
        let base = match explicit {
            Some(base) => base,
            None if flags & 0x02_0000 != 0 => moof.start,
            None => end,
        };
        let first = samples.len();
        for trun in all(data, &traf, b"trun") {
            end = TrackRun {
                track: track.id,
                base,
                start: if samples.len() == first { base } else { end },
                size,
            }
            .read(data, &trun, samples);
        }
        if let Some(Some(entry)) = track.entries.get(description.wrapping_sub(1)) {
            read_senc(data, &traf, base, entry, &mut samples[first..]);
        }
    }
}

/// The values that the samples of a `trun` depend on.
struct TrackRun {
    track: u32,
    /// The position from which data offsets count.
    base: usize,
    /// The position of the data if the run has no data_offset.
    start: usize,
    /// The default sample size.
    size: usize,
}

impl TrackRun {
    /// Appends the samples of the run and returns the end of its data.
    fn read(&self, data: &[u8], trun: &Found, samples: &mut Vec<Sample>) -> usize {
        let flags = word(data, trun.body.start);
        let has = |flag: u32| usize::from(flags & flag != 0);
        let mut at = match has(1) {
            1 => self
                .base
                .checked_add_signed(word(data, trun.body.start + 8).cast_signed() as isize)
                .unwrap(),
            _ => self.start,
        };
        let mut entry = trun.body.start + 8 + 4 * (has(1) + has(4));
        for _ in 0..number(data, trun.body.start + 4, 4) {
            let size = match has(0x200) {
                1 => number(data, entry + 4 * has(0x100), 4),
                _ => self.size,
            };
            entry += 4 * (has(0x100) + has(0x200) + has(0x400) + has(0x800));
            samples.push(Sample {
                track: self.track,
                at,
                bytes: data[at..at + size].to_vec(),
                protection: None,
            });
            at += size;
        }
        at
    }
}

/// Sets the protection of each sample of a track fragment: the IV and subsamples from `senc`, with which `saio` and `saiz`
/// must agree.
fn read_senc(
    data: &[u8],
    traf: &Found,
    base: usize,
    entry: &EntryProtection,
    samples: &mut [Sample],
) {
    let senc = only(data, traf, b"senc").body;
    assert_eq!(
        number(data, senc.start + 4, 4),
        samples.len(),
        "samples of senc"
    );
    let mut at = senc.start + 8;
    let mut sizes = Vec::new();
    for sample in samples {
        let start = at;
        let mut protection = entry.defaults.clone();
        if entry.iv_size > 0 {
            protection.iv = padded(&data[at..at + entry.iv_size]);
            at += entry.iv_size;
        }
        if word(data, senc.start) & 2 != 0 {
            let subsamples: Vec<_> = (0..number(data, at, 2))
                .map(|index| at + 2 + 6 * index)
                .map(|start| (number(data, start, 2), number(data, start + 2, 4)))
                .collect();
            at += 2 + 6 * subsamples.len();
            protection.subsamples = Some(subsamples);
        }
        sample.protection = Some(protection);
        sizes.push(at - start);
    }
    assert_eq!(at, senc.end, "end of senc");
    if let Some(saio) = all(data, traf, b"saio").last() {
        assert_eq!(word(data, saio.body.start), 0, "version and flags of saio");
        assert_eq!(number(data, saio.body.start + 4, 4), 1, "entries of saio");
        assert_eq!(
            base + number(data, saio.body.start + 8, 4),
            senc.start + 8,
            "place of sample auxiliary information"
        );
        assert_eq!(
            read_saiz(data, all(data, traf, b"saiz").last().unwrap()),
            sizes
        );
    }
}

fn read_saiz(data: &[u8], saiz: &Found) -> Vec<usize> {
    let fields = saiz.body.start + 4;
    let count = number(data, fields + 1, 4);
    match data[fields] {
        0 => data[fields + 5..][..count]
            .iter()
            .map(|&size| usize::from(size))
            .collect(),
        size => vec![usize::from(size); count],
    }
}
