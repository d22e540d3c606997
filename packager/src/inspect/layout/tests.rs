// SPDX-License-Identifier: MPL-2.0
//! `seig` descriptions in `moov`: fragments refer to them by 14496-12, clause 8.9.4, and progressive tracks by clause 8.9.2.

use cenc_types::{KeyId, Scheme};
use test_support::boxes::top_level;
use test_support::build::{Base, boxed, ftyp, full, mdat, media, moof, tfhd, traf, word};
use test_support::build_progressive;
use test_support::scratch::Scratch;
use test_support::{encrypted, progressive};

use super::{init, read};

const OTHER: [u8; 16] = *b"another KID here";

/// An `sgpd` of `seig` entries: one for clear samples, one for each KID.
fn sgpd(kids: &[[u8; 16]]) -> Vec<u8> {
    let clear = [0; 20];
    let entries: Vec<u8> = kids
        .iter()
        .flat_map(|kid| [&[0, 0, 1, 8], &kid[..]].concat())
        .collect();
    boxed(
        b"sgpd",
        &[
            &[1, 0, 0, 0],
            b"seig",
            &word(20),
            &word(1 + kids.len()),
            &clear,
            &entries,
        ],
    )
}

/// An `sbgp` of runs of sample_count and group_description_index.
fn sbgp(runs: &[u32]) -> Vec<u8> {
    let runs: Vec<u8> = runs.iter().flat_map(|word| word.to_be_bytes()).collect();
    boxed(b"sbgp", &[&[0; 4], b"seig", &word(runs.len() / 8), &runs])
}

fn moov() -> Vec<u8> {
    let mut ids = [0; 21];
    ids[3] = 1;
    let stbl = boxed(b"stbl", &[&sgpd(&[encrypted::KID, OTHER])]);
    let minf = boxed(b"minf", &[&stbl]);
    let trak = boxed(b"trak", &[&full(b"tkhd", &ids), &boxed(b"mdia", &[&minf])]);
    boxed(b"moov", &[&trak])
}

fn fragment(groups: &[Vec<u8>]) -> Vec<u8> {
    moof(&[traf(&tfhd(1, Base::Moof), groups)])
}

#[test]
fn fragments_use_the_descriptions_of_their_track() {
    let (first, other) = (KeyId::from_bytes(encrypted::KID), KeyId::from_bytes(OTHER));
    let folder = Scratch::new("track-groups");
    let file = folder.join("file.mp4");
    let own = sgpd(&[OTHER]);
    let fragments = [
        fragment(&[]),
        fragment(&[sbgp(&[2, 1])]),
        fragment(&[sbgp(&[2, 1, 1, 2])]),
        fragment(&[sbgp(&[1, 2, 2, 3])]),
        fragment(&[own, sbgp(&[3, 0x1_0002])]),
    ];
    std::fs::write(&file, [moov(), fragments.concat()].concat()).unwrap();
    let found = read(&file).unwrap().boxes.into_iter().skip(1);
    let kids: Vec<_> = found.map(|found| found.keys.kids).collect();
    assert_eq!(
        kids,
        [vec![], vec![], vec![first], vec![first, other], vec![other]]
    );

    // A segment apart from its init segment, and an index that no entry has.
    let apart = folder.join("segment.m4s");
    for segment in [
        fragment(&[sbgp(&[2, 2])]),
        [moov(), fragment(&[sbgp(&[2, 9])])].concat(),
    ] {
        std::fs::write(&apart, segment).unwrap();
        assert!(matches!(read(&apart), Err(init::Error::UnknownGroup)));
    }
}

#[test]
fn progressive_tracks_with_other_keys_are_refused() {
    let at = ftyp().len() + 8;
    let tables = [
        build_progressive::stsz(&[60, 40]),
        build_progressive::stsc(&[[1, 2, 1]]),
        build_progressive::stco(&[at]),
    ];
    let sound = build_progressive::trak(1, b"mp4a", &tables);
    let clear = [ftyp(), mdat(&media(100)), build_progressive::moov(&[sound])].concat();
    let protected = progressive::protect(&clear, Scheme::Cenc).unwrap();
    let folder = Scratch::new("moov-groups");
    let file = folder.join("file.mp4");
    for (runs, is_refused) in [(&[1, 1, 1, 2][..], false), (&[1, 2, 1, 3], true)] {
        let groups = [sgpd(&[encrypted::KID, OTHER]), sbgp(runs)].concat();
        std::fs::write(&file, with_groups(&protected, &groups)).unwrap();
        match init::read(&file) {
            Ok(found) => assert!(!is_refused && found.kids == [KeyId::from_bytes(encrypted::KID)]),
            Err(error) => assert!(is_refused && matches!(error, init::Error::SampleKeys(1))),
        }
    }
}

/// Inserts boxes at the end of the only `stbl`.
fn with_groups(file: &[u8], groups: &[u8]) -> Vec<u8> {
    let top = top_level(file);
    let moov = *top.iter().find(|found| &found.kind == b"moov").unwrap();
    let mut parents = vec![moov];
    for kind in [b"trak", b"mdia", b"minf", b"stbl"] {
        let parent = *parents.last().unwrap();
        parents.push(parent.at(&[kind]));
    }
    let mut out = file.to_vec();
    for parent in &parents {
        let size = word(parent.end - parent.start + groups.len());
        out.splice(parent.start..parent.start + 4, size);
    }
    let end = parents.last().unwrap().end;
    out.splice(end..end, groups.iter().copied());
    out
}
