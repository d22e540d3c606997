// SPDX-License-Identifier: MPL-2.0
//! Warnings: changes of the input that the user should know of, although the output is right.

use std::collections::VecDeque;
use std::fmt;

use isobmff_boxes::FourCc;

/// The most different warnings of one stream.
const MAX_WARNINGS: usize = 64;

/// A change of the input that the user should know of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Signaling of an earlier protection was dropped.
    #[error(
        "dropped {}'{box_type}' from '{parent}': it is left over from an earlier protection of this media, which is clear now",
        SystemName(*system_id)
    )]
    LeftoverSignaling {
        /// The type of the box.
        box_type: FourCc,
        /// The type of the box that it was in.
        parent: FourCc,
        /// The SystemID of a `pssh`.
        system_id: Option<[u8; 16]>,
    },
    /// A sample of a protected track has no byte to protect, although it is long.
    #[error(
        "track {track_id}: a sample of {len} bytes has nothing to protect and stays clear: check whether it has pictures"
    )]
    ClearSample {
        /// Its track_ID.
        track_id: u32,
        /// Its length in bytes.
        len: u32,
    },
    /// Boxes of the fragments of the input were left out, since the media is cut into other fragments.
    #[error(
        "left out '{box_type}'{} of the fragments of the input: it cannot go with the samples into other fragments",
        GroupingName(*grouping_type)
    )]
    LeftOut {
        /// The type of the box.
        box_type: FourCc,
        /// The grouping_type of sample groups, or the aux_info_type of auxiliary information.
        grouping_type: Option<FourCc>,
    },
    /// Bytes after the last box, which form no box, were dropped.
    #[error(
        "dropped {len} bytes from byte {position} on: they follow the last box and form none, as trailers of phones and editors do"
    )]
    Trailer {
        /// Offset in the input.
        position: u64,
        /// Their number.
        len: u64,
    },
}

/// The warnings of a stream that wait for the caller. Each is given once, however often its cause occurs.
#[derive(Debug, Default)]
pub(super) struct WarningQueue {
    waiting: VecDeque<Warning>,
    known: Vec<Warning>,
}

impl WarningQueue {
    /// Adds a warning, unless it was added before.
    pub(super) fn add(&mut self, warning: Warning) {
        if self.known.len() < MAX_WARNINGS && !self.known.contains(&warning) {
            self.known.push(warning.clone());
            self.waiting.push_back(warning);
        }
    }

    /// Returns the next warning.
    pub(super) fn next(&mut self) -> Option<Warning> {
        self.waiting.pop_front()
    }
}

/// Writes the kind of a box after its type.
struct GroupingName(Option<FourCc>);

impl fmt::Display for GroupingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(kind) => write!(f, " of type '{kind}'"),
            None => Ok(()),
        }
    }
}

/// Writes the SystemID of a `pssh` before its type.
struct SystemName(Option<[u8; 16]>);

impl fmt::Display for SystemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(system_id) = self.0 else {
            return Ok(());
        };
        f.write_str("the box of system ")?;
        for (index, byte) in system_id.iter().enumerate() {
            let dash = if matches!(index, 4 | 6 | 8 | 10) {
                "-"
            } else {
                ""
            };
            write!(f, "{dash}{byte:02x}")?;
        }
        f.write_str(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leftover(box_type: FourCc, system_id: Option<[u8; 16]>) -> Warning {
        Warning::LeftoverSignaling {
            box_type,
            parent: FourCc::MOOV,
            system_id,
        }
    }

    #[test]
    fn warning_is_given_once() {
        let mut queue = WarningQueue::default();
        for _ in 0..3 {
            queue.add(leftover(FourCc::SENC, None));
        }
        assert_eq!(queue.next(), Some(leftover(FourCc::SENC, None)));
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn hostile_input_fills_no_memory() {
        let mut queue = WarningQueue::default();
        for system in 0..=u8::MAX {
            queue.add(leftover(FourCc::PSSH, Some([system; 16])));
        }
        assert_eq!(std::iter::from_fn(|| queue.next()).count(), MAX_WARNINGS);
    }

    // The SystemID of PlayReady.
    #[test]
    fn text_names_the_system() {
        let system_id = *b"\x9a\x04\xf0\x79\x98\x40\x42\x86\xab\x92\xe6\x5b\xe0\x88\x5f\x95";
        let text = leftover(FourCc::PSSH, Some(system_id)).to_string();
        assert!(text.contains("system 9a04f079-9840-4286-ab92-e65be0885f95, 'pssh' from 'moov'"));
    }
}
