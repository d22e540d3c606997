// SPDX-License-Identifier: MPL-2.0
//! The top-level boxes of a progressive file, in the order in which they are written.

use std::ops::Range;

use isobmff_boxes::{BoxHeader, BoxTree, FourCc};

use super::BLOCK;
use super::source::{SeekableInput, read};
use crate::auxiliary::top_level_pssh;
use crate::form::MovieForm;
use crate::items::{places_items, refuse_items};
use crate::stream::{
    MAX_BOX, OtherFormat, Recognized, SIGNATURE, Trailer, TrailerScan, cut_movie_box, recognize,
};
use crate::{Error, Warning};

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
    /// Bytes after the last box, which are not written.
    pub(super) trailer: Option<Trailer>,
    /// One for each top-level box of an earlier protection, which are not written.
    pub(super) leftovers: Vec<Warning>,
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

impl FilePiece {
    /// Returns the bytes of the input that are written; None for the `moov`.
    pub(super) fn input(&self) -> Option<Range<u64>> {
        match self {
            Self::Moov => None,
            Self::Kept(bytes) | Self::Media(bytes) => Some(bytes.clone()),
        }
    }
}

impl ProgressiveFile {
    /// Reads all top-level boxes; None if the file is not progressive.
    pub(crate) fn scan<S: SeekableInput>(source: &mut S) -> Result<Option<Self>, Error> {
        let mut file = Self::default();
        let mut at = 0;
        while at < source.size() {
            let Some(TopLevelBox { header, end }) = read_header(source, at)? else {
                file.trailer = read_trailer(source, at)?;
                break;
            };
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
                FourCc::PSSH | FourCc::UUID if end - at <= MAX_BOX => {
                    match top_level_pssh(&read_box(source, at..end)?) {
                        Some(warning) => file.leftovers.push(warning),
                        None => file.keep(at..end),
                    }
                }
                _ => file.keep(at..end),
            }
            at = end;
        }
        match file.has_moov() {
            true => Ok(Some(file.with_moov_first())),
            false => Err(Error::NoMoov),
        }
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
pub(crate) struct TopLevelBox {
    pub(crate) header: BoxHeader,
    /// Offset of its end in the file.
    pub(crate) end: u64,
}

/// Reads the header of the box at `at`; None if the rest of the file forms no box.
pub(crate) fn read_header<S: SeekableInput>(
    source: &mut S,
    at: u64,
) -> Result<Option<TopLevelBox>, Error> {
    let size = source.size();
    let bytes = read(source, at, (at + BoxHeader::MAX_LEN as u64).min(size))?;
    let at_box = |error| match error {
        Error::Box(source) => Error::BoxAt {
            position: at,
            source,
        },
        error => error,
    };
    if let Recognized::Box(header) = recognize(bytes.as_ref(), at == 0).map_err(at_box)?
        && let Some(end) = header
            .size
            .map_or(Some(size), |len| at.checked_add(len))
            .filter(|&end| end <= size)
    {
        return Ok(Some(TopLevelBox { header, end }));
    }
    match cut_movie_box(bytes.as_ref()) {
        Some(inside) => Err(Error::Incomplete { inside }),
        None => Ok(None),
    }
}

/// Reads bytes up to the end of the file that form no box.
fn read_trailer<S: SeekableInput>(source: &mut S, at: u64) -> Result<Option<Trailer>, Error> {
    if at == 0 {
        let end = source.size().min(SIGNATURE as u64);
        let start = read(source, 0, end)?;
        return Err(Error::NotMp4(OtherFormat::of(start.as_ref())));
    }
    let mut scan = TrailerScan::new(at);
    let mut position = at;
    while position < source.size() {
        let end = source.size().min(position + BLOCK);
        scan.take(read(source, position, end)?.as_ref())?;
        position = end;
    }
    Ok(Some(scan.trailer()))
}

/// Reads a whole box.
pub(crate) fn read_box<S: SeekableInput>(
    source: &mut S,
    bytes: Range<u64>,
) -> Result<Vec<u8>, Error> {
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
