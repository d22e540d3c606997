// SPDX-License-Identifier: MPL-2.0
//! Every way in which a `moof` can state the position of its samples: 14496-12, clauses 8.8.4 to 8.8.8.

use super::{checked, kinds};
use test_support::build::{
    Base, boxed, empty_moof, fragment, ftyp, full, init, mdat, media, moof, moov, moov_of, sound,
    tfhd, traf, trak, trex, trun, word,
};
use test_support::stream::{all, boxes, number};

const TWO: [&[u8; 4]; 2] = [b"mp4a", b"mp4a"];

fn two_tracks() -> Vec<u8> {
    [ftyp(), moov(&TWO)].concat()
}

#[test]
fn track_fragments_and_runs_may_be_interleaved() {
    let payload = media(120);
    let make = |data| {
        moof(&[
            traf(
                &tfhd(1, Base::Moof),
                &[trun(Some(data), &[20, 10]), trun(Some(data + 70), &[17])],
            ),
            traf(
                &tfhd(2, Base::Moof),
                &[trun(Some(data + 87), &[33]), trun(Some(data + 30), &[40])],
            ),
        ])
    };
    let stream = [two_tracks(), fragment(make, &[], &mdat(&payload))].concat();
    let samples: [(u32, &[u8]); 5] = [
        (1, &payload[..20]),
        (1, &payload[20..30]),
        (1, &payload[70..87]),
        (2, &payload[87..]),
        (2, &payload[30..70]),
    ];
    checked(&stream, &samples);
}

#[test]
fn base_data_offset_follows_the_fragment() {
    let payload = media(64);
    let first = [init(), sound(&[40])].concat();
    // The base is the `moof`, the payload, or the end of the file.
    for offset in [0, 112, 176] {
        let make = |data| {
            let run = trun(Some(data - offset), &[24, 40]);
            let base = first.len() + usize::try_from(offset).unwrap();
            moof(&[traf(&tfhd(1, Base::At(base)), &[run])])
        };
        let stream = [first.clone(), fragment(make, &[], &mdat(&payload))].concat();
        let all = [(1, &*media(40)), (1, &payload[..24]), (1, &payload[24..])];
        checked(&stream, &all);
    }
}

#[test]
fn first_base_is_the_moof_and_the_next_is_where_data_ended() {
    let payload = media(90);
    for second in [trun(Some(10), &[30]), trun(None, &[40])] {
        let gap = second == trun(Some(10), &[30]);
        let make = |data| {
            // In the first case a third track fragment uses the bytes between.
            let third = traf(&tfhd(1, Base::Moof), &[trun(Some(data + 50), &[10])]);
            let mut trafs = vec![
                traf(
                    &tfhd(1, Base::Legacy),
                    &[trun(Some(data), &[20]), trun(None, &[30])],
                ),
                traf(&tfhd(2, Base::Legacy), std::slice::from_ref(&second)),
            ];
            trafs.extend(gap.then_some(third));
            moof(&trafs)
        };
        let stream = [two_tracks(), fragment(make, &[], &mdat(&payload))].concat();
        let mut samples = vec![(1, &payload[..20]), (1, &payload[20..50])];
        match gap {
            true => samples.extend([(2, &payload[60..]), (1, &payload[50..60])]),
            false => samples.push((2, &payload[50..])),
        }
        checked(&stream, &samples);
    }
}

#[test]
fn track_fragment_without_samples_does_not_move_the_legacy_base() {
    let payload = media(60);
    let make = |data| {
        moof(&[
            traf(&tfhd(1, Base::Legacy), &[trun(Some(data), &[20])]),
            traf(&tfhd(1, Base::Legacy), &[]),
            traf(&tfhd(2, Base::Legacy), &[trun(Some(0), &[40])]),
        ])
    };
    let stream = [two_tracks(), fragment(make, &[], &mdat(&payload))].concat();
    checked(&stream, &[(1, &payload[..20]), (2, &payload[20..])]);
}

#[test]
fn sizes_may_be_those_of_tfhd_or_trex() {
    let payload = media(99);
    let by_tfhd = full(b"tfhd", &[0x02_0010, 1, 33]);
    for (tfhd, trex_size) in [(by_tfhd, 0), (tfhd(1, Base::Moof), 33)] {
        let moov = moov_of(&[trak(1, b"mp4a")], &[trex(1, trex_size)]);
        let make =
            |data: i32| moof(&[traf(&tfhd, &[full(b"trun", &[1, 3, data.cast_unsigned()])])]);
        let stream = [ftyp(), moov, fragment(make, &[], &mdat(&payload))].concat();
        let samples: Vec<_> = payload.chunks(33).map(|sample| (1, sample)).collect();
        checked(&stream, &samples);
    }
}

#[test]
fn what_else_a_fragment_says_stays() {
    let tfhd = full(b"tfhd", &[0x02_003a, 1, 1, 1024, 0, 0x0200_0000]);
    let [sdtp, unknown] = [full(b"sdtp", &[0x2020]), boxed(b"abcd", &[b"\x01\x02"])];
    let make = |data: i32| {
        let run = [
            0x0100_0f05,
            1,
            data.cast_unsigned(),
            9,
            1024,
            30,
            5,
            0xffff_fff6,
        ];
        let inner = [full(b"trun", &run), sdtp.clone(), unknown.clone()];
        [moof(&[traf(&tfhd, &inner)])].concat()
    };
    let payload = media(30);
    let stream = [init(), fragment(make, &[], &mdat(&payload))].concat();
    let out = checked(&stream, &[(1, &payload)]);
    let tops = boxes(&out, 0..out.len());
    let traf = &all(&out, &tops[2], b"traf")[0];
    let children = boxes(&out, traf.body.clone());
    let [ours @ .., _, _, _] = children.as_slice() else {
        panic!("{children:?}")
    };
    let of = |at: usize| &out[ours[at].start..ours[at].body.end];
    assert_eq!(ours.len(), 5);
    assert_eq!((of(0), of(3), of(4)), (&*tfhd, &*sdtp, &*unknown));
    let kept = make(number(&out, ours[2].body.start + 8, 4).try_into().unwrap());
    assert!(kept.windows(of(2).len()).any(|bytes| bytes == of(2)));
}

#[test]
fn mdat_may_have_a_64_bit_size_or_none() {
    let payload = media(50);
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &[50])])]);
    let large = [&word(1), b"mdat", &[0; 7][..], &[66], &payload].concat();
    let endless = [&word(0), b"mdat", &*payload].concat();
    let fragments = [fragment(make, &[], &large), fragment(make, &[], &endless)].concat();
    let stream = [init(), fragments].concat();
    let out = checked(&stream, &[(1, &payload), (1, &payload)]);
    assert_eq!(
        kinds(&out),
        ["ftyp", "moov", "moof", "mdat", "moof", "mdat"]
    );
}

#[test]
fn moof_may_have_a_64_bit_size() {
    let payload = media(50);
    let make = |data| {
        let moof = moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &[50])])]);
        let size = (moof.len() as u64 + 8).to_be_bytes();
        [&word(1), b"moof", &size[..], &moof[8..]].concat()
    };
    let stream = [init(), fragment(make, &[], &mdat(&payload))].concat();
    checked(&stream, &[(1, &payload)]);
}

#[test]
fn boxes_around_the_fragments_stay_byte_for_byte() {
    let payload = media(50);
    let names: [&[u8; 4]; 6] = [b"styp", b"prft", b"emsg", b"free", b"uuid", b"abcd"];
    let others: Vec<_> = names
        .iter()
        .map(|name| boxed(name, &[&media(40)]))
        .collect();
    let before = others.concat();
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &[50])])]);
    let fragment = fragment(make, &before, &mdat(&payload));
    let stream = [&*init(), &*before, &*fragment, &*before].concat();
    let out = checked(&stream, &[(1, &payload)]);
    assert_eq!(kinds(&out), kinds(&stream));
    let tops = boxes(&out, 0..out.len());
    for run in [2..8, 9..15, 16..22] {
        let run = &tops[run];
        assert_eq!(&out[run[0].start..run[5].body.end], before);
    }
}

#[test]
fn moof_without_samples_needs_no_mdat() {
    let (free, payload) = (boxed(b"free", &[]), media(40));
    let empty = empty_moof();
    let parts = [
        &*init(),
        &*empty,
        &*empty,
        &*sound(&[40]),
        &*free,
        &*empty,
        &*free,
    ];
    let out = checked(&parts.concat(), &[(1, &payload)]);
    let tops = [
        "ftyp", "moov", "moof", "moof", "moof", "mdat", "free", "moof", "free",
    ];
    assert_eq!(kinds(&out), tops);
}

#[test]
fn samples_without_bytes_are_samples() {
    let payload = media(40);
    let make = |data| {
        moof(&[traf(
            &tfhd(1, Base::Moof),
            &[trun(Some(data), &[0, 25, 0, 15, 0])],
        )])
    };
    let stream = [init(), fragment(make, &[], &mdat(&payload))].concat();
    let samples: [&[u8]; 5] = [&[], &payload[..25], &[], &payload[25..], &[]];
    checked(&stream, &samples.map(|sample| (1, sample)));
}

#[test]
fn text_beside_sound_stays_clear() {
    let payload = media(80);
    let moov = moov_of(
        &[trak(10, b"wvtt"), trak(2, b"mp4a")],
        &[trex(2, 0), trex(10, 0)],
    );
    let make = |data| {
        moof(&[
            traf(&tfhd(10, Base::Moof), &[trun(Some(data), &[30])]),
            traf(&tfhd(2, Base::Moof), &[trun(Some(data + 30), &[50])]),
        ])
    };
    let stream = [ftyp(), moov, fragment(make, &[], &mdat(&payload))].concat();
    checked(&stream, &[(10, &payload[..30]), (2, &payload[30..])]);
}

#[test]
fn second_moov_replaces_the_first() {
    let payload = media(60);
    let make = |data| moof(&[traf(&tfhd(3, Base::Moof), &[trun(Some(data), &[60])])]);
    let moov = moov_of(
        &[trak(10, b"stpp"), trak(3, b"mp4a")],
        &[trex(3, 0), trex(10, 0)],
    );
    let again = fragment(make, &[], &mdat(&payload));
    let stream = [init(), sound(&[20, 20]), ftyp(), moov, again].concat();
    let first = media(40);
    let out = checked(
        &stream,
        &[(1, &first[..20]), (1, &first[20..]), (3, &payload)],
    );
    let tops = [
        "ftyp", "moov", "moof", "mdat", "ftyp", "moov", "moof", "mdat",
    ];
    assert_eq!(kinds(&out), tops);
}
