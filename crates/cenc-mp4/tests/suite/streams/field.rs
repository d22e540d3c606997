// SPDX-License-Identifier: MPL-2.0
//! Forms of streams that phones, editors and other packagers write: trailers, several `mdat` boxes, padding, and `mdat` before its
//! `moof`.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Warning};
use cenc_types::Scheme;

use super::{checked, kinds, protected, refusal};
use test_support::build::{
    Base, boxed, fragment, init, mdat, media, moof, moov, sound, tfhd, traf, trun,
};
use test_support::encrypted::{FixedKey, file};

/// Protects a stream, and returns the warnings and the output.
fn warned(stream: &[u8]) -> (Vec<Warning>, Vec<u8>) {
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    let chunk = BytesMut::from(stream);
    encryptor.push(chunk, &mut protector, &mut outputs).unwrap();
    encryptor.finish(&mut protector, &mut outputs).unwrap();
    let warnings = std::iter::from_fn(|| encryptor.next_warning()).collect();
    (warnings, file(outputs))
}

#[test]
fn bytes_that_form_no_box_are_dropped_from_the_end_with_a_warning() {
    let stream = [init(), sound(&[20, 30])].concat();
    let expected = protected(&stream, Scheme::Cenc);
    for trailer in [
        &b"\0"[..],
        &[0; 4],
        &[0; 7],
        &[0; 64],
        b"END",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\x01\x0bSEFHk\0\0\0\x01\0\0\0\0\0SEFT",
        b"\0\0\0\x05freeabc",
        b"\0\0\x10\0skip",
        b"\0\0\0\0free\0\0\0\0",
        b"<trailer>of an editor</trailer>",
        &[0x5a; 100_000],
    ] {
        let whole = [stream.as_slice(), trailer].concat();
        let (warnings, out) = warned(&whole);
        assert!(out == expected, "{trailer:?}");
        let dropped = Warning::Trailer {
            position: stream.len() as u64,
            len: trailer.len() as u64,
        };
        assert_eq!(warnings, [dropped]);
        if trailer.len() < 100 {
            assert!(protected(&whole, Scheme::Cenc) == expected, "{trailer:?}");
        }
    }
}

#[test]
fn cut_and_damaged_boxes_are_no_trailer() {
    let stream = [init(), sound(&[20, 30])].concat();
    for (end, said) in [
        (&b"\0\0\x01\0moof\0\0\0\x10mfhd"[..], "ends inside moof"),
        (b"\0\0\x01\0mdat", "ends inside mdat"),
        (b"\0\0\x01\0mda", "ends inside moof"),
        (b"\0\0\0\x07moof", "damaged"),
        (b"\0\0\0\0moof\0\0\0\0", "larger than"),
    ] {
        let said_so = refusal(&[stream.as_slice(), end].concat());
        assert!(said_so.contains(said), "{said_so}");
    }
    let damaged = [stream.as_slice(), &[0; 9], &sound(&[20])].concat();
    assert!(refusal(&damaged).contains("form no box, but 'moof' is among them"));
}

#[test]
fn other_files_are_named() {
    for (start, said) in [
        (
            &[0x47, 0x40, 0x11, 0x10, 0xff][..],
            "not an MP4 file but MPEG-TS",
        ),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01", "Matroska or WebM"),
        (b"FLV\x01\x05\0\0\0\x09", "FLV"),
        (b"RIFF\x24\0\0\0AVI LIST", "AVI"),
        (b"OggS\0\x02", "Ogg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not an MP4 file: give"),
        (b"hello", "not an MP4 file: give"),
        (b"\0\0\0\0", "not an MP4 file: give"),
        (b"once upon a time", "not an MP4 file: give"),
    ] {
        for repeat in [1, 500] {
            let mut stream = start.to_vec();
            stream.resize(start.len().max(188) * repeat, 0xff);
            for packet in (0..stream.len()).step_by(188) {
                stream[packet] = start[0];
            }
            let said_so = refusal(if repeat == 1 { start } else { &stream });
            assert!(said_so.contains(said), "{said_so}");
        }
    }
}

/// A `moof` of these runs. Each has the distance of its data from the start of the `moof`, and the sizes of its samples.
pub(super) fn moof_at(runs: &[(i32, &[u32])]) -> Vec<u8> {
    let runs: Vec<_> = runs
        .iter()
        .map(|(at, sizes)| trun(Some(*at), sizes))
        .collect();
    moof(&[traf(&tfhd(1, Base::Moof), &runs)])
}

fn signed(len: usize) -> i32 {
    i32::try_from(len).unwrap()
}

#[test]
fn fragment_may_have_any_number_of_mdat_boxes() {
    let payload = media(90);
    let parts = [
        mdat(&payload[..40]),
        boxed(b"free", &[&[1; 5]]),
        mdat(&payload[40..70]),
        mdat(&[]),
        mdat(&payload[70..]),
    ];
    let starts = |moof: usize| [moof + 8, moof + 48 + 13 + 8, moof + 48 + 13 + 38 + 8 + 8];
    let make = |moof: usize| {
        let [a, b, c] = starts(moof).map(signed);
        moof_at(&[(a, &[15, 25]), (b, &[30]), (c, &[20])])
    };
    let moof = make(make(0).len());
    let next = sound(&[33]);
    let stream = [init(), moof, parts.concat(), next].concat();
    let out = checked(
        &stream,
        &[
            (1, &payload[..15]),
            (1, &payload[15..40]),
            (1, &payload[40..70]),
            (1, &payload[70..]),
            (1, &media(33)),
        ],
    );
    assert_eq!(kinds(&out), kinds(&stream));
}

#[test]
fn bytes_of_no_sample_become_zeros() {
    let payload = media(100);
    // Padding comes before, between and after the samples.
    let make = |data: i32| moof_at(&[(data + 5, &[20]), (data + 30, &[20, 20]), (data + 90, &[4])]);
    let stream = [init(), fragment(make, &[], &mdat(&payload))].concat();
    let out = checked(
        &stream,
        &[
            (1, &payload[5..25]),
            (1, &payload[30..50]),
            (1, &payload[50..70]),
            (1, &payload[90..94]),
        ],
    );
    let out = &out[out.len() - 100..];
    for gap in [0..5, 25..30, 70..90, 94..100] {
        assert!(out[gap].iter().all(|&byte| byte == 0));
    }
}

#[test]
fn mdat_may_be_before_its_moof() {
    let payload = media(70);
    let free = boxed(b"free", &[b"kept"]);
    let whole = mdat(&payload);
    let back = signed(whole.len() + free.len() - 8);
    let moof = moof_at(&[(-back, &[30, 40])]);
    let once = [whole, free, moof].concat();
    let stream = [init(), once.clone(), once].concat();
    let samples = [(1, &payload[..30]), (1, &payload[30..])];
    let out = checked(&stream, &samples.repeat(2));
    assert_eq!(kinds(&out), kinds(&stream));

    // The samples are on both sides of the `moof`, and there is padding between fragments.
    let make = |moof: usize| moof_at(&[(-70, &[30, 40]), (signed(moof + 8), &[50])]);
    let both = [mdat(&payload), make(make(0).len()), mdat(&media(50))].concat();
    let stream = [init(), both, mdat(&[0; 9]), sound(&[20]), mdat(&[0; 9])].concat();
    let samples = [samples[0], samples[1], (1, &media(50)), (1, &media(20))];
    let out = checked(&stream, &samples);
    assert_eq!(kinds(&out), kinds(&stream));
}

#[test]
fn base_data_offset_may_lead_back() {
    let payload = media(70);
    let at = init().len();
    let tfhd = tfhd(1, Base::At(at));
    let moof = moof(&[traf(&tfhd, &[trun(Some(8), &[70])])]);
    let stream = [init(), mdat(&payload), moof].concat();
    checked(&stream, &[(1, &payload)]);
}

#[test]
fn media_that_no_moof_describes_is_refused() {
    let lost = "media data without a 'moof'";
    for stream in [
        [init(), mdat(&media(20))].concat(),
        [init(), sound(&[20]), mdat(&media(20))].concat(),
        [init(), mdat(&media(20)), moov(&[b"mp4a"])].concat(),
    ] {
        assert!(refusal(&stream).contains(lost));
    }
    // One of the two `mdat` boxes has no sample.
    let stream = [init(), mdat(&media(20)), sound(&[20])].concat();
    assert!(refusal(&stream).contains("no sample is in an 'mdat'"));
}
