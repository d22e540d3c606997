// SPDX-License-Identifier: MPL-2.0
//! Progressive files built by hand and pushed as streams: where fragments begin, which boxes go with each, which files are
//! refused.

mod information;

use cenc_mp4::IndexMode;
use cenc_types::Scheme;

use super::{protected, refusal};
use test_support::boxes::top_level;
use test_support::build::{boxed, empty_moof, ftyp, full, mdat, media, sound, word};
use test_support::build_progressive::{moov, stco, stsc, stsz};
use test_support::encrypted::{keys, protect};
use test_support::layout;
use test_support::movie::Movie;
use test_support::samples;
use test_support::timeline;

/// A track of pictures (`vp08`), sound (`mp4a`) or text, with these tables. A tick is 1/10 s.
fn trak(id: u32, format: &[u8; 4], tables: &[Vec<u8>]) -> Vec<u8> {
    let (handler, fields): (&[u8], _) = match format {
        b"vp08" => (b"vide", 78),
        b"mp4a" => (b"soun", 28),
        _ => (b"text", 8),
    };
    let entry = boxed(format, &[&vec![0; fields]]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(2), &entry, &entry]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]]);
    let stbl = boxed(b"stbl", &[&stsd, &tables.concat()]);
    let mdhd = full(b"mdhd", &[0, 0, 0, 10, 0, 0]);
    let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &boxed(b"minf", &[&stbl])]);
    let mut tkhd = [0; 21];
    tkhd[3] = id;
    boxed(b"trak", &[&full(b"tkhd", &tkhd), &mdia])
}

fn table(kind: &[u8; 4], count: usize, words: &[u32]) -> Vec<u8> {
    let count = u32::try_from(count).unwrap();
    full(kind, &[&[0, count], words].concat())
}

fn stts(runs: &[[u32; 2]]) -> Vec<u8> {
    table(b"stts", runs.len(), runs.as_flattened())
}

/// A file of a `moov` and its media. `traks` makes the tracks, and gets the position where the media starts.
fn file(traks: impl Fn(usize) -> Vec<Vec<u8>>, media: &[u8]) -> Vec<u8> {
    let head = ftyp().len() + moov(&traks(0)).len();
    [ftyp(), moov(&traks(head)), media.to_vec()].concat()
}

/// Protects a file in every chunking, and checks that its times and its decrypted samples are as before.
fn checked(clear: &[u8]) -> Vec<u8> {
    let out = protected(clear, Scheme::Cenc);
    timeline::same(clear, &out);
    layout::check(&out);
    let before = Movie::parse(clear.to_vec());
    samples::same_samples(&before, &Movie::parse(out.clone()), &keys());
    out
}

/// The track_ID and sample_count of each fragment.
fn fragments(out: &[u8]) -> Vec<(u8, u8)> {
    let boxes = top_level(out);
    let moofs = boxes.iter().filter(|piece| &piece.kind == b"moof");
    let told = moofs.map(|moof| {
        let traf = moof.at(&[b"traf"]);
        (traf.at(&[b"tfhd"]).body()[7], traf.at(&[b"trun"]).body()[7])
    });
    told.collect()
}

/// Six seconds of pictures, with a sync sample every 1.5 s, and of sound, in chunks of 1 s. A text comes after all other
/// media.
fn film(at: usize) -> Vec<Vec<u8>> {
    let chunk = |n: usize| at + 8 + 100 * n;
    let starts = |of: usize| (0..6).map(move |second| chunk(2 * second + of));
    let pictures = [
        stts(&[[12, 5]]),
        table(b"stss", 4, &[1, 4, 7, 10]),
        stsz(&[50; 12]),
        stsc(&[[1, 2, 1]]),
        stco(&starts(0).collect::<Vec<_>>()),
    ];
    let sound = [
        stts(&[[60, 1]]),
        stsz(&[10; 60]),
        stsc(&[[1, 10, 1]]),
        stco(&starts(1).collect::<Vec<_>>()),
    ];
    let text = [
        stts(&[[2, 30]]),
        stsz(&[7, 8]),
        stsc(&[[1, 2, 1]]),
        stco(&[chunk(12)]),
    ];
    vec![
        trak(1, b"vp08", &pictures),
        trak(2, b"mp4a", &sound),
        trak(3, b"stpp", &text),
        boxed(b"udta", &[b"kept"]),
    ]
}

#[test]
fn fragments_start_at_sync_samples_two_seconds_apart_and_leave_in_the_order_of_time() {
    let clear = file(film, &mdat(&media(1215)));
    let out = checked(&clear);
    // The sync samples at 1.5 s and 4.5 s come too early for a new fragment, and the second sample of the text belongs to
    // another time.
    assert_eq!(
        fragments(&out),
        [(1, 6), (2, 30), (1, 6), (2, 30), (3, 1), (3, 1)]
    );
    assert!(out.windows(8).any(|bytes| bytes == b"udtakept"));
    let mehd = out.windows(4).any(|kind| kind == b"mehd");
    assert!(!mehd, "the movie's duration is not known");
}

#[test]
fn boxes_between_stay_and_bytes_that_no_sample_claims_do_not() {
    let free = boxed(b"free", &[b"kept"]);
    let at = |at: usize| {
        let tables = [
            stts(&[[3, 5]]),
            stsz(&[30, 20, 40]),
            stsc(&[[1, 1, 1]]),
            // The second sample comes first in the file.
            stco(&[at + 8 + 50, at + 8 + 5, at + 8 + 100 + 12 + 16]),
        ];
        vec![trak(1, b"mp4a", &tables)]
    };
    let wide = [
        &word(1),
        b"mdat".as_slice(),
        &66u64.to_be_bytes(),
        &media(50),
    ]
    .concat();
    let clear = file(at, &[mdat(&media(100)), free, wide].concat());
    let out = checked(&clear);
    assert_eq!(super::kinds(&out).join(" "), "ftyp moov free moof mdat");
    assert_eq!(top_level(&out).last().unwrap().body().len(), 90);
    // The `mdat` extends to the end of the file.
    let mut open = clear;
    let last = open.len() - 66;
    open.truncate(last);
    open.extend([word(0).as_slice(), b"mdat", &media(58)].concat());
    checked(&open);
}

#[test]
fn groups_dependencies_offsets_and_descriptions_go_with_their_samples() {
    let traks = |at: usize| {
        let mut ctts = table(b"ctts", 2, &[3, 7, 1, 0xffff_fffe]);
        ctts[8] = 1;
        let tables = [
            stts(&[[2, 15], [3, 10]]),
            ctts,
            table(b"stss", 3, &[1, 3, 5]),
            boxed(b"sdtp", &[&[0, 0, 0, 0, 0x20, 0x18, 0x24, 0x14, 0x20]]),
            boxed(
                b"sgpd",
                &[&[1, 0, 0, 0], b"roll", &word(2), &word(1), &[0, 1]],
            ),
            boxed(
                b"sbgp",
                &[
                    &[0; 4],
                    b"roll",
                    &word(2),
                    &word(2),
                    &word(1),
                    &word(1),
                    &word(0),
                ],
            ),
            stsz(&[20; 5]),
            stsc(&[[1, 4, 1], [2, 1, 2]]),
            stco(&[at + 8, at + 8 + 80]),
        ];
        vec![trak(1, b"vp08", &tables)]
    };
    let clear = file(traks, &mdat(&media(100)));
    let out = checked(&clear);
    assert_eq!(fragments(&out), [(1, 2), (1, 2), (1, 1)]);
    let told = &timeline::of(&out)[&1];
    let offsets: Vec<_> = told
        .iter()
        .map(|moment| moment.composition_offset)
        .collect();
    assert_eq!(offsets, [7, 7, 7, -2, 0]);
    assert_eq!(told[4].description, 2);
    assert_eq!((told[1].groups.len(), told[2].groups.len()), (1, 0));
}

#[test]
fn samples_without_bytes_and_tracks_without_samples_are_told_too() {
    let traks = |at: usize| {
        let tables = |sizes: &[u32]| {
            let count = u32::try_from(sizes.len()).unwrap();
            let chunk = [stsz(sizes), stsc(&[[1, count, 1]]), stco(&[at + 8])].concat();
            vec![stts(&[[count, 30]]), chunk]
        };
        let none = [stts(&[]), stsz(&[]), stsc(&[]), stco(&[])];
        vec![
            trak(1, b"mp4a", &tables(&[0, 20, 0])),
            trak(2, b"mp4a", &none),
            trak(3, b"stpp", &tables(&[0])),
        ]
    };
    let clear = file(traks, &mdat(&media(20)));
    let out = protected(&clear, Scheme::Cenc);
    timeline::same(&clear, &out);
    assert_eq!(fragments(&out), [(1, 1), (1, 1), (1, 1), (3, 1)]);
}

/// A file of one sound track with these tables and 100 bytes of media.
fn one(tables: impl Fn(usize) -> Vec<Vec<u8>>) -> Vec<u8> {
    let track = |at| vec![trak(1, b"mp4a", &tables(at + 8))];
    file(track, &mdat(&media(100)))
}

fn good(at: usize) -> Vec<Vec<u8>> {
    vec![
        stts(&[[2, 5]]),
        stsz(&[60, 40]),
        stsc(&[[1, 2, 1]]),
        stco(&[at]),
    ]
}

#[test]
fn tables_that_cannot_be_cut_are_refused_before_anything_leaves() {
    checked(&one(good));
    let with = |extra: Vec<u8>| one(move |at| [good(at), vec![extra.clone()]].concat());
    let times = |stts: Vec<u8>| one(move |at| [vec![stts.clone()], good(at).split_off(1)].concat());
    let huge = |count: u32, duration: u32| {
        one(move |at| {
            vec![
                stts(&[[u32::MAX, duration]]),
                full(b"stsz", &[0, 1, count]),
                stsc(&[[1, count, 1]]),
                stco(&[at]),
            ]
        })
    };
    for (file, said) in [
        (times(stts(&[[1, 5]])), "samples without a duration"),
        (times(stts(&[])), "samples without a duration"),
        (times(table(b"stts", 1 << 28, &[])), "truncated"),
        (with(table(b"ctts", 9, &[1, 1])), "truncated"),
        (with(table(b"stss", 9, &[1])), "truncated"),
        (
            with(boxed(b"sbgp", &[&[0; 4], b"roll", &word(9)])),
            "truncated",
        ),
        (with(full(b"subs", &[0, 1, 1])), "truncated"),
        (with(full(b"csgp", &[0, 0, 1])), "truncated"),
        (huge(1 << 23, 20), "the number of fragments"),
        (huge(u32::MAX, 1), "more samples than any file has"),
        (huge(101, 1), "ends inside mdat"),
    ] {
        let said_so = refusal(&file);
        assert!(said_so.contains(said), "{said_so}");
    }
}

#[test]
fn what_does_not_belong_into_a_progressive_file_is_refused() {
    let fine = one(good);
    let sidx = full(b"sidx", &[0, 1, 10, 0, 0, 1, 100, 0, 0]);
    let followed_by = |extra: &[u8]| [&fine, extra].concat();
    let in_front = [sidx.as_slice(), &fine].concat();
    let elsewhere = |by: usize| one(move |at| good(at - by));
    let none = one(|_| vec![stts(&[]), stsz(&[]), stsc(&[]), stco(&[])]);
    let meta = boxed(b"meta", &[&[0; 4], &full(b"iloc", &[0, 0])]);
    let items = file(
        |at| vec![trak(1, b"mp4a", &good(at + 8)), meta.clone()],
        &mdat(&media(100)),
    );
    for (file, said) in [
        (
            followed_by(&empty_moof()),
            "a fragment follows a 'moov' that announces none",
        ),
        (
            followed_by(&sound(&[20])),
            "a fragment follows a 'moov' that announces none",
        ),
        (followed_by(&sidx), "'sidx' is not supported"),
        (followed_by(&fine), "'moov' occurs more than once"),
        (in_front, "'sidx' is not supported"),
        (elsewhere(1), "outside of every 'mdat'"),
        (one(|at| good(at + 1)), "ends inside mdat"),
        (none, "without a 'moof'"),
        (items, "'iloc' is not supported"),
    ] {
        let said_so = refusal(&file);
        assert!(said_so.contains(said), "{said_so}");
    }
}

#[test]
fn coarse_interleaving_is_refused_at_once_and_large_fragments_are_divided() {
    const MEBIBYTE: u32 = 1 << 20;
    let tracks = |sizes: &[u32], others: usize| {
        let count = u32::try_from(sizes.len()).unwrap();
        let len: u32 = sizes.iter().sum();
        let traks = |at: usize| {
            let place = |at| [stsz(sizes), stsc(&[[1, count, 1]]), stco(&[at])].concat();
            let pictures = [stts(&[[count, 1]]), table(b"stss", 1, &[1]), place(at + 8)];
            let sound = [
                stts(&[[2, 30]]),
                stsz(&[20; 2]),
                stsc(&[[1, 2, 1]]),
                stco(&[at + others]),
            ];
            vec![trak(1, b"vp08", &pictures), trak(2, b"mp4a", &sound)]
        };
        file(traks, &mdat(&vec![7; len as usize + 40]))
    };
    let whole = |clear: &[u8]| protect(clear, Scheme::Cenc, IndexMode::Hold, []);
    // The sound comes after 80 MiB of pictures.
    let coarse = tracks(&[MEBIBYTE; 80], 8 + (80 << 20));
    assert!(
        whole(&coarse)
            .unwrap_err()
            .contains("interleaved so coarsely")
    );
    let out = whole(&tracks(&[MEBIBYTE; 20], 8 + (20 << 20))).unwrap();
    assert_eq!(fragments(&out), [(1, 16), (2, 1), (1, 4), (2, 1)]);
}
