// SPDX-License-Identifier: MPL-2.0
//! Samples in `moov` beside fragments: with `moov` in front or behind media, and with indexes of the fragments.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, LateMoov};
use cenc_types::Scheme;

use super::field::moof_at;
use super::index::sidx;
use super::{kinds, protected, refusal};
use test_support::build::{boxed, ftyp, full, mdat, media, moov_of, sound, trak_of, trex, word};
use test_support::encrypted::{FixedKey, file, keys, protect};
use test_support::layout;
use test_support::movie::Movie;
use test_support::progressive::Memory;
use test_support::samples;
use test_support::stream::{boxes, number};

/// A `moov` with one sound track of three samples in one chunk at `at`, and an `mvex`.
fn moov_with_samples(at: usize) -> Vec<u8> {
    let entry = boxed(b"mp4a", &[&[0; 28]]);
    let tables = [
        boxed(b"stsd", &[&[0; 4], &word(1), &entry]),
        full(b"stts", &[0, 1, 3, 1024]),
        full(b"stsc", &[0, 1, 1, 3, 1]),
        full(b"stco", &[0, 1, u32::try_from(at).unwrap()]),
        full(b"stsz", &[0, 0, 3, 20, 30, 40]),
    ];
    let trak = trak_of(1, b"soun", &tables.concat());
    // trak_of() writes the mandatory boxes, but no mdhd and an empty stsz.
    let empty = full(b"stsz", &[0, 0, 0]);
    let mdhd = full(b"mdhd", &[0, 0, 0, 48_000, 0, 0]);
    let trak = without(&trak, &empty, &mdhd);
    moov_of(&[trak], &[trex(1, 0)])
}

/// Removes the last `old` from a track and puts `mdhd` in front of its `hdlr`.
fn without(trak: &[u8], old: &[u8], mdhd: &[u8]) -> Vec<u8> {
    let find = |bytes: &[u8]| {
        trak.windows(bytes.len())
            .rposition(|window| window == bytes)
            .unwrap()
    };
    let hdlr = find(b"hdlr") - 4;
    let old_at = find(old);
    let mut out = [
        &trak[..hdlr],
        mdhd,
        &trak[hdlr..old_at],
        &trak[old_at + old.len()..],
    ]
    .concat();
    // The sizes of the boxes around them.
    for (kind, added) in [
        (b"trak", mdhd.len()),
        (b"mdia", mdhd.len()),
        (b"minf", 0),
        (b"stbl", 0),
    ] {
        let at = out.windows(4).position(|window| window == kind).unwrap() - 4;
        let size = number(&out, at, 4) + added - old.len();
        out[at..at + 4].copy_from_slice(&word(size));
    }
    out
}

/// A stream whose `moov` places three samples of 90 bytes, followed by `rest`.
fn mixed(rest: &[u8]) -> Vec<u8> {
    let at = ftyp().len() + moov_with_samples(0).len() + 8;
    [
        ftyp(),
        moov_with_samples(at),
        mdat(&media(90)),
        rest.to_vec(),
    ]
    .concat()
}

#[test]
fn fragments_may_follow_the_samples_of_moov() {
    for rest in [
        vec![],
        sound(&[33, 44]),
        [sound(&[33, 44]), sound(&[55])].concat(),
        [mdat(&media(25)), moof_at(&[(-25, &[25])]), sound(&[55])].concat(),
    ] {
        let clear = mixed(&rest);
        let out = protected(&clear, Scheme::Cenc);
        samples::same_samples(&Movie::parse(clear), &Movie::parse(out.clone()), &keys());
        let numbers: Vec<_> = boxes(&out, 0..out.len())
            .iter()
            .filter(|found| &found.kind == b"moof")
            .map(|found| number(&out, found.start + 8 + 12, 4))
            .collect();
        // sound() and moof_at() number their fragment 1, and one is cut from the samples of the moov.
        assert_eq!(numbers[0], 1);
        assert!(
            numbers[1..].iter().all(|&number| number == 2),
            "{numbers:?}"
        );
    }
}

#[test]
fn fragment_among_the_samples_of_moov_is_refused() {
    let stream = mixed(&[]);
    let cut = stream.len() - 98;
    let early = [&stream[..cut], &sound(&[20]), &stream[cut..]].concat();
    let whole = protect(&early, Scheme::Cenc, IndexMode::Hold, []);
    assert!(
        whole
            .unwrap_err()
            .contains("before the last of the samples")
    );
}

/// Bytes from a `moov` of [`moov_with_samples`] to the end of its samples.
fn own_media() -> usize {
    8 + 90
}

#[test]
fn sidx_leads_to_the_same_fragments_behind_the_samples_of_moov() {
    let [a, b] = [&[33, 44][..], &[55]].map(sound);
    let moov_len = moov_with_samples(0).len();
    let sizes = [a.len(), b.len()];
    let index_len = sidx(0, 0, &sizes).len();
    let skip = |len: usize| sidx(0, u32::try_from(len).unwrap(), &sizes);
    let at = ftyp().len() + index_len + moov_len + 8;
    let moov = moov_with_samples(at);
    let own = mdat(&media(90));
    for (clear, sidx_at) in [
        // In front of the moov, behind it, and behind its samples.
        (
            [
                ftyp(),
                skip(moov_len + own_media()),
                moov.clone(),
                own.clone(),
            ],
            1,
        ),
        ([ftyp(), moov, skip(own_media()), own.clone()], 2),
        ([ftyp(), moov_with_samples(at - index_len), own, skip(0)], 4),
    ] {
        let clear = [clear.concat(), a.clone(), b.clone()].concat();
        let out = protected(&clear, Scheme::Cenc);
        layout::check(&out);
        samples::same_samples(&Movie::parse(clear), &Movie::parse(out.clone()), &keys());
        let tops = boxes(&out, 0..out.len());
        assert_eq!(&tops[sidx_at].kind, b"sidx");
        let fields = tops[sidx_at].body.start + 16;
        let first = tops[sidx_at].body.end + number(&out, fields, 4);
        let ends: Vec<_> = [8, 20]
            .into_iter()
            .scan(first, |end, at| {
                *end += number(&out, fields + at, 4);
                Some(*end)
            })
            .collect();
        // The two fragments of the input are the last four boxes.
        let expected = [tops[tops.len() - 2].start, out.len()];
        assert_eq!(first, tops[tops.len() - 4].start);
        assert_eq!(ends, expected);
    }
}

#[test]
fn mfra_leads_to_the_same_fragments_behind_the_samples_of_moov() {
    let [a, b] = [&[33, 44][..], &[55]].map(sound);
    let clear = mixed(&[a.clone(), b].concat());
    let first = mixed(&[]).len();
    let entry = |at: usize| [&word(0)[..], &word(at), &[1, 1, 1]].concat();
    let entries = [entry(first), entry(first + a.len())].concat();
    let tfra = boxed(b"tfra", &[&[0; 4], &word(1), &word(0), &word(2), &entries]);
    let mfro = full(b"mfro", &[0, u32::try_from(tfra.len()).unwrap() + 24]);
    let clear = [clear, boxed(b"mfra", &[&tfra, &mfro])].concat();
    let out = protected(&clear, Scheme::Cenc);
    layout::check(&out);
    let tops = boxes(&out, 0..out.len());
    let [mfra, moofs] = [tops.last().unwrap().body.start, tops.len() - 5];
    let found = [24, 35].map(|entry| number(&out, mfra + 8 + entry - 4, 4));
    assert_eq!(found, [tops[moofs].start, tops[moofs + 2].start]);
}

/// Protects a file whose `moov` may be anywhere, pushed in chunks of `size` bytes.
fn protect_file(data: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let said = |error: cenc_mp4::Error| error.to_string();
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    if let Some(moov) = LateMoov::find(&mut Memory(data)).map_err(said)? {
        encryptor.expect_moov(moov);
    }
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    for chunk in data.chunks(size) {
        encryptor
            .push(BytesMut::from(chunk), &mut protector, &mut outputs)
            .map_err(said)?;
    }
    encryptor
        .finish(&mut protector, &mut outputs)
        .map_err(said)?;
    Ok(file(outputs))
}

#[test]
fn moov_behind_its_samples_is_written_in_front_of_them() {
    let own = mdat(&media(90));
    let moov = moov_with_samples(ftyp().len() + 8);
    let fragments = [sound(&[33, 44]), sound(&[55])].concat();
    let free = boxed(b"free", &[b"kept"]);
    for (rest, expected) in [
        (
            vec![moov.clone(), fragments.clone()],
            "ftyp moov moof mdat moof mdat moof mdat",
        ),
        (vec![free.clone(), moov.clone()], "ftyp moov moof mdat free"),
        (
            vec![fragments.clone(), moov.clone(), free],
            "ftyp moov moof mdat moof mdat moof mdat free",
        ),
        (
            vec![moov, mdat(&media(25)), moof_at(&[(-25, &[25])])],
            "ftyp moov moof mdat mdat moof",
        ),
    ] {
        let clear = [ftyp(), own.clone(), rest.concat()].concat();
        let out = protect_file(&clear, usize::MAX).unwrap();
        assert_eq!(kinds(&out).join(" "), expected);
        for size in [1, 7, 61] {
            assert!(protect_file(&clear, size).unwrap() == out, "{size}");
        }
        layout::check(&out);
        samples::same_samples(&Movie::parse(clear.clone()), &Movie::parse(out), &keys());
        // As a stream it cannot be known in advance.
        assert!(refusal(&clear).contains("media data comes before 'moov'"));
    }
    // In front of its media nothing changes.
    let usual = mixed(&fragments);
    assert_eq!(
        protect_file(&usual, 61).unwrap(),
        protected(&usual, Scheme::Cenc)
    );
}
