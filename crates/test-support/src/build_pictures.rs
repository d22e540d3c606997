// SPDX-License-Identifier: MPL-2.0
//! Builds fragments of an AVC track by hand, of pictures that can be encrypted and of others that are too short.

use crate::build::{
    Base, boxed, fragment, full, hdlr, mdat, moof, moov_of, stsd_of, tfhd, traf, trex, trun, word,
};

/// The shortest parameter sets of AVC, in an `avcC`.
const AVCC: [u8; 22] = [
    1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 7, 0x67, 0x42, 0, 0x1e, 0xf8, 0x41, 0xa2, 1, 0, 4, 0x68, 0xce,
    0x38, 0x80,
];
/// Filler data, which stays clear.
const FILLER: u8 = 0x0c;

/// A `moov` with an AVC track, of a timescale of 1000.
pub fn picture_moov(id: u32) -> Vec<u8> {
    let entry = boxed(b"avc1", &[&[0; 78], &boxed(b"avcC", &[&AVCC])]);
    let tables = [stsd_of(&entry), full(b"stsz", &[0, 0, 0])].concat();
    let media = [
        full(b"mdhd", &[0, 0, 0, 1000, 0, 0]),
        hdlr(b"vide"),
        boxed(b"minf", &[&boxed(b"stbl", &[&tables])]),
    ];
    let mut tkhd = [0; 21];
    tkhd[3] = id;
    let trak = [full(b"tkhd", &tkhd), boxed(b"mdia", &[&media.concat()])];
    moov_of(&[boxed(b"trak", &[&trak.concat()])], &[trex(id, 0)])
}

/// A picture that is encrypted: a slice of 400 bytes.
pub fn long_picture() -> Vec<u8> {
    unit(&[0x65, 0x88, 0x84], 397)
}

/// A picture of which no scheme encrypts a byte: filler data, and a slice of 10 bytes.
pub fn short_picture() -> Vec<u8> {
    [unit(&[FILLER], 299), unit(&[0x65, 0x88, 0x84], 7)].concat()
}

/// A fragment of these pictures.
pub fn pictures(id: u32, samples: &[Vec<u8>]) -> Vec<u8> {
    let sizes: Vec<u32> = samples
        .iter()
        .map(|sample| u32::try_from(sample.len()).unwrap())
        .collect();
    let make = |data| {
        let run = trun(Some(data), &sizes);
        moof(&[traf(&tfhd(id, Base::Moof), &[run])])
    };
    fragment(make, &[], &mdat(&samples.concat()))
}

/// A NAL unit of `start` and this number of other bytes.
fn unit(start: &[u8], rest: usize) -> Vec<u8> {
    [&word(start.len() + rest), start, &vec![0x5a; rest]].concat()
}
