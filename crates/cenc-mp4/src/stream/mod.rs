// SPDX-License-Identifier: MPL-2.0
//! An MP4 stream from input chunk to output, whatever is done to its samples. Data flows forward: [`StreamReader`] yields
//! [`StreamEvent`]s, the loop of an encryptor or a decryptor handles them, and [`StreamWriter`] queues the output.
//! [`FragmentAssembler`] keeps the boxes and media of a fragment for that loop until the fragment is complete.

mod assembler;
mod index;
mod output;
mod reader;
mod recognition;
mod splitter;
mod writer;

pub(crate) use assembler::{
    FragmentAssembler, FragmentBoxes, FragmentPart, MediaExtent, StreamFragment,
};
pub use output::{Announcement, Output};
pub(crate) use reader::{MediaHeader, MediaPiece, StreamBox, StreamEvent, StreamReader};
pub use recognition::OtherFormat;
pub(crate) use recognition::{
    Recognized, SIGNATURE, Trailer, TrailerScan, cut_movie_box, recognize,
};
pub(crate) use splitter::MAX_BOX;
pub use writer::IndexMode;
pub(crate) use writer::{StreamWriter, WrittenFragment};
