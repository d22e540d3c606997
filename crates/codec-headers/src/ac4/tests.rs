// SPDX-License-Identifier: MPL-2.0
//! Tables of contents of encoded streams, and others written by hand by the syntax of TS 103 190-1 and -2.

use super::*;
use crate::Codec;

/// Tables of contents of the AC-4 test streams of the Android media library (sample_ac4.mp4, sample_ac4_level4.mp4), with the
/// length of the frame. Shaka Packager 3.8.0 finds 136 and 168 bits; the sizes of the substreams fill the second frame.
const ENCODED: [(&str, usize, usize); 4] = [
    ("bfcee59c20022a0097e0b104cadd0150825c82d8f8009dac", 360, 17),
    ("801ee49c2002458017e03104cadd00301e5c040000144700", 360, 17),
    ("80af3bfe60d200596d901ab3473e25600faf1c06806e6763", 8128, 21),
    ("80bf3afe60d2005528800aa3473e21600baf9c06806e6763", 8128, 21),
];

/// ac4_toc() up to fs_index: version 2 or 0, sequence_counter 1, no wait_frames, 48 kHz.
const V2: &str = "10 0000000001 0 1";
const V0: &str = "00 0000000001 0 1";
/// frame_rate_index 1, b_iframe_global, b_single_presentation, no payload base.
const SINGLE: &str = "0001 1 1 0";
/// No program id; a presentation of one group: version 0, mdcompat, id, multiplier, emdf_info(), filter, group 0.
const ONE_GROUP: &str = "0 1 0 000 0 0 00 000 0 00 00 0 000";
/// b_pre_virtualized, b_add_emdf_substreams, b_alternative, b_pres_ndot, substream_index.
const PRESENTATION_END: &str = "0 0 0 1 00";
/// b_substreams_present, b_hsf_ext, b_single_substream.
const GROUP: &str = "1 0 1";
/// n_substreams 1, b_size_present 0.
const ONE_SUBSTREAM: &str = "01 0";

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

/// Returns the range of a frame of these bits and eight bytes of substreams.
fn range_after(parts: &[&str]) -> Result<Vec<ProtectableRange>, Error> {
    let bits: Vec<u8> = parts.concat().bytes().filter(|b| *b != b' ').collect();
    let byte = |bits: &[u8]| {
        let padded = bits.iter().copied().chain([b'0'; 8]).take(8);
        padded.fold(0, |byte, bit| (byte << 1) | (bit - b'0'))
    };
    let mut frame: Vec<u8> = bits.chunks(8).map(byte).collect();
    frame.extend([0xff; 8]);
    let mut ranges = Vec::new();
    protectable_ranges(&frame, &mut ranges)?;
    let start = bits.len().div_ceil(8);
    assert_eq!(ranges, [ProtectableRange { start, len: 8 }], "{parts:?}");
    Ok(ranges)
}

#[test]
fn tables_of_encoded_streams_end_where_another_tool_says() {
    let mut codec = Codec::new(*b"ac-4", None).unwrap();
    for (head, len, toc) in ENCODED {
        let mut frame = unhex(head);
        frame.resize(len, 0);
        let mut ranges = Vec::new();
        codec.protectable_ranges(&frame, &mut ranges).unwrap();
        let expected = ProtectableRange {
            start: toc,
            len: len - toc,
        };
        assert_eq!(ranges, [expected], "{head}");
    }
    assert!(codec.maps_subsamples());
}

#[test]
fn channels_of_each_mode_are_read_to_their_end() {
    // channel_mode; the bits that it adds before and after sf_multiplier and bitrate_indicator
    for (mode, before, after) in [
        ("0", "", ""),
        ("10", "", ""),
        ("1110", "", ""),
        ("1111000", "", ""),
        ("1111101", "", "1"),
        ("11111100", "1101", ""),
        ("111111101", "1101", ""),
        ("111111110", "", ""),
        ("111111111", "10 0", ""),
    ] {
        let group = [GROUP, "1", mode, before, "1 0 1 111 01", after, "1 00 0"].concat();
        range_after(&[
            V2,
            SINGLE,
            ONE_GROUP,
            PRESENTATION_END,
            &group,
            ONE_SUBSTREAM,
        ])
        .unwrap();
    }
}

#[test]
fn objects_are_read_to_their_end() {
    let tail = "0 0 1 01";
    for objects in [
        // A-JOC: static downmix; LFE; dynamic objects only
        "1 1 1 0 0000 1",
        // beds by an assignment code, common data of two and more bytes, 16 and more signals by a mask
        "1 0 0 0011 0 0 1 101 1 0 00000 1 1 1 00 0 00000000 00000000 1111 000 0 0 0 0 1 0 1111111111",
        // three signals, of which two beds are listed; intermediate spatial format
        "1 0 0 0010 0 0 0 0 01 0001 0010 0 0000 0 1 101",
        // objects: dynamic, bed by a code and by a mask, intermediate spatial format, reserved data
        "0 001 1 1",
        "0 001 0 1 1 1 001",
        "0 001 0 1 1 0 1 00000000000000000",
        "0 001 0 1 0",
        "0 001 0 0 1 1 010",
        "0 001 0 0 0 0001 11111111",
    ] {
        let group = [
            GROUP,
            "0 1 1 10",
            objects,
            tail,
            "1 000 1 1 1 0000000000000001",
        ]
        .concat();
        range_after(&[
            V2,
            SINGLE,
            ONE_GROUP,
            PRESENTATION_END,
            &group,
            ONE_SUBSTREAM,
        ])
        .unwrap();
    }
}

#[test]
fn presentations_of_both_versions_are_read_to_their_end() {
    // version 0: main, dialogue enhancement and associate with an extension, at twice the frame rate of index 2
    let substream = "10 0 0 0 11 01";
    let head = [
        V0,
        "0010 1 1 0",
        "0 100 110 000 1 01 0 1 0 01 000 1 11 01 0 01 10",
    ]
    .concat();
    let emdf = "00 000 0 00 11";
    let body = ["1", substream, "00", substream, substream, "0 1 01", emdf];
    let zeros = "0".repeat(8 * (1 + 4));
    let first = [head.as_str(), &zeros].concat();
    let last = "0".repeat(8 * 16);
    range_after(&[&first, &body.concat(), &last, ONE_SUBSTREAM]).unwrap();
    // version 2: two presentations, one of EMDF only, one of three groups; 120 frames per second
    let emdf_only = "0 110 0 01 00 000 0 00 00";
    let groups = "0 011 0 000 0 1 1 00 000 0 00 00 1 1 0 000 001 010";
    let channels = [GROUP, "1 0 0 0 1 00 0"].concat();
    range_after(&[
        V2,
        "1100 1 0 1 00 0 1 00001 1 0000000000000001 1",
        &"0".repeat(128),
        emdf_only,
        groups,
        PRESENTATION_END,
        &channels.repeat(3),
        ONE_SUBSTREAM,
    ])
    .unwrap();
}

#[test]
fn frames_that_cannot_hold_their_substreams_are_refused() {
    let group = [GROUP, "1 10 0 0 1 00 0"].concat();
    let frame =
        |table: &str| range_after(&[V2, SINGLE, ONE_GROUP, PRESENTATION_END, &group, table]);
    assert!(frame("01 1 0 0000001000").is_ok());
    assert!(frame("01 1 0 0000001001").is_err());
    assert!(frame("10 0 0000001000 0 0000000001").is_err());
    assert!(frame("01 1 1 0000000000 01 0").is_err());
}

#[test]
fn versions_that_are_not_known_and_cut_tables_are_refused() {
    let mut ranges = Vec::new();
    let future = protectable_ranges(&[0xc0, 0, 0, 0], &mut ranges);
    assert!(matches!(future, Err(Error::UnsupportedFeature { .. })));
    let frame = unhex(ENCODED[0].0);
    for len in 1..17 {
        let cut = protectable_ranges(&frame[..len], &mut ranges);
        assert!(matches!(cut, Err(Error::Truncated { .. })), "{len} {cut:?}");
    }
    assert_eq!(protectable_ranges(&[], &mut ranges), Ok(()));
    assert_eq!(ranges, []);
}
