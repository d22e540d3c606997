// SPDX-License-Identifier: MPL-2.0
//! Handlers and sample entries: each pair is protected, stays clear because it is neither picture nor sound, or is refused
//! by name.

use cenc_mp4::IndexMode;
use cenc_types::Scheme;

use super::refusal;
use test_support::build::{
    Base, boxed, fragment, ftyp, full, mdat, media, moof, moov_of, tfhd, traf, trak_of, trex, trun,
    word,
};
use test_support::build_progressive::{self, stco, stsc, stsz};
use test_support::encrypted::protect;
use test_support::progressive;

/// A movie of one track and one fragment of 100 bytes. `children` follow the 78 bytes of fields of the sample entry.
fn stream(handler: &[u8; 4], format: &[u8; 4], children: &[u8]) -> Vec<u8> {
    let entry = boxed(format, &[&[0; 78], children]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
    let moov = moov_of(&[trak_of(1, handler, &stsd)], &[trex(1, 0)]);
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &[100])])]);
    [ftyp(), moov, fragment(make, &[], &mdat(&media(100)))].concat()
}

/// Returns whether no block of the media is in the output.
fn is_encrypted(out: &[u8]) -> bool {
    let clear = media(100);
    let (blocks, _) = clear.as_chunks::<16>();
    !blocks
        .iter()
        .any(|block| out.windows(16).any(|found| found == block))
}

/// Formats by their kind of media. These are pictures and sound without headers.
const PICTURES: [&[u8; 4]; 7] = [
    b"vp08", b"mp4v", b"jpeg", b"s263", b"ap4h", b"png ", b"dvc ",
];
const SOUND: [&[u8; 4]; 12] = [
    b"mp4a", b"samr", b"mlpa", b"dtsx", b"iamf", b"apac", b"alac", b".mp3", b"twos", b"sowt",
    b"ipcm", b"fpcm",
];
const OTHERS: [&[u8; 4]; 8] = [
    b"gpmd", b"camm", b"id3 ", b"rtp ", b"zzzz", b"dfxp", b"tmcd", b"mett",
];
/// Formats of any kind of media: with the handler of sound they are sound.
const UNKNOWN: [&[u8; 4]; 5] = [b"gpmd", b"camm", b"id3 ", b"rtp ", b"zzzz"];
const HANDLERS: [&[u8; 4]; 12] = [
    b"vide", b"auxv", b"pict", b"soun", b"text", b"sbtl", b"subt", b"meta", b"hint", b"tmcd",
    b"xxxx", &[0; 4],
];

#[test]
fn every_handler_with_every_sample_entry() {
    for handler in HANDLERS {
        for format in PICTURES.iter().chain(&SOUND).chain(&OTHERS) {
            let name = format!("{}/{}", handler.escape_ascii(), format.escape_ascii());
            let clear = stream(handler, format, &[]);
            let out = protect(&clear, Scheme::Cenc, IndexMode::Hold, []);
            let is_video = matches!(handler, b"vide" | b"auxv" | b"pict");
            let is_foreign = !is_video && handler != b"soun";
            let fits = is_video && PICTURES.contains(format)
                || handler == b"soun" && (SOUND.contains(format) || UNKNOWN.contains(format));
            match out {
                Ok(out) if fits => assert!(is_encrypted(&out), "{name} leaves clear"),
                Ok(out) => {
                    assert!(is_foreign && OTHERS.contains(format), "{name} passes");
                    assert!(out.ends_with(&media(100)), "{name} is changed");
                }
                Err(error) => {
                    assert!(
                        !(fits || is_foreign && OTHERS.contains(format)),
                        "{name}: {error}"
                    );
                    let format = format.escape_ascii().to_string();
                    assert!(error.contains(&format), "{name}: {error}");
                }
            }
        }
    }
}

#[test]
fn child_boxes_say_what_an_unknown_entry_holds() {
    for (handler, child) in [(b"meta", b"avcC"), (b"soun", b"hvcC"), (b"text", b"dOps")] {
        let said = refusal(&stream(handler, b"zzzz", &boxed(child, &[b"ab"])));
        assert!(said.contains("contradicts the handler"), "{said}");
    }
}

// 23001-7, clauses 10.1 to 10.4: frames of PCM are shorter than a cipher block.
#[test]
fn schemes_that_cannot_protect_whole_samples_are_refused_by_name() {
    for (handler, formats, schemes) in [
        (
            b"soun",
            [b"twos", b"lpcm", b"ipcm"],
            &[Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs][..],
        ),
        (
            b"vide",
            [b"mp4v", b"jpeg", b"ap4h"],
            &[Scheme::Cens, Scheme::Cbcs],
        ),
    ] {
        for format in formats {
            let clear = stream(handler, format, &[]);
            for &scheme in schemes {
                let said = protect(&clear, scheme, IndexMode::Hold, []).unwrap_err();
                let format = format.escape_ascii().to_string();
                for word in [&format, &scheme.to_string(), "scheme=cenc"] {
                    assert!(said.contains(word), "no {word} in {said}");
                }
            }
        }
    }
    let whole = protect(
        &stream(b"vide", b"mp4v", &[]),
        Scheme::Cbc1,
        IndexMode::Hold,
        [],
    );
    assert!(is_encrypted(&whole.unwrap()));
}

#[test]
fn track_without_a_sample_entry_is_refused() {
    let stsd = boxed(b"stsd", &[&[0; 4], &word(0), &boxed(b"avc1", &[&[0; 78]])]);
    for handler in [b"xxxx", b"vide", b"text"] {
        let moov = moov_of(&[trak_of(1, handler, &stsd)], &[trex(1, 0)]);
        let said = refusal(&[ftyp(), moov].concat());
        assert!(said.contains("has no sample entry"), "{said}");
    }
}

/// A progressive file with these boxes in its `moov` and 100 bytes of media.
fn file(boxes: &[Vec<u8>]) -> Vec<u8> {
    [ftyp(), mdat(&media(100)), build_progressive::moov(boxes)].concat()
}

#[test]
fn media_that_no_track_claims_is_not_lost() {
    let tables = |sizes: &[u32], offsets: &[usize]| {
        let runs: &[[u32; 3]] = match sizes {
            [] => &[],
            _ => &[[1, 1, 1]],
        };
        let tables = [stsz(sizes), stsc(runs), stco(offsets)];
        build_progressive::trak(1, b"mp4a", &tables)
    };
    let dcom = boxed(b"dcom", &[b"zlib"]);
    for (boxes, said) in [
        (vec![boxed(b"cmov", &[&dcom])], "'cmov'"),
        (vec![boxed(b"rmra", &[])], "no tracks"),
        (vec![], "no tracks"),
        (vec![tables(&[], &[])], "no track has a sample"),
        (vec![tables(&[0], &[28])], "no track has a sample"),
    ] {
        let refused = progressive::protect(&file(&boxes), Scheme::Cenc).unwrap_err();
        assert!(
            refused.contains(said) && refused.contains("ffmpeg -c copy"),
            "{refused}"
        );
        let in_front = [ftyp(), build_progressive::moov(&boxes), mdat(&media(100))].concat();
        assert!(protect(&in_front, Scheme::Cenc, IndexMode::Hold, []).is_err());
    }
    let fragmented = boxed(b"moov", &[&full(b"mvhd", &[0; 25]), &boxed(b"mvex", &[])]);
    assert!(refusal(&[ftyp(), fragmented].concat()).contains("no tracks"));
}

#[test]
fn samples_shorter_than_a_block_are_not_left_clear_by_cbc() {
    let tables = [
        stsz(&[6, 15]),
        stsc(&[[1, 2, 1]]),
        stco(&[ftyp().len() + 8]),
    ];
    let clear = file(&[build_progressive::trak(1, b"mp4a", &tables)]);
    for scheme in [Scheme::Cbc1, Scheme::Cbcs] {
        let refused = progressive::protect(&clear, scheme).unwrap_err();
        assert!(refused.contains("nothing to encrypt"), "{refused}");
    }
    assert!(progressive::protect(&clear, Scheme::Cenc).is_ok());
}
