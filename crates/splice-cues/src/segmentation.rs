// SPDX-License-Identifier: MPL-2.0
//! `segmentation_descriptor`, SCTE 35 clause 10.3.3.

use super::bits::Bits;
use super::{CueEvent, CueMark, Error, MarkKind};

const TAG: u8 = 0x02;
/// The identifier of SCTE 35's own descriptors, "CUEI".
const IDENTIFIER: u32 = 0x4355_4549;

const PROGRAM_START: u8 = 0x10;
const PROGRAM_END: u8 = 0x11;
const PROGRAM_EARLY_TERMINATION: u8 = 0x12;
const PROGRAM_BREAKAWAY: u8 = 0x13;
const PROGRAM_RESUMPTION: u8 = 0x14;
const PROGRAM_OVERLAP_START: u8 = 0x17;
const PROGRAM_JOIN: u8 = 0x19;
const PROGRAM_IMMEDIATE_RESUMPTION: u8 = 0x1a;
const BREAK_START: u8 = 0x22;

/// Adds what the segmentation descriptors of a section mark.
pub(super) fn read_all(descriptors: &[u8], marks: &mut Vec<CueMark>) -> Result<(), Error> {
    let mut bits = Bits::new(descriptors);
    while !bits.left().is_empty() {
        let tag = bits.byte()?;
        let len = usize::from(bits.byte()?);
        let mut body = Bits::new(bits.bytes(len)?);
        if tag == TAG && body.word()? == IDENTIFIER {
            marks.extend(read(&mut body)?);
        }
    }
    Ok(())
}

/// Reads a descriptor after its identifier; None if its type neither begins nor ends anything.
fn read(bits: &mut Bits<'_>) -> Result<Option<CueMark>, Error> {
    let id = bits.word()?;
    let event = |start_type| CueEvent::Segmentation { id, start_type };
    let is_cancelled = bits.flag()?;
    bits.skip(7)?;
    if is_cancelled {
        return Ok(Some(CueMark {
            event: event(None),
            kind: MarkKind::Cancel,
        }));
    }
    let is_of_program = bits.flag()?;
    let has_duration = bits.flag()?;
    // delivery_not_restricted_flag and restrictions.
    bits.skip(6)?;
    if !is_of_program {
        let components = usize::from(bits.byte()?);
        // component_tag and pts_offset of each.
        bits.skip(components * (8 + 7 + 33))?;
    }
    let duration = match has_duration {
        true => Some(bits.number(40)?),
        false => None,
    };
    // segmentation_upid_type.
    bits.skip(8)?;
    let upid = usize::from(bits.byte()?);
    bits.bytes(upid)?;
    let boundary = Boundary::of(bits.byte()?);
    Ok(boundary.map(|boundary| CueMark {
        event: event(Some(boundary.start_type)),
        kind: match boundary.begins {
            true => MarkKind::Begin {
                is_break: is_break(boundary.start_type),
                duration: duration.filter(|ticks| *ticks > 0),
            },
            false => MarkKind::End,
        },
    }))
}

/// The beginning or end that a segmentation_type_id is.
struct Boundary {
    /// The type that begins what this one begins or ends.
    start_type: u8,
    begins: bool,
}

impl Boundary {
    /// Returns what a type is, by table 23 of clause 10.3.3.1; None for notices such as a change of the identification or a runover.
    const fn of(type_id: u8) -> Option<Self> {
        let (start_type, begins) = match type_id {
            PROGRAM_START
            | PROGRAM_RESUMPTION
            | PROGRAM_OVERLAP_START
            | PROGRAM_JOIN
            | PROGRAM_IMMEDIATE_RESUMPTION => (PROGRAM_START, true),
            PROGRAM_END | PROGRAM_EARLY_TERMINATION | PROGRAM_BREAKAWAY => (PROGRAM_START, false),
            // Chapters, breaks, credits, advertisements, promos, opportunities, events and networks: an end follows each start.
            0x20..=0x27 | 0x30..=0x47 | 0x50..=0x51 => (type_id & !1, type_id.is_multiple_of(2)),
            _ => return None,
        };
        Some(Self { start_type, begins })
    }
}

/// True for what replaces the programme. An overlay, `0x38` and `0x3A`, is shown with it.
const fn is_break(start_type: u8) -> bool {
    matches!(
        start_type,
        BREAK_START | 0x30 | 0x32 | 0x34 | 0x36 | 0x3c | 0x3e | 0x44 | 0x46
    )
}
