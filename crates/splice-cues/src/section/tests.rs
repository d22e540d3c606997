// SPDX-License-Identifier: MPL-2.0
//! The samples of SCTE 35 clause 14, and sections written by hand from the syntax.

use super::*;
use crate::{CueEvent, CueMark, MarkKind};

/// Reads base64, as the standard prints its samples.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0;
    let mut bytes = Vec::new();
    for (at, digit) in text.bytes().filter(|digit| *digit != b'=').enumerate() {
        let value = DIGITS.iter().position(|known| *known == digit).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        if at % 4 != 0 {
            bytes.push((bits >> (6 - 2 * (at % 4))).to_le_bytes()[0]);
        }
    }
    bytes
}

fn cue(text: &str) -> (Option<u64>, Vec<CueMark>) {
    let cue = read(&base64(text)).unwrap();
    (cue.time.map(CueTime::ticks), cue.marks)
}

const fn segmentation(id: u32, start_type: u8, kind: MarkKind) -> CueMark {
    let start_type = Some(start_type);
    CueMark {
        event: CueEvent::Segmentation { id, start_type },
        kind,
    }
}

#[test]
fn samples_of_the_standard_say_what_it_explains() {
    // 14.1, Provider Placement Opportunity Start, for 307 s.
    let start = MarkKind::Begin {
        is_break: true,
        duration: Some(0x01a5_99b0),
    };
    assert_eq!(
        cue("/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg=="),
        (
            Some(0x72bd_0050),
            vec![segmentation(0x4800_008e, 0x34, start)]
        )
    );
    // 14.3, its end.
    assert_eq!(
        cue("/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g="),
        (
            Some(0x7462_90a0),
            vec![segmentation(0x4800_008e, 0x34, MarkKind::End)]
        )
    );
    // 14.4, the end of a programme and the start of the next.
    let next = MarkKind::Begin {
        is_break: false,
        duration: None,
    };
    assert_eq!(
        cue(
            "/DBIAAAAAAAA///wBQb+ek2ItgAyAhdDVUVJSAAAGH+fCAgAAAAALMvDRBEAAAIXQ1VFSUgAABl/nwgIAAAAACyk26AQAACZcuND"
        ),
        (
            Some(0x7a4d_88b6),
            vec![
                segmentation(0x4800_0018, 0x10, MarkKind::End),
                segmentation(0x4800_0019, 0x10, next),
            ]
        )
    );
    // 14.5, Program Overlap Start.
    assert_eq!(
        cue("/DAvAAAAAAAA///wBQb+rr//ZAAZAhdDVUVJSAAACH+fCAgAAAAALKVs9RcAAJUdsKg="),
        (
            Some(0xaebf_ff64),
            vec![segmentation(0x4800_0008, 0x10, next)]
        )
    );
}

/// A section with these fields between section_length and CRC_32.
fn section(fields: &[u8]) -> Vec<u8> {
    let len = u8::try_from(fields.len() + 4).unwrap();
    let mut bytes = [&[TABLE_ID, 0x30, len], fields].concat();
    bytes.extend(crc::remainder(&bytes).to_be_bytes());
    bytes
}

/// The fields of a section with a command of a length that the section states, and no descriptors.
fn with_command(adjustment: u64, len: u16, command_type: u8, command: &[u8]) -> Vec<u8> {
    let [.., high, a, b, c, d] = adjustment.to_be_bytes();
    let [len_high, len_low] = len.to_be_bytes();
    let start = [
        0,
        high,
        a,
        b,
        c,
        d,
        0,
        0xff,
        0xf0 | len_high,
        len_low,
        command_type,
    ];
    section(&[&start, command, &[0, 0]].concat())
}

#[test]
fn adjustment_is_added_modulo_33_bits() {
    // time_specified_flag, reserved, 2^33 - 1.
    let last = [0xff, 0xff, 0xff, 0xff, 0xff];
    for (adjustment, expected) in [(0, (1 << 33) - 1), (1, 0), (90_001, 90_000)] {
        let cue = read(&with_command(adjustment, 5, 6, &last)).unwrap();
        assert_eq!(cue.time.map(CueTime::ticks), Some(expected));
        assert_eq!(cue.marks, []);
    }
}

#[test]
fn immediate_and_cancelled_splices_have_no_time() {
    // out_of_network, of the program, with a duration without auto_return, immediate.
    let out = [0, 0, 0, 7, 0x7f, 0xff, 0x7e, 0, 0, 0, 90, 0, 0, 0, 0];
    let cue = read(&with_command(0, 15, 5, &out)).unwrap();
    let event = CueEvent::Splice(7);
    let kind = MarkKind::Begin {
        is_break: true,
        duration: None,
    };
    assert_eq!((cue.time, cue.marks), (None, vec![CueMark { event, kind }]));
    let cancelled = [0, 0, 0, 7, 0xff];
    let cue = read(&with_command(0, 5, 5, &cancelled)).unwrap();
    let kind = MarkKind::Cancel;
    assert_eq!((cue.time, cue.marks), (None, vec![CueMark { event, kind }]));
}

#[test]
fn components_splice_at_the_first_time_of_one() {
    let components = [
        0, 0, 0, 7, 0x7f, 0x0f, 2, 1, 0x7f, 2, 0xfe, 0, 0, 0, 90, 0, 0, 0, 0,
    ];
    let cue = read(&with_command(0, 19, 5, &components)).unwrap();
    assert_eq!(cue.time.map(CueTime::ticks), Some(90));
    assert_eq!(cue.marks[0].kind, MarkKind::End);
}

#[test]
fn length_of_the_command_may_be_left_out() {
    let cue = read(&with_command(0, 0xfff, 6, &[0xfe, 0, 0, 0, 9])).unwrap();
    assert_eq!(cue.time.map(CueTime::ticks), Some(9));
}

#[test]
fn other_commands_mark_nothing() {
    // splice_null, splice_schedule, bandwidth_reservation, private_command and one that is not assigned.
    for command in [0, 4, 7, 0xff, 0x33] {
        for len in [4, 0xfff] {
            let cue = read(&with_command(0, len, command, &[1, 2, 3, 4])).unwrap();
            assert_eq!(cue, Cue::default());
        }
    }
}

#[test]
fn damaged_sections_are_refused_by_their_fault() {
    let good = base64("/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=");
    assert!(read(&good).is_ok());
    for len in 0..good.len() {
        let expected = match len {
            0 => Error::NotACue,
            _ => Error::Truncated,
        };
        assert_eq!(read(&good[..len]), Err(expected), "{len} bytes");
    }
    // Bytes of whatever carried it may follow.
    assert!(read(&[&good[..], &[0xff; 9]].concat()).is_ok());
    for bit in 24..8 * good.len() {
        let mut damaged = good.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read(&damaged), Err(Error::Crc), "bit {bit}");
    }
    assert_eq!(read(&section(&[1])), Err(Error::Version(1)));
    assert_eq!(read(&section(&[0, 0x80, 0, 0])), Err(Error::Encrypted));
}

/// No field may be read past its structure, wherever a correct checksum follows.
#[test]
fn sections_that_end_too_early_are_refused() {
    for sample in [
        "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==",
        "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
    ] {
        let good = base64(sample);
        let fields = &good[START..good.len() - CRC];
        for len in 0..fields.len() {
            assert_eq!(
                read(&section(&fields[..len])),
                Err(Error::Truncated),
                "{len} bytes"
            );
        }
    }
}

#[test]
fn overlays_are_no_breaks_and_notices_no_boundaries() {
    let descriptor = |type_id| {
        let mut fields = vec![
            0, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, 5, 6, 0xfe, 0, 0, 0, 0, 0, 17,
        ];
        fields.extend([
            2, 15, b'C', b'U', b'E', b'I', 0, 0, 0, 1, 0x7f, 0xbf, 0, 0, type_id, 0, 0,
        ]);
        read(&section(&fields)).unwrap().marks
    };
    // 0x38 is Provider Overlay Placement Opportunity Start, 0x22 Break Start.
    for (type_id, is_break) in [(0x38, false), (0x22, true), (0x30, true), (0x10, false)] {
        let duration = None;
        let kind = MarkKind::Begin { is_break, duration };
        assert_eq!(descriptor(type_id), [segmentation(1, type_id, kind)]);
    }
    // Not Indicated, Content Identification, Call Ad Server, Program Runover, Program Blackout Override.
    for type_id in [0, 1, 2, 0x15, 0x16, 0x18] {
        assert_eq!(descriptor(type_id), []);
    }
}
