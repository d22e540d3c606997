// SPDX-License-Identifier: MPL-2.0
//! Streams that cannot be protected completely are refused, and no byte of the affected fragment leaves.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Output};
use cenc_types::Scheme;

use super::refusal;
use test_support::build::{
    Base, boxed, fragment, ftyp, full, init, mdat, media, moof, moov_of, sound, tfhd, traf, trak,
    trak_of, trex, trun, word,
};
use test_support::encrypted::{FixedKey, protect};
use test_support::stream::boxes;

/// A fragment of track 1 with 100 bytes of payload. `runs` makes its runs, and gets the offset of the payload from the
/// `moof`.
fn runs(runs: impl Fn(i32) -> Vec<Vec<u8>>) -> Vec<u8> {
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &runs(data))]);
    [init(), fragment(make, &[], &mdat(&media(100)))].concat()
}

/// A sound track whose entry has this format.
fn entry(format: &[u8; 4]) -> Vec<u8> {
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &boxed(format, &[&[0; 28]])]);
    moov_of(&[trak_of(1, b"soun", &stsd)], &[trex(1, 0)])
}

#[test]
fn order_of_boxes() {
    let media = mdat(&media(20));
    for (stream, said) in [
        ([ftyp(), media.clone()], "media data comes before 'moov'"),
        ([ftyp(), sound(&[20])], "there is no 'moov'"),
        ([ftyp(), vec![]], "there is no 'moov'"),
        ([ftyp(), boxed(b"free", &[])], "there is no 'moov'"),
        ([vec![], vec![]], "there is no 'moov'"),
        ([init(), media.clone()], "without a 'moof'"),
        ([init(), [sound(&[20]), media].concat()], "without a 'moof'"),
    ] {
        let said_so = refusal(&stream.concat());
        assert!(said_so.contains(said), "{said_so}");
    }
}

#[test]
fn samples_outside_their_mdat_or_upon_each_other() {
    let elsewhere = "are outside of its 'mdat' boxes, or share bytes";
    for (stream, said) in [
        (runs(|data| vec![trun(Some(data), &[60, 41])]), elsewhere),
        (
            runs(|data| vec![trun(Some(data - 1), &[60, 40])]),
            elsewhere,
        ),
        (
            runs(|data| vec![trun(Some(data), &[60]), trun(Some(data + 59), &[41])]),
            elsewhere,
        ),
        (
            runs(|data| vec![trun(Some(data), &[100]), trun(Some(data), &[100])]),
            elsewhere,
        ),
        (
            runs(|data| vec![trun(Some(data), &[u32::MAX, u32::MAX])]),
            elsewhere,
        ),
        (runs(|_| vec![]), "no sample is in an 'mdat'"),
        (runs(|_| vec![trun(None, &[100])]), elsewhere),
    ] {
        let said_so = refusal(&stream);
        assert!(said_so.contains(said), "{said_so}");
    }
}

#[test]
fn protected_input() {
    for format in [b"enca", b"encv", b"enct", b"encs", b"encm"] {
        assert!(refusal(&[ftyp(), entry(format)].concat()).contains("already protected"));
    }
}

#[test]
fn what_moov_does_not_describe() {
    let of = |tfhd: Vec<u8>| {
        let make = |data| moof(&[traf(&tfhd, &[trun(Some(data), &[100])])]);
        [init(), fragment(make, &[], &mdat(&media(100)))].concat()
    };
    assert!(refusal(&of(tfhd(2, Base::Moof))).contains("uses track 2"));
    for index in [0, 2] {
        let tfhd = full(b"tfhd", &[0x02_0002, 1, index]);
        assert!(refusal(&of(tfhd)).contains(&format!("sample description {index}")));
    }
    let no_trex = moov_of(&[trak(1, b"mp4a")], &[trex(2, 0)]);
    assert!(refusal(&[ftyp(), no_trex].concat()).contains("no 'trex'"));
    let samples = full(b"stsz", &[0, 0, 1, 8]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(0)]);
    let trak = trak_of(1, b"soun", &[stsd, samples].concat());
    let stream = [ftyp(), moov_of(&[trak], &[trex(1, 0)])].concat();
    assert!(refusal(&stream).contains("'stsz' occurs more than once"));
}

#[test]
fn offsets_that_are_not_moved() {
    let meta = boxed(b"meta", &[&[0; 4], &full(b"iloc", &[0, 0])]);
    assert!(refusal(&[init(), meta].concat()).contains("'iloc' is not supported"));
}

#[test]
fn ends_inside_a_box_or_fragment() {
    let stream = [init(), sound(&[20]), boxed(b"free", &[]), sound(&[30])].concat();
    let tops = boxes(&stream, 0..stream.len());
    let whole = protect(&stream, Scheme::Cenc, IndexMode::Hold, []).unwrap();
    let ends: Vec<_> = tops.iter().filter(|found| &found.kind != b"moof").collect();
    for cut in 0..stream.len() {
        let at_end = ends.iter().skip(1).any(|found| {
            // Up to four bytes after a box may be a terminator, and longer ones have a type. A truncated `free` has no
            // content, once it is clear that it is no `ftyp`.
            (found.body.end..=found.body.end + 4).contains(&cut)
                || &found.kind == b"free" && (found.start + 6..found.body.end).contains(&cut)
        });
        match protect(&stream[..cut], Scheme::Cenc, IndexMode::Hold, []) {
            Ok(out) => assert!(at_end && whole.starts_with(&out), "cut to {cut} bytes"),
            Err(_) => assert!(!at_end, "cut to {cut} bytes"),
        }
    }
}

#[test]
fn nothing_of_a_refused_fragment_leaves() {
    let good = [init(), sound(&[20])].concat();
    let stream = [
        &*good,
        &runs(|data| vec![trun(Some(data), &[101])])[init().len()..],
        &sound(&[20]),
    ]
    .concat();
    let expected = protect(&good, Scheme::Cenc, IndexMode::Hold, []).unwrap();
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    let mut chunks = stream.chunks(5);
    let refused = chunks.any(|chunk| {
        encryptor
            .push(BytesMut::from(chunk), &mut protector, &mut outputs)
            .is_err()
    });
    assert!(refused);
    let bytes = outputs.into_iter().flat_map(|output| match output {
        Output::Boxes { bytes, .. } => bytes,
        Output::Media(bytes) => bytes.to_vec(),
        Output::Patch { .. } => panic!("there is no sidx"),
    });
    assert_eq!(bytes.collect::<Vec<u8>>(), expected);
}
