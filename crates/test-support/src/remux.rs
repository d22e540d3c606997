// SPDX-License-Identifier: MPL-2.0
//! Makes progressive files for the tests from fragmented ones, and moves `moov` to the front, without the crate's own
//! writer.

use crate::boxes::{Bx, top_level, u32_at};
use crate::build::{boxed, count, ftyp, full, hdlr, moov_of, sound_of, stsd_of, trex, word};
use crate::movie::Movie;
use crate::timeline::{self, Moment};

/// Makes a progressive file of one track with all samples in one `mdat`. The `moov` is in front or at the end.
pub fn progressive(fragmented: &[u8], moov_in_front: bool) -> Vec<u8> {
    let movie = Movie::parse(fragmented.to_vec());
    let [track] = movie.tracks.as_slice() else {
        panic!("one track");
    };
    let samples: Vec<_> = track.samples.iter().map(|s| movie.bytes(s)).collect();
    let times = timeline::of(fragmented).remove(&track.id).unwrap();
    let sizes: Vec<usize> = samples.iter().map(|sample| sample.len()).collect();
    let boxes = top_level(fragmented);
    let ftyp = whole(boxes[0], fragmented);
    let mdat = boxed(b"mdat", &[&samples.concat()]);
    let fragmented_moov = boxes.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let moov = |at: usize| rebuilt(*fragmented_moov, fragmented, &tables(&times, &sizes, at));
    match moov_in_front {
        true => [ftyp, &moov(ftyp.len() + moov(0).len() + 8), &mdat].concat(),
        false => [ftyp, &mdat, &moov(ftyp.len() + 8)].concat(),
    }
}

fn whole<'a>(piece: Bx<'_>, file: &'a [u8]) -> &'a [u8] {
    &file[piece.start..piece.end]
}

/// Copies a box with `tables` in place of its sample tables and without `mvex`.
fn rebuilt(parent: Bx<'_>, file: &[u8], tables: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for child in parent.children() {
        match &child.kind {
            b"trak" | b"mdia" | b"minf" => body.extend(rebuilt(child, file, tables)),
            b"stbl" => {
                body.extend(boxed(b"stbl", &[whole(child.at(&[b"stsd"]), file), tables]));
            }
            b"mvex" => (),
            _ => body.extend(whole(child, file)),
        }
    }
    boxed(&parent.kind, &[&body])
}

/// The sample tables for samples that start at byte `at` in one chunk.
fn tables(times: &[Moment], sizes: &[usize], at: usize) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap();
    let runs = |value: fn(&Moment) -> u32| times.iter().flat_map(move |m| [1, value(m)]);
    let count = number(sizes.len());
    let table = |kind: &[u8; 4], head: &[u32], words: Vec<u32>| {
        full(kind, &[head, words.as_slice()].concat())
    };
    let sync: Vec<u32> = (1..)
        .zip(times)
        .filter(|(_, moment)| moment.is_sync)
        .map(|(number, _)| number)
        .collect();
    let offset = |m: &Moment| m.composition_offset.cast_unsigned();
    let mut out = [
        table(b"stts", &[0, count], runs(|m| m.duration).collect()),
        table(b"ctts", &[1 << 24, count], runs(offset).collect()),
        table(
            b"stsz",
            &[0, 0, count],
            sizes.iter().map(|&size| number(size)).collect(),
        ),
        full(b"stsc", &[0, 1, 1, count, 1]),
        full(b"stco", &[0, 1, number(at)]),
    ]
    .concat();
    if sync.len() < sizes.len() {
        out.extend(table(b"stss", &[0, number(sync.len())], sync));
    }
    out
}

/// Moves the `moov` of a progressive file before its `mdat` if it is not there.
pub fn with_moov_in_front(file: Vec<u8>) -> Vec<u8> {
    let boxes = top_level(&file);
    let place = |kind: &[u8; 4]| boxes.iter().position(|piece| &piece.kind == kind).unwrap();
    let (moov, mdat) = (boxes[place(b"moov")], boxes[place(b"mdat")]);
    if moov.start < mdat.start {
        return file;
    }
    let mut moved = whole(moov, &file).to_vec();
    let shift = u32::try_from(moved.len()).unwrap();
    for trak in moov.all(b"trak") {
        let stco = trak.at(&[b"mdia", b"minf", b"stbl", b"stco"]);
        for entry in 0..u32_at(stco.body(), 4) as usize {
            let at = stco.start + 16 + 4 * entry;
            let to = u32_at(&file, at) + shift;
            moved[at - moov.start..][..4].copy_from_slice(&to.to_be_bytes());
        }
    }
    let (before, media) = file.split_at(mdat.start);
    [
        before,
        &moved,
        &media[..moov.start - mdat.start],
        &file[moov.end..],
    ]
    .concat()
}

/// Gives each sample entry of type `from` the type `to`.
pub fn relabelled(mut file: Vec<u8>, from: &[u8; 4], to: &[u8; 4]) -> Vec<u8> {
    let places: Vec<usize> = top_level(&file)
        .iter()
        .find(|piece| &piece.kind == b"moov")
        .unwrap()
        .all(b"trak")
        .into_iter()
        .flat_map(|trak| {
            trak.at(&[b"mdia", b"minf", b"stbl", b"stsd"])
                .children_after(8)
        })
        .filter(|entry| &entry.kind == from)
        .map(|entry| entry.start + 4)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        file[at..at + 4].copy_from_slice(to);
    }
    file
}

/// Makes a fragmented file of one sound track: samples of 1/10 s, and a sample entry with this configuration box.
pub fn fragmented_sound(format: &[u8; 4], config: &[u8], samples: &[Vec<u8>]) -> Vec<u8> {
    let trex = [&trex(1, 0)[..16], &[0, 0, 0, 1, 0, 0, 0, 1], &[0; 8]].concat();
    let sizes: Vec<u32> = samples.iter().map(|sample| count(sample)).collect();
    [
        ftyp(),
        moov_of(&[sound_trak(format, config)], &[trex]),
        sound_of(&sizes, &samples.concat()),
    ]
    .concat()
}

/// An enabled sound track without samples, of 10 ticks a second.
fn sound_trak(format: &[u8; 4], config: &[u8]) -> Vec<u8> {
    let media = [
        full(b"mdhd", &[0, 0, 0, 10, 0, 0x55c4_0000]),
        hdlr(b"soun"),
        boxed(
            b"minf",
            &[
                &full(b"smhd", &[0, 0]),
                &dinf(),
                &empty_stbl(&stsd_of(&boxed(format, &[&sound_fields(), config]))),
            ],
        ),
    ];
    let mut tkhd = [0; 21];
    (tkhd[0], tkhd[3]) = (7, 1);
    boxed(
        b"trak",
        &[&full(b"tkhd", &tkhd), &boxed(b"mdia", &[&media.concat()])],
    )
}

/// The fields of an AudioSampleEntry: channelcount 2, samplesize 16, samplerate 48 kHz.
fn sound_fields() -> [u8; 28] {
    let mut fields = [0; 28];
    fields[7] = 1;
    fields[17] = 2;
    fields[19] = 16;
    fields[24..26].copy_from_slice(&48_000u16.to_be_bytes());
    fields
}

/// The data reference of media in the same file.
fn dinf() -> Vec<u8> {
    boxed(
        b"dinf",
        &[&boxed(b"dref", &[&[0; 4], &word(1), &full(b"url ", &[1])])],
    )
}

fn empty_stbl(stsd: &[u8]) -> Vec<u8> {
    boxed(
        b"stbl",
        &[
            stsd,
            &full(b"stts", &[0, 0]),
            &full(b"stsc", &[0, 0]),
            &full(b"stsz", &[0, 0, 0]),
            &full(b"stco", &[0, 0]),
        ],
    )
}
