// SPDX-License-Identifier: MPL-2.0
//! A stream of MP4 from chunk to output, whatever becomes of its samples. Data flows forward: [`StreamReader`] yields
//! [`StreamEvent`]s, the loop of an encryptor or a decryptor handles them, and [`StreamWriter`] holds the output in a queue.
//! [`FragmentAssembler`] keeps the boxes and media of a fragment for the loop until all of it is there.

mod assembler;
mod index;
mod output;
mod reader;
mod splitter;
mod writer;

pub(crate) use assembler::{FragmentAssembler, FragmentBoxes, StreamFragment};
pub use output::{Announcement, Output};
pub(crate) use reader::{MediaHeader, MediaPiece, StreamBox, StreamEvent, StreamReader};
pub(crate) use splitter::MAX_BOX;
pub use writer::IndexMode;
pub(crate) use writer::{StreamWriter, WrittenFragment};
