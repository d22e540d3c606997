// SPDX-License-Identifier: MPL-2.0
//! The top-level boxes of a progressive file, in the order in which they are written.

use std::ops::Range;

use isobmff_boxes::{BoxHeader, BoxTree, FourCc};

use super::source::{SeekableInput, read};
use crate::Error;
use crate::form::MovieForm;
use crate::items::{places_items, refuse_items};
use crate::stream::MAX_BOX;

/// The most top-level boxes; real files have a handful.
const MAX_BOXES: usize = 1 << 16;

/// A file whose `moov` places its samples.
#[derive(Default)]
pub(crate) struct ProgressiveFile {
    /// The `moov` of the input.
    pub(crate) moov: Vec<u8>,
    /// The parts of the file in the order in which they are written; those with media ascend.
    pub(crate) pieces: Vec<FilePiece>,
    /// True if the `moov` of the input is before the media.
    pub(super) starts_with_moov: bool,
}

/// A part of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilePiece {
    /// The `moov`, which is rewritten.
    Moov,
    /// Boxes that are kept, and the headers of `mdat` boxes.
    Kept(Range<u64>),
    /// The payload of an `mdat`.
    Media(Range<u64>),
}

impl ProgressiveFile {
    /// Reads all top-level boxes; None if the file is not progressive.
    pub(crate) fn scan<S: SeekableInput>(source: &mut S) -> Result<Option<Self>, Error> {
        let mut file = Self::default();
        let mut at = 0;
        while at < source.size() {
            let TopLevelBox { header, end } = read_header(source, at)?;
            if file.pieces.len() > MAX_BOXES {
                return Err(Error::TooLarge {
                    what: "the number of boxes of a progressive file",
                    limit: MAX_BOXES as u64,
                });
            }
            match header.box_type {
                of_fragments if MovieForm::is_of_fragments(of_fragments) => return Ok(None),
                FourCc::MOOV if file.has_moov() => {
                    return Err(isobmff_boxes::Error::Duplicate {
                        box_type: FourCc::MOOV,
                    }
                    .into());
                }
                FourCc::MOOV => {
                    file.moov = read_box(source, at..end)?;
                    if read_form(&file.moov)? == MovieForm::Fragmented {
                        return Ok(None);
                    }
                    file.pieces.push(FilePiece::Moov);
                }
                FourCc::META if places_items(&read_box(source, at..end)?) => {
                    return Err(Error::Unsupported(FourCc::ILOC));
                }
                FourCc::MDAT => {
                    let payload = at + header.len as u64;
                    // A piece of its own: the moov may be written before it.
                    file.pieces.push(FilePiece::Kept(at..payload));
                    file.pieces.push(FilePiece::Media(payload..end));
                }
                _ => file.keep(at..end),
            }
            at = end;
        }
        Ok(file.has_moov().then(|| file.with_moov_first()))
    }

    /// Returns the payload of each `mdat`, ascending.
    pub(crate) fn media(&self) -> impl Iterator<Item = Range<u64>> {
        self.pieces.iter().filter_map(|piece| match piece {
            FilePiece::Media(bytes) => Some(bytes.clone()),
            FilePiece::Moov | FilePiece::Kept(_) => None,
        })
    }

    const fn has_moov(&self) -> bool {
        !self.moov.is_empty()
    }

    /// Keeps bytes, in one piece with those right before them.
    fn keep(&mut self, bytes: Range<u64>) {
        match self.pieces.last_mut() {
            Some(FilePiece::Kept(last)) if last.end == bytes.start => last.end = bytes.end,
            _ => self.pieces.push(FilePiece::Kept(bytes)),
        }
    }

    /// Moves the `moov` before the first `mdat` and its header.
    fn with_moov_first(mut self) -> Self {
        self.starts_with_moov = true;
        let find = |wanted: fn(&FilePiece) -> bool| self.pieces.iter().position(wanted);
        if let Some(moov) = find(|piece| *piece == FilePiece::Moov)
            && let Some(media) = find(|piece| matches!(piece, FilePiece::Media(_)))
            && media < moov
        {
            self.starts_with_moov = false;
            self.pieces.remove(moov);
            self.pieces.insert(media.saturating_sub(1), FilePiece::Moov);
        }
        self
    }
}

/// A top-level box.
struct TopLevelBox {
    header: BoxHeader,
    /// Offset of its end in the file.
    end: u64,
}

fn read_header<S: SeekableInput>(source: &mut S, at: u64) -> Result<TopLevelBox, Error> {
    let size = source.size();
    let bytes = read(source, at, (at + BoxHeader::MAX_LEN as u64).min(size))?;
    let header =
        BoxHeader::read(bytes.as_ref(), FourCc(*b"file")).map_err(|source| Error::BoxAt {
            position: at,
            source,
        })?;
    match header
        .size
        .map_or(Some(size), |len| at.checked_add(len))
        .filter(|&end| end <= size)
    {
        Some(end) => Ok(TopLevelBox { header, end }),
        None => Err(Error::Incomplete {
            inside: header.box_type,
        }),
    }
}

/// Reads a whole box.
fn read_box<S: SeekableInput>(source: &mut S, bytes: Range<u64>) -> Result<Vec<u8>, Error> {
    if bytes.end - bytes.start > MAX_BOX {
        return Err(Error::TooLarge {
            what: "a box other than 'mdat', in bytes,",
            limit: MAX_BOX,
        });
    }
    Ok(read(source, bytes.start, bytes.end)?.as_ref().to_vec())
}

fn read_form(moov: &[u8]) -> Result<MovieForm, Error> {
    let moov = BoxTree::parse(moov)?;
    refuse_items(&moov)?;
    Ok(MovieForm::of(&moov))
}
