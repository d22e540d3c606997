// SPDX-License-Identifier: MPL-2.0
//! Makes progressive files for the tests from fragmented ones, and moves `moov` to the front, without the crate's own
//! writer.

use crate::boxes::{Bx, Fields, top_level, u32_at};
use crate::build::{boxed, full, word};
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
    let moov = boxes.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let ftyp = whole(boxes[0], fragmented);
    let mdat = boxed(b"mdat", &[&samples.concat()]);
    let moov = |at: usize| rebuilt(*moov, fragmented, &tables(&times, &sizes, at));
    match moov_in_front {
        true => {
            let at = ftyp.len() + moov(0).len() + 8;
            [ftyp, &moov(at), &mdat].concat()
        }
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
                let stsd = whole(child.at(&[b"stsd"]), file);
                body.extend(boxed(b"stbl", &[stsd, tables]));
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
    let sync = (1..).zip(times).filter(|(_, moment)| moment.is_sync);
    let sync: Vec<u32> = sync.map(|(number, _)| number).collect();
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
        let count = Fields(&stco.body()[4..]).u32() as usize;
        for entry in 0..count {
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
    let boxes = top_level(&file);
    let moov = boxes.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let stsds = moov.all(b"trak").into_iter();
    let entries = stsds.flat_map(|trak| {
        trak.at(&[b"mdia", b"minf", b"stbl", b"stsd"])
            .children_after(8)
    });
    let places: Vec<usize> = entries
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
    use crate::build::{Base, fragment, ftyp, mdat, moof, moov_of, tfhd, traf, trex, trun};
    // The fields are channelcount 2, samplesize 16 and samplerate 48 kHz.
    let mut fields = [0; 28];
    fields[7] = 1;
    fields[17] = 2;
    fields[19] = 16;
    fields[24..26].copy_from_slice(&48_000u16.to_be_bytes());
    let entry = boxed(format, &[&fields, config]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
    let empty = |kind| full(kind, &[0, 0]);
    let tables = [
        stsd,
        empty(b"stts"),
        empty(b"stsc"),
        full(b"stsz", &[0, 0, 0]),
        empty(b"stco"),
    ];
    let stbl = boxed(b"stbl", &[&tables.concat()]);
    let url = full(b"url ", &[1]);
    let dinf = boxed(b"dinf", &[&boxed(b"dref", &[&[0; 4], &word(1), &url])]);
    let minf = boxed(b"minf", &[&full(b"smhd", &[0, 0]), &dinf, &stbl]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], b"soun", &[0; 13]]);
    let mdhd = full(b"mdhd", &[0, 0, 0, 10, 0, 0x55c4_0000]);
    let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &minf]);
    let mut tkhd = [0; 21];
    (tkhd[0], tkhd[3]) = (7, 1);
    let trak = boxed(b"trak", &[&full(b"tkhd", &tkhd), &mdia]);
    let trex = [&trex(1, 0)[..16], &[0, 0, 0, 1, 0, 0, 0, 1], &[0; 8]].concat();
    let sizes: Vec<u32> = samples
        .iter()
        .map(|s| u32::try_from(s.len()).unwrap())
        .collect();
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &sizes)])]);
    let fragment = fragment(make, &[], &mdat(&samples.concat()));
    [ftyp(), moov_of(&[trak], &[trex]), fragment].concat()
}
