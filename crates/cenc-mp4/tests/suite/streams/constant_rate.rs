// SPDX-License-Identifier: MPL-2.0
//! QuickTime's sound of constant bit rate, whose `stsz` says 1 byte for frames of several.

use cenc_mp4::IndexMode;
use cenc_types::Scheme;

use test_support::build::{boxed, ftyp, full, mdat, media, word};
use test_support::build_progressive::{moov, stco, stsc};
use test_support::encrypted::{self, keys};
use test_support::movie::Movie;
use test_support::{layout, progressive, samples};

/// A sound description of version 0, 1 or 2 with two channels; `packet` has frames and bytes of a packet.
fn entry(format: &[u8; 4], version: u8, bits: u8, packet: [u32; 2]) -> Vec<u8> {
    let [frames, bytes] = packet;
    let fields = [
        &[0, 0, 0, 0, 0, 0, 0, 1, 0, version, 0, 0, 0, 0, 0, 0][..],
        &[0, 2, 0, bits, 0, 0, 0, 0, 0xbb, 0x80, 0, 0],
    ]
    .concat();
    let more: Vec<u32> = match version {
        0 => vec![],
        1 => vec![frames, bytes / 2, bytes, 2],
        _ => vec![
            72,
            0x40e7_7000,
            0,
            2,
            0x7f00_0000,
            bits.into(),
            12,
            bytes,
            frames,
        ],
    };
    let more: Vec<u8> = more.iter().flat_map(|word| word.to_be_bytes()).collect();
    boxed(format, &[&fields, &more])
}

/// A file of one track of sound with samples of `frame` bytes, which are `size` bytes by its `stsz`, in chunks of 72 and 48 bytes.
fn film(entry: &[u8], size: u32, frame: u32) -> Vec<u8> {
    film_of(b"soun", entry, size, frame)
}

/// As [`film`], with a track of any handler.
pub fn film_of(handler: &[u8; 4], entry: &[u8], size: u32, frame: u32) -> Vec<u8> {
    let tables = |at: usize| {
        [
            boxed(b"stsd", &[&[0; 4], &word(1), entry]),
            full(b"stts", &[0, 1, 120 / frame, 1]),
            full(b"stsz", &[0, size, 120 / frame]),
            stsc(&[[1, 72 / frame, 1], [2, 48 / frame, 1]]),
            stco(&[at + 8, at + 8 + 72 + 5]),
        ]
        .concat()
    };
    let trak = |at: usize| {
        let hdlr = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]]);
        let mdhd = full(b"mdhd", &[0, 0, 0, 48_000, 0, 0]);
        let minf = boxed(b"minf", &[&boxed(b"stbl", &[&tables(at)])]);
        let mut tkhd = [0; 21];
        tkhd[3] = 1;
        boxed(
            b"trak",
            &[
                &full(b"tkhd", &tkhd),
                &boxed(b"mdia", &[&mdhd, &hdlr, &minf]),
            ],
        )
    };
    let head = ftyp().len() + moov(&[trak(0)]).len();
    [ftyp(), moov(&[trak(head)]), mdat(&media(125))].concat()
}

#[test]
fn frames_of_pcm_have_the_size_that_the_sample_entry_states() {
    for (format, version, bits, frame) in [
        (b"twos", 0, 16, 4),
        (b"sowt", 1, 16, 4),
        (b"raw ", 0, 8, 2),
        (b"in24", 1, 16, 6),
        (b"fl32", 0, 16, 8),
        (b"lpcm", 2, 24, 6),
        (b"ulaw", 0, 16, 2),
        (b"twos", 0, 8, 2),
    ] {
        let entry = entry(format, version, bits, [1, frame]);
        // What it means, with the real size.
        let clear = Movie::parse(film(&entry, frame, frame));
        let counted = film(&entry, 1, frame);
        let stream = encrypted::protect(&counted, Scheme::Cenc, IndexMode::Hold, []).unwrap();
        for out in [
            progressive::protect(&counted, Scheme::Cenc).unwrap(),
            stream,
        ] {
            layout::check(&out);
            let made = Movie::parse(out);
            samples::same_samples(&clear, &made, &keys());
            assert!(
                made.tracks[0]
                    .samples
                    .iter()
                    .all(|sample| sample.protection.is_some())
            );
        }
    }
}

#[test]
fn packets_of_sound_whose_sizes_are_missing_are_refused() {
    for entry in [
        entry(b"ima4", 0, 16, [0, 0]),
        entry(b"ima4", 1, 16, [64, 68]),
        entry(b"MAC3", 0, 8, [0, 0]),
        entry(b".mp3", 1, 16, [1152, 384]),
    ] {
        let counted = film(&entry, 1, 2);
        let refused = "the sizes of packets of sound are missing: write them, for instance with ffmpeg -c copy";
        for said in [
            progressive::protect(&counted, Scheme::Cenc).unwrap_err(),
            encrypted::protect(&counted, Scheme::Cenc, IndexMode::Hold, []).unwrap_err(),
        ] {
            assert!(said.contains(refused), "{said}");
        }
    }
}
