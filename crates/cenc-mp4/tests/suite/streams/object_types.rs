// SPDX-License-Identifier: MPL-2.0
//! The object types of `esds`: what is under `mp4a` and `mp4v`, whatever it is, is protected by whole samples.

use cenc_mp4::IndexMode;
use cenc_types::Scheme;

use test_support::build::boxed;
use test_support::encrypted::{self, keys};
use test_support::movie::Movie;
use test_support::{progressive, samples};

use super::constant_rate::film_of;

/// The codes of sound at mp4ra.org, and those of AC-3 and E-AC-3, which are withdrawn, and of Vorbis, which FFmpeg uses.
const SOUND: [u8; 23] = [
    0x40, 0x66, 0x67, 0x68, 0x69, 0x6b, 0xa0, 0xa1, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac,
    0xad, 0xae, 0xaf, 0xb2, 0xb3, 0xdd, 0xe1,
];
/// The codes of pictures: MPEG-4, MPEG-2 and MPEG-1 video, AVC, HEVC, JPEG, PNG, JPEG 2000, VC-1, Dirac, RealVideo and VP9.
const PICTURES: [u8; 17] = [
    0x20, 0x21, 0x23, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x6a, 0x6c, 0x6d, 0x6e, 0xa3, 0xa4, 0xb0,
    0xb1,
];
/// Codes that anybody may use, and that for no object type.
const PRIVATE: [u8; 3] = [0xc0, 0xfe, 0xff];

/// A sample entry with the fields of its kind and an `esds`.
fn entry(format: &[u8; 4], fields: usize, object_type: u8) -> Vec<u8> {
    // DecoderConfigDescriptor without DecoderSpecificInfo, in an ES_Descriptor.
    let stream_type = if format == b"mp4a" { 0x15 } else { 0x11 };
    let config = [
        4,
        13,
        object_type,
        stream_type,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let esds = boxed(b"esds", &[&[0; 4], &[3, 18, 0, 1, 0], &config]);
    let mut fixed = vec![0; fields];
    fixed[7] = 1;
    boxed(format, &[&fixed, &esds])
}

/// Protects a file as one and as a stream.
fn protect(clear: &[u8], scheme: Scheme) -> [Result<Vec<u8>, String>; 2] {
    [
        progressive::protect(clear, scheme),
        encrypted::protect(clear, scheme, IndexMode::Hold, []),
    ]
}

fn is_whole(clear: &[u8], scheme: Scheme) {
    for made in protect(clear, scheme) {
        let made = Movie::parse(made.unwrap());
        samples::same_samples(&Movie::parse(clear.to_vec()), &made, &keys());
        for sample in &made.tracks[0].samples {
            let protection = sample.protection.as_ref().unwrap();
            assert!(protection.subsamples.is_empty());
            assert_eq!(protection.rules.crypt_byte_block, 0, "no pattern");
        }
    }
}

#[test]
fn sound_under_mp4a_is_protected_as_a_whole_whatever_its_object_type() {
    for object_type in SOUND.into_iter().chain(PRIVATE) {
        let clear = film_of(b"soun", &entry(b"mp4a", 28, object_type), 24, 24);
        for scheme in [Scheme::Cenc, Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs] {
            is_whole(&clear, scheme);
        }
    }
}

#[test]
fn pictures_under_mp4v_are_protected_as_a_whole_where_that_is_allowed() {
    for object_type in PICTURES.into_iter().chain(PRIVATE) {
        let clear = film_of(b"vide", &entry(b"mp4v", 78, object_type), 24, 24);
        for scheme in [Scheme::Cenc, Scheme::Cbc1] {
            is_whole(&clear, scheme);
        }
        for scheme in [Scheme::Cens, Scheme::Cbcs] {
            for made in protect(&clear, scheme) {
                let said = made.unwrap_err();
                assert!(said.contains("'mp4v'"), "{said}");
            }
        }
    }
}
