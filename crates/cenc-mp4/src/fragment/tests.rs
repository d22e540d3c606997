// SPDX-License-Identifier: MPL-2.0
//! Damages each byte that matters of a written `moof`: the check before the output must notice.

use bytes::BytesMut;
use cenc_types::{Scheme, decode_hex};
use test_support::build::{self, Base, boxed};
use test_support::encrypted::FixedKey;

use super::*;
use crate::init::protect_init;

/// A kind of fragment: its scheme, and the rule for its samples.
#[derive(Clone, Copy)]
struct Kind {
    scheme: Scheme,
    rule: fn(&TrackProtection) -> FragmentRule,
}

/// Two frames of AC-4, whose tables of contents stay clear: of a test stream of the Android media library.
fn media() -> BytesMut {
    let mut frame = decode_hex("bfcee59c20022a0097e0b104cadd0150825c82d8f8009dac")
        .unwrap()
        .to_vec();
    frame.resize(360, 0);
    [frame.as_slice(), &frame].concat().as_slice().into()
}

/// Writes the `moof` of a fragment, lets `damage` change it, and checks it.
fn check(kind: Kind, damage: impl FnOnce(&mut Vec<u8>)) -> Result<(), &'static str> {
    let entry = boxed(b"ac-4", &[&[0; 28]]);
    let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]);
    let moov = build::moov_of(&[build::trak_of(1, b"soun", &stsd)], &[build::trex(1, 0)]);
    let mut protector = FixedKey::new(kind.scheme);
    let init = protect_init(&moov, &mut protector, &mut Default::default()).unwrap();
    let mut tracks = init.movie.unwrap().tracks;
    let rule = (kind.rule)(tracks[0].protection.as_ref().unwrap());
    let make = |data| {
        let trun = build::trun(Some(data), &[360, 360]);
        build::moof(&[build::traf(&build::tfhd(1, Base::Moof), &[trun])])
    };
    let payload = make(0).len() + 8;
    let clear = make(i32::try_from(payload).unwrap());
    let moof = Moof::parse(&clear, 0, &mut Default::default()).unwrap();
    let mut encryptor = FragmentEncryptor::default();
    let parts = moof.locate(&tracks, &mut encryptor.locations).unwrap();
    let extents = [MediaExtent {
        offset: i64::try_from(payload).unwrap(),
        len: 720,
        payload_at: 0,
    }];
    moof.place(
        &parts,
        &mut encryptor.locations,
        &extents,
        &mut encryptor.gaps,
    )
    .unwrap();
    let mut chunks = [media()];
    encryptor
        .map_samples(
            &parts,
            &mut Payload::new(&mut chunks),
            &mut tracks,
            std::slice::from_ref(&rule),
        )
        .unwrap();
    let pssh = [boxed(
        b"pssh",
        &[&[0; 4], b"a system by test", &[0, 0, 0, 2, 7, 8]],
    )];
    let added = encryptor.added_boxes(&parts, &tracks, std::slice::from_ref(&rule));
    let mut bytes = moof.rewrite(&parts, &added, &pssh, 0).unwrap();
    let growth = bytes.len() - clear.len();
    damage(&mut bytes);
    WrittenMoof {
        bytes: &bytes,
        position: 0,
        growth: i64::try_from(growth).unwrap(),
        media: &extents,
        samples: &encryptor.locations,
        plan: &encryptor.plan,
        pssh: &pssh,
    }
    .check(&parts, &added, &tracks)
}

/// The bytes of the fields of a box, after version and flags.
fn fields(moof: &[u8], name: &[u8; 4]) -> std::ops::Range<usize> {
    let start = moof.windows(4).position(|found| found == name);
    let start = start.unwrap_or_else(|| panic!("no {name:?}"));
    let size = moof[start - 4..start].first_chunk().unwrap();
    start + 8..start - 4 + u32::from_be_bytes(*size) as usize
}

#[test]
fn damage_of_every_field_is_noticed() {
    let rules: [fn(&TrackProtection) -> FragmentRule; 3] = [
        |_| FragmentRule::Track,
        |_| FragmentRule::Clear,
        |track| FragmentRule::Key(track.clone()),
    ];
    let (entries, groups) = ([b"saiz", b"saio", b"senc"], [b"sgpd", b"sbgp"]);
    let expected: [&[&[u8; 4]]; 3] = [&entries, &groups, &[entries.as_slice(), &groups].concat()];
    for (rule, names) in rules.into_iter().zip(expected) {
        for scheme in [Scheme::Cenc, Scheme::Cbcs] {
            let kind = Kind { scheme, rule };
            let mut written = Vec::new();
            let right = check(kind, |moof| written.clone_from(moof));
            assert_eq!(right, Ok(()), "{scheme}");
            for name in [b"trun", b"pssh"].iter().chain(names) {
                for at in fields(&written, name) {
                    // The first byte of a seig entry is reserved, and only schemes with a pattern use the second.
                    let entry = fields(&written, name).start + 12;
                    let unused = match scheme {
                        Scheme::Cenc => entry..entry + 2,
                        _ => entry..entry + 1,
                    };
                    // The entry of clear samples has no other fields.
                    let is_unused = *name == b"sgpd"
                        && (unused.contains(&at)
                            || names == groups && at > entry && at != entry + 2);
                    let refused = check(kind, |moof| moof[at] ^= 1);
                    assert_eq!(refused.is_ok(), is_unused, "{scheme} {name:?} byte {at}");
                }
            }
        }
    }
}

#[test]
fn damage_of_any_byte_of_a_pssh_is_noticed() {
    let kind = Kind {
        scheme: Scheme::Cenc,
        rule: |_| FragmentRule::Track,
    };
    let mut written = Vec::new();
    let right = check(kind, |moof| written.clone_from(moof));
    assert_eq!(right, Ok(()));
    let fields = fields(&written, b"pssh");
    for at in fields.start - 12..fields.end {
        assert!(check(kind, |moof| moof[at] ^= 1).is_err(), "byte {at}");
    }
}

#[test]
fn boxes_that_are_missing_are_noticed() {
    let kind = Kind {
        scheme: Scheme::Cenc,
        rule: |track| FragmentRule::Key(track.clone()),
    };
    for name in [
        b"traf", b"tfhd", b"trun", b"saiz", b"saio", b"senc", b"sgpd", b"sbgp", b"pssh",
    ] {
        let refused = check(kind, |moof| {
            let start = fields(moof, name).start - 8;
            moof[start..start + 4].copy_from_slice(b"free");
        });
        assert!(refused.is_err(), "{name:?}");
    }
}
