// SPDX-License-Identifier: MPL-2.0
//! Streams built by hand by ISO/IEC 23001-7 and PIFF 1.1: groups, clear leads, auxiliary information in every place.
//!
//! Samples are encrypted by the tests' own counter mode, which is its own inverse.

use cenc_mp4::{DecryptionError, Error, SampleFault};

use super::{decrypted, in_every_chunking, known, tells_of_no_protection};
use test_support::boxes::{Bx, top_level};
use test_support::build::*;
use test_support::decrypt::{self, Keys, hex};
use test_support::movie::{Protection, Seig};
use test_support::stream::samples;

const KIDS: [[u8; 16]; 2] = [*b"first KID here..", *b"second KID here."];
const KEYS: [[u8; 16]; 2] = [*b"the first key...", *b"the second key.."];
const IV_SIZE: u8 = 8;

fn keys() -> Keys {
    let both = KIDS.iter().zip(&KEYS);
    both.fold(Keys::default(), |keys, (kid, key)| {
        keys.with(&hex(kid), &hex(key))
    })
}

/// The fields of `tenc` after version and flags, or a `seig` entry.
fn fields(kid: Option<usize>) -> Vec<u8> {
    match kid {
        Some(kid) => [[0, 0, 1, IV_SIZE].as_slice(), &KIDS[kid]].concat(),
        None => vec![0; 20],
    }
}

/// A `moov` with one sound track under the first key; `groups` goes to its `stbl`.
fn init(groups: &[u8]) -> Vec<u8> {
    let schm = boxed(b"schm", &[&[0; 4], b"cenc\0\x01\0\0"]);
    let tenc = boxed(b"tenc", &[&[0; 4], &fields(Some(0))]);
    let schi = boxed(b"schi", &[&tenc]);
    let sinf = boxed(b"sinf", &[&boxed(b"frma", &[b"mp4a"]), &schm, &schi]);
    let enca = boxed(b"enca", &[&[0; 28], &sinf]);
    let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &enca]);
    // Other boxes of the `stbl` follow the `stsd`. Here these are the groups.
    let trak = trak_of(1, b"soun", &[stsd, groups.to_vec()].concat());
    [ftyp(), moov_of(&[trak], &[trex(1, 0)])].concat()
}

fn iv(number: u8) -> [u8; 8] {
    [number; 8]
}

/// Sample `number` of 40 bytes under a key. The first `clear` bytes are not encrypted.
fn sample(number: u8, kid: Option<usize>, clear: u16) -> Vec<u8> {
    let mut bytes = vec![number; 40];
    let Some(kid) = kid else { return bytes };
    let protection = Protection {
        scheme: *b"cenc",
        rules: Seig::read(&fields(Some(kid))),
        iv: iv(number).to_vec(),
        subsamples: vec![(clear, 40 - u32::from(clear))],
    };
    decrypt::decrypt(&mut bytes, &protection, &KEYS[kid]);
    bytes
}

fn sgpd(version: u8, default: Option<u32>, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![version, 0, 0, 0];
    body.extend(b"seig\0\0\0\x14");
    body.extend(default.iter().flat_map(|index| index.to_be_bytes()));
    body.extend(word(entries.len()));
    body.extend(entries.concat());
    boxed(b"sgpd", &[&body])
}

fn sbgp(runs: &[(u32, u32)]) -> Vec<u8> {
    let mut body = b"\0\0\0\0seig".to_vec();
    body.extend(word(runs.len()));
    for (count, index) in runs {
        body.extend(count.to_be_bytes());
        body.extend(index.to_be_bytes());
    }
    boxed(b"sbgp", &[&body])
}

fn senc(flags: u8, samples: usize, entries: &[u8]) -> Vec<u8> {
    boxed(b"senc", &[&[0, 0, 0, flags], &word(samples), entries])
}

/// A fragment of samples of 40 bytes, with these boxes in its `traf`.
fn fragment_of(samples: &[Vec<u8>], boxes: &[Vec<u8>]) -> Vec<u8> {
    let sizes = vec![40; samples.len()];
    let make = |data| {
        let mut others = vec![trun(Some(data), &sizes)];
        others.extend_from_slice(boxes);
        moof(&[traf(&tfhd(1, Base::Moof), &others)])
    };
    fragment(make, &[], &mdat(&samples.concat()))
}

/// Checks that `count` samples come out, each filled with its number, and returns the clear file.
fn comes_out(stream: &[u8], count: u8) -> Vec<u8> {
    let clear = in_every_chunking(stream, &known(&keys()), "built");
    tells_of_no_protection(&clear, "built");
    let found = samples(&clear);
    let found: Vec<_> = found.iter().map(|sample| sample.bytes.clone()).collect();
    let expected: Vec<_> = (1..=count).map(|number| vec![number; 40]).collect();
    assert_eq!(found, expected);
    clear
}

fn error(stream: &[u8]) -> Error {
    decrypted(stream, &known(&keys()), 1).unwrap_err()
}

/// One fragment has a clear lead, samples under the track's key, and samples under another key.
#[test]
fn groups_of_a_fragment_rule_its_samples() {
    let samples = [
        sample(1, None, 0),
        sample(2, Some(1), 0),
        sample(3, Some(0), 0),
    ];
    let entries = [iv(2), iv(3)].concat();
    let boxes = [
        sgpd(1, None, &[fields(None), fields(Some(1))]),
        sbgp(&[(1, 0x1_0001), (1, 0x1_0002)]),
        senc(0, 3, &entries),
    ];
    comes_out(&[init(&[]), fragment_of(&samples, &boxes)].concat(), 3);
}

/// Writers differ in what a `senc` with subsamples has for a clear sample: nothing, or an empty map.
#[test]
fn clear_samples_may_have_a_map_or_none() {
    let samples = [sample(1, None, 0), sample(2, Some(0), 8)];
    let map = [iv(2).as_slice(), &[0, 1, 0, 8, 0, 0, 0, 32]].concat();
    for entries in [map.clone(), [vec![0, 1, 0, 40, 0, 0, 0, 0], map].concat()] {
        let boxes = [
            sgpd(1, None, &[fields(None)]),
            sbgp(&[(1, 0x1_0001)]),
            senc(2, 2, &entries),
        ];
        comes_out(&[init(&[]), fragment_of(&samples, &boxes)].concat(), 2);
    }
}

/// The default entry of a version 2 box in the `stbl` applies to samples that no `sbgp` groups.
#[test]
fn default_group_of_the_track_rules_the_rest() {
    let samples = [sample(1, Some(1), 0), sample(2, Some(0), 0)];
    let entries = [iv(1), iv(2)].concat();
    let groups = sgpd(2, Some(2), &[fields(Some(0)), fields(Some(1))]);
    let whole = [senc(0, 1, &iv(1))];
    let mixed = [sbgp(&[(1, 2), (1, 1)]), senc(0, 2, &entries)];
    let first = fragment_of(&samples[..1], &whole);
    comes_out(&[init(&groups), first].concat(), 1);
    comes_out(&[init(&groups), fragment_of(&samples, &mixed)].concat(), 2);
}

/// Only `saiz` and `saio` are there. The bytes of the `mdat` to which they point do not come out.
#[test]
fn information_may_lie_in_front_of_the_samples() {
    let samples = [sample(1, Some(0), 0), sample(2, Some(0), 0)];
    let information = [iv(1), iv(2)].concat();
    for offsets in [1, 2] {
        let make = |data: i32| {
            let start = u32::try_from(data).unwrap();
            let places: Vec<u32> = (0..offsets).map(|n| start + 8 * n).collect();
            let saio = [vec![0, offsets], places].concat();
            let runs = match offsets {
                1 => vec![trun(Some(data + 16), &[40, 40])],
                _ => vec![trun(Some(data + 16), &[40]), trun(None, &[40])],
            };
            let saiz = boxed(b"saiz", &[&[0, 0, 0, 0, 8, 0, 0, 0, 2]]);
            let boxes = [runs, vec![saiz, full(b"saio", &saio)]].concat();
            moof(&[traf(&tfhd(1, Base::Moof), &boxes)])
        };
        let payload = [information.clone(), samples.concat()].concat();
        let stream = [init(&[]), fragment(make, &[], &mdat(&payload))].concat();
        let clear = comes_out(&stream, 2);
        let mdat = *top_level(&clear).last().unwrap();
        assert_eq!(mdat.body()[..16], [0; 16]);
    }
}

/// PIFF's box may state for a fragment what `tenc` states for the track.
#[test]
fn piff_box_overrides_the_track() {
    const UUID: &[u8] = b"\xa2\x39\x4f\x52\x5a\x9b\x4f\x14\xa2\x44\x6c\x42\x7c\x64\x8d\xf4";
    let body = [UUID, &[0, 0, 0, 1, 0, 0, 1, 8], &KIDS[1], &word(1), &iv(1)].concat();
    let piff = boxed(b"uuid", &[&body]);
    comes_out(
        &[init(&[]), fragment_of(&[sample(1, Some(1), 0)], &[piff])].concat(),
        1,
    );
}

#[test]
fn groups_of_other_kinds_stay() {
    let roll = boxed(b"sbgp", &[b"\0\0\0\0roll\0\0\0\x01\0\0\0\x01\0\0\0\x01"]);
    let boxes = [roll.clone(), senc(0, 1, &iv(1))];
    let clear = comes_out(
        &[init(&[]), fragment_of(&[sample(1, Some(0), 0)], &boxes)].concat(),
        1,
    );
    let moof = *top_level(&clear)
        .iter()
        .find(|b| &b.kind == b"moof")
        .unwrap();
    let kept: Vec<Bx<'_>> = moof.at(&[b"traf"]).all(b"sbgp");
    assert_eq!(kept[0].body(), &roll[8..]);
}

#[test]
fn a_new_moov_brings_its_own_protection() {
    let boxes = [senc(0, 1, &iv(1))];
    let protected = [init(&[]), fragment_of(&[sample(1, Some(0), 0)], &boxes)].concat();
    let clear = [ftyp(), moov(&[b"mp4a"]), sound(&[40])].concat();
    let stream = [protected.clone(), clear.clone(), protected.clone()].concat();
    let found = in_every_chunking(&stream, &known(&keys()), "moovs");
    let one = decrypted(&protected, &known(&keys()), usize::MAX).unwrap();
    // The clear init segment, which is the same each time, is written once.
    let init_len = ftyp().len() + moov(&[b"mp4a"]).len();
    assert!(one[..init_len] == clear[..init_len]);
    assert!(found == [&one[..], &clear[init_len..], &one[init_len..]].concat());
}

#[test]
fn what_would_leave_undecrypted_is_an_error() {
    let one = |boxes: &[Vec<u8>]| {
        let stream = [init(&[]), fragment_of(&[sample(1, Some(0), 0)], boxes)].concat();
        error(&stream)
    };
    let fault = |error| match error {
        Error::Decryption(DecryptionError::Sample { fault, .. }) => fault,
        error => panic!("{error}"),
    };
    let said = |error: Error| error.to_string();
    // The sample has no IV.
    assert!(matches!(fault(one(&[])), SampleFault::Box(_)));
    assert!(matches!(
        fault(one(&[senc(0, 1, &[1; 7])])),
        SampleFault::Box(_)
    ));
    // The subsamples do not fit the size of the sample.
    let map = [iv(1).as_slice(), &[0, 1, 0, 8, 0, 0, 0, 31]].concat();
    assert!(matches!(
        fault(one(&[senc(2, 1, &map)])),
        SampleFault::Cenc(_)
    ));
    // One group has no description, and another has a reserved isProtected.
    let missing = [sbgp(&[(1, 0x1_0001)]), senc(0, 1, &iv(1))];
    assert_eq!(fault(one(&missing)), SampleFault::Undescribed);
    let mut reserved = fields(Some(0));
    reserved[2] = 9;
    let reserved = [
        sgpd(1, None, &[reserved]),
        sbgp(&[(1, 0x1_0001)]),
        senc(0, 1, &iv(1)),
    ];
    assert_eq!(fault(one(&reserved)), SampleFault::Reserved(9));
    // One form of groups is not supported, and one piece of information is missing.
    let compact = boxed(b"csgp", &[b"\0\0\0\0seig"]);
    assert!(matches!(one(&[compact]), Error::Unsupported(_)));
    let saiz = boxed(b"saiz", &[&[0, 0, 0, 0, 8, 0, 0, 0, 1]]);
    assert!(said(one(std::slice::from_ref(&saiz))).contains("sizes without offsets"));
    let far = full(b"saio", &[0, 1, 100_000]);
    assert!(said(one(&[saiz, far])).contains("outside of the data that can be read"));
    assert!(
        said(one(&[senc(0, 2, &[1; 16])])).contains("another number of samples than there are")
    );
}

#[test]
fn samples_that_share_bytes_are_refused() {
    let make = |data: i32| {
        let runs = [trun(Some(data), &[40]), trun(Some(data), &[40])];
        let boxes = [runs.to_vec(), vec![senc(0, 2, &[1; 16])]].concat();
        moof(&[traf(&tfhd(1, Base::Moof), &boxes)])
    };
    let stream = [init(&[]), fragment(make, &[], &mdat(&[7; 40]))].concat();
    assert!(matches!(error(&stream), Error::SamplesElsewhere { .. }));
}

#[test]
fn schemes_of_others_are_named() {
    let mut stream = init(&[]);
    let schm = stream.windows(4).position(|four| four == b"schm").unwrap();
    stream[schm + 8..schm + 12].copy_from_slice(b"odkm");
    let said = error(&stream).to_string();
    assert!(said.contains("scheme 'odkm'"), "{said}");
}
