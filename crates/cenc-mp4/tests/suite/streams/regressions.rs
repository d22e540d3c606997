// SPDX-License-Identifier: MPL-2.0
//! Streams that the packager once handled wrongly.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::Scheme;

use super::index::{check, sidx};
use super::refusal;
use test_support::build::{
    Base, boxed, empty_moof, fragment, ftyp, init, mdat, media, moof, moov_of, sound, tfhd, traf,
    trak, trex, trun, word,
};
use test_support::encrypted::{FixedKey, protect};
use test_support::stream::{all, boxes, number};

// The end of a `moof` that needs no `mdat` was not recognized as the end of a box.
#[test]
fn sidx_may_measure_a_moof_without_samples() {
    let [a, empty, styp] = [sound(&[20]), empty_moof(), boxed(b"styp", &[b"msdh"])];
    check(&[&*init(), &sidx(0, 0, &[empty.len(), a.len()]), &empty, &a].concat());
    let segment = [&*styp, &a].concat();
    check(
        &[
            &*init(),
            &sidx(0, 0, &[empty.len(), segment.len()]),
            &empty,
            &segment,
        ]
        .concat(),
    );
}

// The addition of the run's data offset overflowed.
#[test]
fn base_data_offset_at_the_end_of_numbers() {
    let far = usize::try_from(i64::MAX).unwrap();
    for run in [
        trun(Some(i32::MAX), &[100]),
        trun(None, &[]),
        trun(None, &[100]),
    ] {
        let make = |_| moof(&[traf(&tfhd(1, Base::At(far)), std::slice::from_ref(&run))]);
        let stream = [init(), fragment(make, &[], &mdat(&media(100)))].concat();
        refusal(&stream);
        refusal(&stream[..stream.len() - 108]);
    }
}

// The fragments of the second track, which `moov` protects, left in the clear like those of the first.
#[test]
fn two_tracks_of_one_number_are_refused() {
    let traks = [trak(1, b"wvtt"), trak(1, b"mp4a")];
    let moov = moov_of(&traks, &[trex(1, 0)]);
    let stream = [ftyp(), moov, sound(&[20])].concat();
    assert!(protect(&stream, Scheme::Cenc, IndexMode::Hold, []).is_err());
}

// Auxiliary information of another kind stayed at its old position.
#[test]
fn saio_of_another_kind_is_moved_or_refused() {
    let kind = b"\0\0\0\x01abcd\0\0\0\0";
    let make = |data: i32| {
        let place = word(usize::try_from(data).unwrap());
        let saiz = boxed(b"saiz", &[kind, &[4, 0, 0, 0, 1]]);
        let saio = boxed(b"saio", &[kind, &word(1), &place]);
        moof(&[traf(
            &tfhd(1, Base::Moof),
            &[trun(Some(data), &[100]), saiz, saio],
        )])
    };
    let stream = [init(), fragment(make, &[], &mdat(&media(100)))].concat();
    if let Ok(out) = protect(&stream, Scheme::Cenc, IndexMode::Hold, []) {
        let tops = boxes(&out, 0..out.len());
        let saio = &all(&out, &all(&out, &tops[2], b"traf")[0], b"saio")[0];
        let place = tops[2].start + number(&out, saio.body.end - 4, 4);
        assert_eq!(place, tops[3].body.start);
    }
}

// The ranges of an `ssix` count bytes of `moof` boxes, which grow.
#[test]
fn ssix_is_refused() {
    let ssix = boxed(b"ssix", &[&[0; 8]]);
    let stream = [init(), ssix, sound(&[20])].concat();
    assert!(protect(&stream, Scheme::Cenc, IndexMode::Hold, []).is_err());
}

// Each part of a chunk reserved memory for all parts after it: memory grew with the square of the chunk's size.
#[test]
fn chunks_cut_off_share_the_memory_they_came_in() {
    let stream = [init(), sound(&[100]).repeat(50)].concat();
    let (mut encryptor, mut outputs) = (Encryptor::new(IndexMode::Hold), Vec::new());
    let len = stream.len();
    let mut protector = FixedKey::new(Scheme::Cenc);
    let chunk = BytesMut::from(stream.as_slice());
    encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
    let room = outputs.iter().map(|output| match output {
        Output::Media(bytes) => bytes.capacity(),
        Output::Boxes { from, .. } => from.as_ref().map_or(0, BytesMut::capacity),
        Output::Patch { .. } => 0,
    });
    let room: usize = room.sum();
    assert!(room <= 2 * len, "{room} bytes for {len}");
}
