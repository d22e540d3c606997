// SPDX-License-Identifier: MPL-2.0
//! Cues of SCTE 35 made by threefive, and event messages with them.

use std::path::Path;
use std::process::Command;

use cenc_types::decode_hex;

use crate::boxes::top_level;
use crate::launch::Run;
use crate::tools;

/// The scheme of event messages with cues.
pub const SCHEME: &[u8] = b"urn:scte:scte35:2013:bin";

/// Makes cues by threefive, each of a kind with fields such as `out id=7 time=2 duration=1`. None without threefive.
pub fn made(cues: &[&str]) -> Option<Vec<Vec<u8>>> {
    if !tools::python_has("threefive") {
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/cues.py");
    let run = Run::of(Command::new(tools::python()).arg(script).args(cues)).succeeded();
    Some(
        run.stdout
            .lines()
            .map(|line| decode_hex(line).unwrap().to_vec())
            .collect(),
    )
}

/// The start of an event, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// Version 0: after the start of the segment.
    After(u32),
    /// Version 1: in the presentation.
    At(u64),
}

/// An `emsg` with a message, in time of milliseconds.
pub fn emsg(scheme: &[u8], start: Start, message: &[u8]) -> Vec<u8> {
    let texts = [scheme, b"\x001001\0"].concat();
    // event_duration is unknown; id.
    let rest = [[0xff; 4], 7u32.to_be_bytes()].concat();
    let timescale = 1000u32.to_be_bytes();
    let fields = match start {
        Start::After(delta) => {
            [&[0; 4], &texts[..], &timescale, &delta.to_be_bytes(), &rest].concat()
        }
        Start::At(time) => [
            &[1, 0, 0, 0],
            &timescale[..],
            &time.to_be_bytes(),
            &rest,
            &texts,
        ]
        .concat(),
    };
    let len = u32::try_from(8 + fields.len() + message.len()).unwrap();
    [&len.to_be_bytes(), b"emsg".as_slice(), &fields, message].concat()
}

/// A fragmented file with boxes in front of some of its `moof` boxes, which are numbered from 0, and without `mfra`.
pub fn with_boxes(file: &[u8], boxes: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut moof = 0;
    for piece in top_level(file) {
        if &piece.kind == b"mfra" {
            continue;
        }
        if &piece.kind == b"moof" {
            let own = boxes.iter().filter(|(number, _)| *number == moof);
            own.for_each(|(_, bytes)| out.extend_from_slice(bytes));
            moof += 1;
        }
        out.extend_from_slice(&file[piece.start..piece.end]);
    }
    out
}
