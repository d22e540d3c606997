// SPDX-License-Identifier: MPL-2.0
//! Signaling that an earlier protection left in clear media is removed, and a warning names it.

use bytes::BytesMut;
use cenc_mp4::{Encryptor, IndexMode, Warning};
use cenc_types::Scheme;

use test_support::build::{
    Base, boxed, fragment, ftyp, full, mdat, media, moof, moov_of, tfhd, traf, trak, trak_of, trex,
    trun, word,
};
use test_support::build_progressive::{self, stco, stsc, stsz};
use test_support::encrypted::{FixedKey, file};
use test_support::progressive;

/// The extended types of PIFF 1.1 in place of `senc` and `pssh`.
const PIFF_SENC: &[u8; 16] = b"\xa2\x39\x4f\x52\x5a\x9b\x4f\x14\xa2\x44\x6c\x42\x7c\x64\x8d\xf4";
const PIFF_PSSH: &[u8; 16] = b"\xd0\x8a\x4f\x18\x10\xf3\x4a\x82\xb6\xc8\x32\xd8\xab\xa1\x83\xd3";

/// A box and the warning that it causes.
struct Leftover {
    bytes: Vec<u8>,
    said: &'static str,
}

fn pssh(kind: &[u8; 4], uuid: &[u8], system: u8) -> Vec<u8> {
    boxed(kind, &[uuid, &[0; 4], &[system; 16], &word(2), b"ab"])
}

/// The `pssh` boxes of a `moov` or `moof`.
fn of_systems() -> [Leftover; 2] {
    [
        Leftover {
            bytes: pssh(b"pssh", &[], 0xab),
            said: "system abababab-abab-abab-abab-abababababab, 'pssh' from",
        },
        Leftover {
            bytes: pssh(b"uuid", PIFF_PSSH, 0x11),
            said: "system 11111111-1111-1111-1111-111111111111, 'uuid' from",
        },
    ]
}

/// The boxes of a `stbl` or `traf`.
fn of_samples() -> [Leftover; 6] {
    [
        (full(b"senc", &[0, 0]), "'senc'"),
        (boxed(b"uuid", &[PIFF_SENC, &[0; 8]]), "'uuid'"),
        (boxed(b"saiz", &[&[0; 4], &[8], &word(1)]), "'saiz'"),
        (
            boxed(b"saio", &[&word(1), b"cenc", &[0; 4], &word(1), &word(9)]),
            "'saio'",
        ),
        (boxed(b"sbgp", &[&[0; 4], b"seig", &[0; 4]]), "'sbgp'"),
        (boxed(b"sgpd", &[&[1, 0, 0, 0], b"seig", &[0; 8]]), "'sgpd'"),
    ]
    .map(|(bytes, said)| Leftover { bytes, said })
}

/// A stream of one sound track with one more box in `moov`, `stbl`, `moof` or `traf`.
fn stream(parent: &str, extra: &[u8]) -> Vec<u8> {
    let inside = |name: &str| match name == parent {
        true => extra.to_vec(),
        false => Vec::new(),
    };
    let entry = boxed(b"mp4a", &[&[0; 28]]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
    let trak = trak_of(1, b"soun", &[stsd, inside("stbl")].concat());
    let moov = moov_of(&[trak, inside("moov")], &[trex(1, 0)]);
    let make = |data| {
        let runs = [inside("traf"), trun(Some(data), &[60, 40])];
        moof(&[inside("moof"), traf(&tfhd(1, Base::Moof), &runs)])
    };
    [ftyp(), moov, fragment(make, &[], &mdat(&media(100)))].concat()
}

/// Protects a stream, and returns the output and the warnings.
fn warned(stream: &[u8]) -> (Vec<u8>, Vec<Warning>) {
    let mut encryptor = Encryptor::new(IndexMode::Hold);
    let (mut protector, mut outputs) = (FixedKey::new(Scheme::Cenc), Vec::new());
    encryptor
        .push(BytesMut::from(stream), &mut protector, &mut outputs)
        .unwrap();
    encryptor.finish(&mut protector, &mut outputs).unwrap();
    let warnings = std::iter::from_fn(|| encryptor.next_warning()).collect();
    (file(outputs), warnings)
}

#[test]
fn leftovers_of_fragmented_streams_are_dropped() {
    let (clean, _) = warned(&stream("", &[]));
    for parent in ["moov", "stbl", "moof", "traf"] {
        let leftovers = match parent {
            "moov" | "moof" => Vec::from(of_systems()),
            _ => Vec::from(of_samples()),
        };
        for Leftover { bytes, said } in leftovers {
            let (out, warnings) = warned(&stream(parent, &bytes));
            assert!(out == clean, "{said} in {parent}");
            let [warning] = warnings.as_slice() else {
                panic!("{said} in {parent}: {warnings:?}");
            };
            let text = warning.to_string();
            assert!(text.contains(said) && text.contains(parent), "{text}");
        }
    }
}

/// The `sinf` of another key.
fn old_sinf() -> Vec<u8> {
    let tenc = boxed(b"tenc", &[&[0; 4], &[0, 0, 1, 8], &[0xab; 16]]);
    let schm = boxed(b"schm", &[&[0; 4], b"cenc", &[0, 1, 0, 0]]);
    let frma = boxed(b"frma", &[b"mp4a"]);
    boxed(b"sinf", &[&frma, &schm, &boxed(b"schi", &[&tenc])])
}

#[test]
fn sinf_that_is_left_in_a_clear_sample_entry_is_dropped() {
    let stream = |media: &[u8; 4], format: &[u8; 4], fields: usize, sinf: &[u8]| {
        let btrt = boxed(b"btrt", &[&[7; 12]]);
        let entry = boxed(format, &[&vec![0; fields], sinf, &btrt]);
        let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
        let tracks = [trak_of(1, media, &stsd), trak(2, b"mp4a")];
        let moov = moov_of(&tracks, &[trex(1, 0), trex(2, 0)]);
        [ftyp(), moov].concat()
    };
    for (media, format, fields) in [(b"soun", b"mp4a", 28), (b"vide", b"vp08", 78)] {
        let (clean, _) = warned(&stream(media, format, fields, &[]));
        let (out, warnings) = warned(&stream(media, format, fields, &old_sinf()));
        assert!(out == clean);
        let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        let expected = format!("'sinf' from '{}'", format.escape_ascii());
        assert!(
            texts.len() == 1 && texts[0].contains(&expected),
            "{texts:?}"
        );
    }
}

#[test]
fn pssh_boxes_beside_moov_are_dropped() {
    let sound = build_progressive::trak(
        1,
        b"mp4a",
        &[stsz(&[60, 40]), stsc(&[[1, 2, 1]]), stco(&[0])],
    );
    let moov_len = build_progressive::moov(std::slice::from_ref(&sound)).len();
    for Leftover { bytes, said } in of_systems() {
        let fragmented = stream("", &[]);
        for at in [ftyp().len(), fragmented.len()] {
            let (front, back) = fragmented.split_at(at);
            let (out, warnings) = warned(&[front, &bytes, back].concat());
            let (clean, _) = warned(&[front, &freed(&bytes), back].concat());
            assert!(out == clean, "{said}");
            let text = warnings[0].to_string();
            assert!(text.contains(said) && text.contains("'file'"), "{text}");
        }
        let progressive = |extra: &[u8]| {
            let at = ftyp().len() + extra.len() + moov_len + 8;
            let tables = [stsz(&[60, 40]), stsc(&[[1, 2, 1]]), stco(&[at])];
            let moov = build_progressive::moov(&[build_progressive::trak(1, b"mp4a", &tables)]);
            let file = [&ftyp(), extra, &moov, &mdat(&media(100))].concat();
            progressive::protect(&file, Scheme::Cenc).unwrap()
        };
        assert!(progressive(&bytes) == progressive(&[]), "{said}");
    }
}

/// A `free` box of the same size.
fn freed(whole: &[u8]) -> Vec<u8> {
    boxed(b"free", &[&vec![0; whole.len() - 8]])
}

#[test]
fn leftovers_of_progressive_files_are_dropped() {
    let at = ftyp().len() + 8;
    let protected = |extra: &[u8], pssh: &[u8]| {
        let tables = [
            stsz(&[60, 40]),
            stsc(&[[1, 2, 1]]),
            stco(&[at]),
            extra.to_vec(),
        ];
        let sound = build_progressive::trak(1, b"mp4a", &tables);
        let moov = build_progressive::moov(&[sound, pssh.to_vec()]);
        progressive::protect(&[ftyp(), mdat(&media(100)), moov].concat(), Scheme::Cenc).unwrap()
    };
    let clean = protected(&[], &[]);
    for Leftover { bytes, said } in of_samples() {
        assert!(protected(&bytes, &[]) == clean, "{said}");
    }
    for Leftover { bytes, said } in of_systems() {
        assert!(protected(&[], &bytes) == clean, "{said}");
    }
}

#[test]
fn tracks_that_stay_clear_lose_them_too() {
    let moov = moov_of(
        &[trak(1, b"mp4a"), trak(2, b"stpp"), pssh(b"pssh", &[], 1)],
        &[trex(1, 0), trex(2, 0)],
    );
    let (out, warnings) = warned(&[ftyp(), moov].concat());
    assert!(!out.windows(4).any(|kind| kind == b"pssh"));
    assert_eq!(warnings.len(), 1);
}
