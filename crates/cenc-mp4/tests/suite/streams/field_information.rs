// SPDX-License-Identifier: MPL-2.0
//! Auxiliary information of other kinds, segments separate from their initialization segment, and tracks with nothing to
//! protect.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output, Warning};
use cenc_types::Scheme;

use super::{protected, refusal};
use test_support::build::{
    Base, boxed, fragment, ftyp, full, init, mdat, media, moof, moov_of, sound, tfhd, traf,
    trak_of, trex, trun, word,
};
use test_support::encrypted::{FixedKey, file};
use test_support::stream::{all, boxes, number};

#[test]
fn other_auxiliary_information_is_carried_along() {
    let payload = media(70);
    let kind = b"\0\0\0\x01abcd\0\0\0\0";
    for (version, width) in [(0, 4), (1, 8)] {
        // After the sample come ten bytes of information, and ten bytes that belong to nothing.
        let make = |data: i32| {
            let place = u64::try_from(data + 50).unwrap().to_be_bytes();
            let saiz = boxed(b"saiz", &[kind, &[10, 0, 0, 0, 1]]);
            let mut saio = boxed(b"saio", &[kind, &word(1), &place[8 - width..]]);
            saio[8] = version;
            let subs = full(b"subs", &[0, 1, 1, 0x0001_0032, 0]);
            let inner = [trun(Some(data), &[50]), saiz, saio, subs];
            moof(&[traf(&tfhd(1, Base::Moof), &inner)])
        };
        let stream = [init(), fragment(make, &[], &mdat(&payload))].concat();
        let out = protected(&stream, Scheme::Cenc);
        let tops = boxes(&out, 0..out.len());
        let traf = &all(&out, &tops[2], b"traf")[0];
        let saio = &all(&out, traf, b"saio")[0];
        let place = tops[2].start + number(&out, saio.body.end - width, width);
        assert_eq!(place, tops[3].body.start + 50);
        assert_eq!(&out[place..place + 10], &payload[50..60]);
        assert_eq!(&out[place + 10..], [0; 10]);
        assert_eq!(all(&out, traf, b"subs").len(), 1);
        assert_eq!(all(&out, traf, b"saiz").len(), 2);
    }
}

#[test]
fn auxiliary_information_that_shares_bytes_with_a_sample_is_refused() {
    let kind = b"\0\0\0\x01abcd\0\0\0\0";
    for offset in [0, 45] {
        let make = |data: i32| {
            let place = word(usize::try_from(data + offset).unwrap());
            let saiz = boxed(b"saiz", &[kind, &[10, 0, 0, 0, 1]]);
            let saio = boxed(b"saio", &[kind, &word(1), &place]);
            moof(&[traf(
                &tfhd(1, Base::Moof),
                &[trun(Some(data), &[50]), saiz, saio],
            )])
        };
        let stream = [init(), fragment(make, &[], &mdat(&media(70)))].concat();
        assert!(refusal(&stream).contains("or share bytes"));
    }
}

#[test]
fn segments_follow_an_init_segment_that_is_apart() {
    let whole = [init(), sound(&[20, 30]), sound(&[40])].concat();
    let expected = protected(&whole, Scheme::Cenc);
    let mut encryptor = Encryptor::new(IndexMode::Patch);
    let mut protector = FixedKey::new(Scheme::Cenc);
    let mut out = encryptor.take_init(&init(), &mut protector).unwrap();
    let mut announced = Vec::new();
    for segment in [sound(&[20, 30]), sound(&[40])] {
        let mut outputs = Vec::new();
        let chunk = BytesMut::from(segment.as_slice());
        encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
        encryptor.finish(&mut protector, &mut outputs).unwrap();
        encryptor.flush();
        announced.extend(outputs.iter().filter_map(|output| match output {
            Output::Boxes { announcement, .. } => Some(announcement.init),
            _ => None,
        }));
        out.extend(file(outputs));
    }
    // The IVs continue from one segment to the next.
    assert!(out == expected);
    assert_eq!(announced, [true, false]);
}

/// Pictures in NAL units of type 12, filler data, which no codec protects.
fn filler(samples: usize) -> Vec<u8> {
    // The parameter sets are in the samples.
    let config = b"\x01\x42\xc0\x1e\xff\xe0\0";
    let entry = boxed(b"avc1", &[&[0; 78], &boxed(b"avcC", &[config])]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
    let moov = moov_of(&[trak_of(1, b"vide", &stsd)], &[trex(1, 0)]);
    let sample = [&word(300)[..], &[12], &[0xff; 299]].concat();
    let sizes = vec![304; samples];
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &sizes)])]);
    [
        ftyp(),
        moov,
        fragment(make, &[], &mdat(&sample.repeat(samples))),
    ]
    .concat()
}

#[test]
fn track_of_which_nothing_is_protected_is_refused() {
    for samples in [1, 31, 32, 40] {
        let refused = refusal(&filler(samples));
        assert!(
            refused.contains("nothing was protected in track 1"),
            "{refused}"
        );
    }
    // The error comes at the limit, before a byte of the fragment leaves.
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    let chunk = BytesMut::from(filler(32).as_slice());
    encryptor
        .push(chunk, &mut protector, &mut outputs)
        .unwrap_err();
    assert!(!file(outputs).windows(4).any(|kind| kind == b"moof"));
    // A shorter track leaves with a warning until the stream ends.
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let mut outputs = Vec::new();
    let chunk = BytesMut::from(filler(2).as_slice());
    encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
    let warning = encryptor.next_warning();
    let expected = Warning::ClearSample {
        track_id: 1,
        len: 304,
    };
    assert_eq!(warning, Some(expected));
    assert_eq!(encryptor.next_warning(), None);
}
