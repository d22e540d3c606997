// SPDX-License-Identifier: MPL-2.0
//! Reads times, dependencies and groups of each sample of a progressive or fragmented file, by ISO/IEC 14496-12, clauses
//! 8.6, 8.8 and 8.9, independently of the library crates.

use std::collections::BTreeMap;

use crate::boxes::{Bx, Fields, top_level, u32_at};
use crate::fragments::saiz_sizes;

/// The facts about a sample from the sample tables or a track run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Moment {
    /// The decoding time.
    pub decode_time: u64,
    /// The duration.
    pub duration: u32,
    /// The composition time offset.
    pub composition_offset: i32,
    /// True for a sync sample.
    pub is_sync: bool,
    /// The entry of `sdtp`. None where only is_sync is known.
    pub dependencies: Option<u8>,
    /// sample_description_index.
    pub description: u32,
    /// The group_description_index by grouping_type.
    pub groups: BTreeMap<[u8; 4], u32>,
    /// The bytes of an entry of `subs` after sample_delta, by version and flags.
    pub sub_samples: BTreeMap<u32, Vec<u8>>,
    /// The auxiliary information by aux_info_type and its parameter.
    pub information: BTreeMap<[u8; 8], Vec<u8>>,
}

/// The values of `trex` that apply to samples whose fragment states none.
#[derive(Clone, Copy)]
struct TrackDefaults {
    description: u32,
    duration: u32,
    flags: u32,
}

/// The samples of each track in decoding order, by track_ID.
pub fn of(file: &[u8]) -> BTreeMap<u32, Vec<Moment>> {
    let mut tracks: BTreeMap<u32, Vec<Moment>> = BTreeMap::new();
    let mut defaults = BTreeMap::new();
    for piece in top_level(file) {
        match &piece.kind {
            b"moov" => {
                for trak in piece.all(b"trak") {
                    let tkhd = trak.at(&[b"tkhd"]);
                    let at = if tkhd.version() == 1 { 20 } else { 12 };
                    tracks.insert(
                        u32_at(tkhd.body(), at),
                        progressive(file, trak.at(&[b"mdia", b"minf", b"stbl"])),
                    );
                }
                for trex in piece
                    .child(b"mvex")
                    .iter()
                    .flat_map(|mvex| mvex.all(b"trex"))
                {
                    let [track, description, duration, _size, flags] =
                        Fields(&trex.body()[4..]).words();
                    defaults.insert(
                        track,
                        TrackDefaults {
                            description,
                            duration,
                            flags,
                        },
                    );
                }
            }
            b"moof" => {
                for traf in piece.all(b"traf") {
                    let track = u32_at(traf.at(&[b"tfhd"]).body(), 4);
                    let moments = tracks.get_mut(&track).unwrap();
                    let end = moments
                        .last()
                        .map_or(0, |last| last.decode_time + u64::from(last.duration));
                    let mut found = fragment(traf, defaults[&track], end);
                    carry_sub_samples(traf, &mut found);
                    carry_information(file, traf, piece.start, &[0], &mut found);
                    moments.extend(found);
                }
            }
            _ => (),
        }
    }
    tracks
}

/// The words of a table after version, flags and entry_count.
fn words(table: Bx<'_>) -> Vec<u32> {
    words_of(&table.body()[8..])
}

fn words_of(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32_at(word, 0)).collect()
}

/// The value of each sample in a table of runs.
fn expanded(words: &[u32]) -> Vec<u32> {
    words
        .chunks_exact(2)
        .flat_map(|run| std::iter::repeat_n(run[1], run[0] as usize))
        .collect()
}

fn progressive(file: &[u8], stbl: Bx<'_>) -> Vec<Moment> {
    let count = match stbl.child(b"stsz") {
        Some(stsz) => u32_at(stsz.body(), 8),
        None => u32_at(stbl.at(&[b"stz2"]).body(), 8),
    };
    let durations = expanded(&words(stbl.at(&[b"stts"])));
    let offsets = stbl
        .child(b"ctts")
        .map_or_else(Vec::new, |ctts| expanded(&words(ctts)));
    let sync = stbl.child(b"stss").map(words);
    let dependencies = stbl.child(b"sdtp");
    let descriptions = descriptions(stbl, count);
    let mut decode_time = 0;
    let mut moments = Vec::new();
    for (number, sample) in (1..).zip(0..count as usize) {
        moments.push(Moment {
            decode_time,
            duration: durations[sample],
            composition_offset: offsets.get(sample).copied().unwrap_or(0).cast_signed(),
            is_sync: sync.as_ref().is_none_or(|sync| sync.contains(&number)),
            dependencies: dependencies.map(|sdtp| sdtp.body()[4 + sample]),
            description: descriptions[sample],
            ..Moment::default()
        });
        decode_time += u64::from(durations[sample]);
    }
    group(stbl, &mut moments);
    carry_sub_samples(stbl, &mut moments);
    carry_information(file, stbl, 0, &first_samples(stbl, count), &mut moments);
    moments
}

/// The fields of `stsc` that hold for a chunk.
struct ChunkFields {
    samples: u32,
    description: u32,
}

fn chunks(stbl: Bx<'_>) -> Vec<ChunkFields> {
    let count = match stbl.child(b"stco") {
        Some(stco) => u32_at(stco.body(), 4),
        None => u32_at(stbl.at(&[b"co64"]).body(), 4),
    };
    let runs = words(stbl.at(&[b"stsc"]));
    let fields = |chunk: u32| {
        let run = runs.chunks_exact(3).rfind(|run| run[0] <= chunk).unwrap();
        ChunkFields {
            samples: run[1],
            description: run[2],
        }
    };
    (1..=count).map(fields).collect()
}

/// The number of the first sample of each chunk, from 0.
fn first_samples(stbl: Bx<'_>, count: u32) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let mut next = 0;
    let first = |chunk: &ChunkFields| {
        let first = next;
        next += chunk.samples as usize;
        first
    };
    chunks(stbl).iter().map(first).collect()
}

fn descriptions(stbl: Bx<'_>, count: u32) -> Vec<u32> {
    if count == 0 {
        return Vec::new();
    }
    let mut descriptions: Vec<u32> = chunks(stbl)
        .iter()
        .flat_map(|chunk| std::iter::repeat_n(chunk.description, chunk.samples as usize))
        .collect();
    descriptions.truncate(count as usize);
    descriptions
}

/// Sets the groups from the `sbgp` boxes of an `stbl` or `traf`, and those of a `csgp` with fields of 8 bits.
fn group(parent: Bx<'_>, moments: &mut [Moment]) {
    for sbgp in parent.all(b"sbgp") {
        let kind: [u8; 4] = sbgp.body()[4..8].try_into().unwrap();
        let indices = expanded(&words_of(
            &sbgp.body()[if sbgp.version() == 1 { 16 } else { 12 }..],
        ));
        for (moment, index) in moments.iter_mut().zip(indices) {
            if index > 0 {
                moment.groups.insert(kind, index);
            }
        }
    }
    for csgp in parent.all(b"csgp") {
        assert_eq!(csgp.flags(), 0x15, "fields of 8 bits");
        let kind: [u8; 4] = csgp.body()[4..8].try_into().unwrap();
        let (counts, indices) = csgp.body()[12..].split_at(2 * u32_at(csgp.body(), 8) as usize);
        let mut indices = Fields(indices);
        let mut moments = moments.iter_mut();
        for pattern in counts.chunks_exact(2) {
            for (moment, &index) in moments
                .by_ref()
                .take(pattern[1].into())
                .zip(indices.take(pattern[0].into()).iter().cycle())
            {
                moment.groups.insert(kind, index.into());
            }
        }
    }
}

/// Sets the sub-samples from the `subs` boxes of an `stbl` or `traf`.
fn carry_sub_samples(parent: Bx<'_>, moments: &mut [Moment]) {
    for subs in parent.all(b"subs") {
        let kind = u32_at(subs.body(), 0);
        let mut fields = Fields(&subs.body()[4..]);
        let mut sample = 0;
        for _ in 0..fields.u32() {
            sample += fields.u32() as usize;
            let count = fields.u16();
            let len = if subs.version() == 0 { 8 } else { 10 };
            moments[sample - 1].sub_samples.insert(
                kind,
                [&count.to_be_bytes(), fields.take(len * usize::from(count))].concat(),
            );
        }
    }
}

/// Sets the auxiliary information of other kinds, whose offsets count from `base`: one for each chunk, of which `chunks` has the first
/// samples, or one for all.
fn carry_information(
    file: &[u8],
    parent: Bx<'_>,
    base: usize,
    chunks: &[usize],
    moments: &mut [Moment],
) {
    let kind = |found: Bx<'_>| match found.flags() & 1 {
        0 => None,
        _ => Some(<[u8; 8]>::try_from(&found.body()[4..12]).unwrap()),
    };
    for saiz in parent.all(b"saiz") {
        let Some(of) = kind(saiz) else { continue };
        let offsets: Vec<_> = parent
            .all(b"saio")
            .into_iter()
            .find(|saio| kind(*saio) == Some(of))
            .unwrap()
            .body()[16..]
            .chunks_exact(4)
            .map(|offset| base + u32_at(offset, 0) as usize)
            .collect();
        let mut at = 0;
        for (sample, (moment, size)) in moments.iter_mut().zip(saiz_sizes(saiz)).enumerate() {
            if let Some(chunk) = chunks.iter().position(|&first| first == sample)
                && let Some(&offset) = offsets.get(chunk)
            {
                at = offset;
            }
            let end = at + usize::from(size);
            if size > 0 {
                moment.information.insert(of, file[at..end].to_vec());
            }
            at = end;
        }
    }
}

/// The samples of a `traf`. `end` is the end of the samples before.
fn fragment(traf: Bx<'_>, of_trex: TrackDefaults, end: u64) -> Vec<Moment> {
    let tfhd = traf.at(&[b"tfhd"]);
    let flags = tfhd.flags();
    let mut fields = Fields(&tfhd.body()[8 + 8 * (flags as usize & 1)..]);
    let [description, duration, _size, sample_flags] =
        [2, 8, 0x10, 0x20].map(|flag| fields.if_set(flags, flag));
    let defaults = TrackDefaults {
        description: description.unwrap_or(of_trex.description),
        duration: duration.unwrap_or(of_trex.duration),
        flags: sample_flags.unwrap_or(of_trex.flags),
    };
    let mut decode_time = traf.child(b"tfdt").map_or(end, |tfdt| {
        Fields(&tfdt.body()[4..]).wide(tfdt.version() == 1)
    });
    let mut moments = Vec::new();
    for trun in traf.all(b"trun") {
        for mut moment in run(trun, defaults) {
            moment.decode_time = decode_time;
            decode_time += u64::from(moment.duration);
            moments.push(moment);
        }
    }
    group(traf, &mut moments);
    moments
}

/// The samples of a `trun`, without their times and groups.
fn run(trun: Bx<'_>, defaults: TrackDefaults) -> Vec<Moment> {
    let flags = trun.flags();
    let mut fields = Fields(&trun.body()[4..]);
    let count = fields.u32();
    let [_data_offset, mut first_flags] = [1, 4].map(|flag| fields.if_set(flags, flag));
    let mut moment = || {
        let [duration, _size, own_flags, offset] =
            [0x100, 0x200, 0x400, 0x800].map(|flag| fields.if_set(flags, flag));
        let sample_flags = first_flags.take().or(own_flags).unwrap_or(defaults.flags);
        let [dependencies, ..] = (sample_flags << 4).to_be_bytes();
        Moment {
            duration: duration.unwrap_or(defaults.duration),
            composition_offset: offset.unwrap_or(0).cast_signed(),
            is_sync: sample_flags & 0x1_0000 == 0,
            dependencies: Some(dependencies),
            description: defaults.description,
            ..Moment::default()
        }
    };
    (0..count).map(|_| moment()).collect()
}

/// Panics unless a fragmented file states the same about its samples as the progressive file from which it was made.
pub fn same(progressive: &[u8], fragmented: &[u8]) {
    let (mut expected, found) = (of(progressive), of(fragmented));
    for moment in expected.values_mut().flatten() {
        // Without `sdtp` it is known of a sync sample that it depends on no other.
        moment
            .dependencies
            .get_or_insert(if moment.is_sync { 0x20 } else { 0 });
    }
    assert_eq!(
        expected.keys().collect::<Vec<_>>(),
        found.keys().collect::<Vec<_>>()
    );
    for (track, moments) in expected {
        assert_eq!(moments, found[&track], "track {track}");
    }
}
