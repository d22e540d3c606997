// SPDX-License-Identifier: MPL-2.0
//! The commands that mark a point of the stream, SCTE 35 clause 9.7: `splice_insert` and `time_signal`.

use super::bits::Bits;
use super::{CueEvent, CueMark, Error, MarkKind};

const SPLICE_INSERT: u8 = 0x05;
const TIME_SIGNAL: u8 = 0x06;

/// A command.
pub(super) struct Command {
    pub(super) time: TimeOfCommand,
    /// What it marks itself; what a `time_signal` marks is in its descriptors.
    pub(super) mark: Option<CueMark>,
}

/// The point that a command marks.
pub(super) enum TimeOfCommand {
    /// It marks none.
    Nowhere,
    /// The ticks of its time before the adjustment; None: at once.
    Point(Option<u64>),
}

impl Command {
    /// Reads a command at the start of bytes, and returns it with its length. The length of a command that marks no point is unknown.
    pub(super) fn read(command_type: u8, bytes: &[u8]) -> Result<(Self, usize), Error> {
        let mut bits = Bits::new(bytes);
        let command = match command_type {
            SPLICE_INSERT => splice_insert(&mut bits)?,
            TIME_SIGNAL => Self {
                time: TimeOfCommand::Point(splice_time(&mut bits)?),
                mark: None,
            },
            _ => Self {
                time: TimeOfCommand::Nowhere,
                mark: None,
            },
        };
        Ok((command, bytes.len() - bits.left().len()))
    }
}

/// Reads a `splice_insert`, clause 9.7.3.
fn splice_insert(bits: &mut Bits<'_>) -> Result<Command, Error> {
    let event = CueEvent::Splice(bits.word()?);
    let is_cancelled = bits.flag()?;
    bits.skip(7)?;
    if is_cancelled {
        let kind = MarkKind::Cancel;
        return Ok(Command {
            time: TimeOfCommand::Point(None),
            mark: Some(CueMark { event, kind }),
        });
    }
    let is_out = bits.flag()?;
    let is_of_program = bits.flag()?;
    let has_duration = bits.flag()?;
    let is_immediate = bits.flag()?;
    // event_id_compliance_flag and reserved.
    bits.skip(4)?;
    let time = match (is_of_program, is_immediate) {
        (true, true) => None,
        (true, false) => splice_time(bits)?,
        (false, _) => first_component_time(bits, is_immediate)?,
    };
    let duration = match has_duration {
        true => break_duration(bits)?,
        false => None,
    };
    // unique_program_id, avail_num and avails_expected.
    bits.skip(16 + 8 + 8)?;
    let kind = match is_out {
        true => MarkKind::Begin {
            is_break: true,
            duration,
        },
        false => MarkKind::End,
    };
    Ok(Command {
        time: TimeOfCommand::Point(time),
        mark: Some(CueMark { event, kind }),
    })
}

/// Reads the times of components, and returns the first one: all tracks of a stream change together.
fn first_component_time(bits: &mut Bits<'_>, is_immediate: bool) -> Result<Option<u64>, Error> {
    let components = bits.byte()?;
    let mut first = None;
    for _ in 0..components {
        // component_tag.
        bits.skip(8)?;
        if !is_immediate {
            first = first.or(splice_time(bits)?);
        }
    }
    Ok(first)
}

/// Reads a `splice_time`, clause 9.8.1.
fn splice_time(bits: &mut Bits<'_>) -> Result<Option<u64>, Error> {
    if bits.flag()? {
        bits.skip(6)?;
        return bits.number(33).map(Some);
    }
    bits.skip(7)?;
    Ok(None)
}

/// Reads a `break_duration`, clause 9.8.2; None if the break does not end by itself.
fn break_duration(bits: &mut Bits<'_>) -> Result<Option<u64>, Error> {
    let is_auto_return = bits.flag()?;
    bits.skip(6)?;
    let duration = bits.number(33)?;
    Ok(is_auto_return.then_some(duration))
}
