// SPDX-License-Identifier: MPL-2.0
//! The boxes at the top of a progressive file, in the order in which they are written.

use std::ops::Range;

use isobmff_boxes::{BoxHeader, BoxTree, FourCc};

use super::source::{SeekableInput, read};
use crate::Error;
use crate::form::MovieForm;
use crate::items::{places_items, refuse_items};
use crate::stream::MAX_BOX;

/// The most boxes at the top; a real file has a handful.
const MAX_BOXES: usize = 1 << 16;

/// A file whose `moov` places the samples.
#[derive(Default)]
pub(crate) struct File {
    /// The `moov` as it came.
    pub(crate) moov: Vec<u8>,
    /// Parts of the file in the order in which they are written; those that are media ascend.
    pub(crate) pieces: Vec<Piece>,
    /// Whether the `moov` came in front of the media.
    pub(super) starts_with_moov: bool,
}

/// A part of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The `moov`, which is written anew.
    Moov,
    /// Boxes that are kept, and headers of `mdat` boxes.
    Kept(Range<u64>),
    /// The payload of an `mdat`.
    Media(Range<u64>),
}

impl File {
    /// Looks at all boxes at the top; None when the file is not progressive.
    pub(crate) fn scan<S: SeekableInput>(source: &mut S) -> Result<Option<Self>, Error> {
        let mut file = Self::default();
        let mut at = 0;
        while at < source.size() {
            let (header, end) = read_header(source, at)?;
            if file.pieces.len() > MAX_BOXES {
                return Err(Error::TooLarge {
                    what: "the number of boxes of a progressive file",
                    limit: MAX_BOXES as u64,
                });
            }
            match header.box_type {
                of_fragments if MovieForm::is_of_fragments(of_fragments) => return Ok(None),
                FourCc::MOOV if file.has_moov() => {
                    let box_type = FourCc::MOOV;
                    return Err(isobmff_boxes::Error::Duplicate { box_type }.into());
                }
                FourCc::MOOV => {
                    file.moov = read_box(source, at..end)?;
                    if read_form(&file.moov)? == MovieForm::Fragmented {
                        return Ok(None);
                    }
                    file.pieces.push(Piece::Moov);
                }
                FourCc::META if places_items(&read_box(source, at..end)?) => {
                    return Err(Error::Unsupported(FourCc::ILOC));
                }
                FourCc::MDAT => {
                    let payload = at + header.len as u64;
                    // By itself: the moov may go in front of it.
                    file.pieces.push(Piece::Kept(at..payload));
                    file.pieces.push(Piece::Media(payload..end));
                }
                _ => file.keep(at..end),
            }
            at = end;
        }
        Ok(file.has_moov().then(|| file.with_moov_first()))
    }

    /// The payload of each `mdat`, ascending.
    pub(crate) fn media(&self) -> impl Iterator<Item = Range<u64>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Media(bytes) => Some(bytes.clone()),
            Piece::Moov | Piece::Kept(_) => None,
        })
    }

    const fn has_moov(&self) -> bool {
        !self.moov.is_empty()
    }

    /// Keeps bytes, together with those right before them.
    fn keep(&mut self, bytes: Range<u64>) {
        match self.pieces.last_mut() {
            Some(Piece::Kept(last)) if last.end == bytes.start => last.end = bytes.end,
            _ => self.pieces.push(Piece::Kept(bytes)),
        }
    }

    /// Moves the `moov` in front of the first `mdat` and its header.
    fn with_moov_first(mut self) -> Self {
        self.starts_with_moov = true;
        let place = |wanted: fn(&Piece) -> bool| self.pieces.iter().position(wanted);
        let moov = place(|piece| *piece == Piece::Moov);
        let media = place(|piece| matches!(piece, Piece::Media(_)));
        if let (Some(moov), Some(media)) = (moov, media)
            && media < moov
        {
            self.starts_with_moov = false;
            self.pieces.remove(moov);
            self.pieces.insert(media.saturating_sub(1), Piece::Moov);
        }
        self
    }
}

fn read_header<S: SeekableInput>(source: &mut S, at: u64) -> Result<(BoxHeader, u64), Error> {
    let size = source.size();
    let most = (at + BoxHeader::MAX_LEN as u64).min(size);
    let bytes = read(source, at, most)?;
    let header = BoxHeader::read(bytes.as_ref(), FourCc(*b"file"));
    let header = header.map_err(|source| Error::BoxAt {
        position: at,
        source,
    })?;
    let end = header.size.map_or(Some(size), |len| at.checked_add(len));
    match end.filter(|&end| end <= size) {
        Some(end) => Ok((header, end)),
        None => Err(Error::Incomplete {
            inside: header.box_type,
        }),
    }
}

/// A whole box that is looked into.
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
