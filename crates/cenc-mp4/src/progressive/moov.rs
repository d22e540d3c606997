// SPDX-License-Identifier: MPL-2.0
//! The `moov` of a protected progressive file: auxiliary information for the samples, and chunk offsets for where they go.

use std::ops::Range;

use common_encryption::SencBuilder;
use isobmff_boxes::{BoxTree, ChunkOffsets, FourCc, build_chunk_offsets, build_saio};

use super::file::Piece;
use super::measure::TrackPlan;
use super::tables::offset_table;
use crate::Error;
use crate::auxiliary::push_auxiliary_information;
use crate::init::{STBL_PATH, find_mut};

/// Size and type of a container.
const BOX_HEADER: u64 = 8;
/// A `co64` offset has so many bytes more than one of `stco`.
const WIDENING: u64 = 4;

/// Writes the `moov`, given the one whose sample entries are protected.
pub(super) fn write(moov: &[u8], tracks: &[TrackPlan], pieces: &[Piece]) -> Result<Vec<u8>, Error> {
    let mut tree = BoxTree::parse(moov)?;
    for (stbl, plan) in stbls(&mut tree).zip(tracks) {
        if let (Some(_), Some(children)) = (&plan.track.protection, stbl?.children_mut())
            && plan.senc.count() > 0
        {
            push_auxiliary_information(children, &plan.senc)?;
        }
    }
    let moov_at = place_chunks(&mut tree, pieces)?;
    place_auxiliary_information(&mut tree, tracks, moov_at)?;
    let mut out = Vec::with_capacity(tree.size());
    tree.write(&mut out)?;
    Ok(out)
}

/// Moves the chunk offsets of a `moov` that is otherwise complete, and returns where it will stand.
pub(crate) fn place_chunks(tree: &mut BoxTree<'_>, pieces: &[Piece]) -> Result<u64, Error> {
    let widest = widest(tree)?;
    let mut size = tree.size() as u64;
    let moves = Moves::new(pieces, size + widest);
    let mut wide = Vec::new();
    for trak in tree.all(FourCc::TRAK) {
        let table = ChunkOffsets::read(offset_table(trak.descend(&STBL_PATH)?)?)?;
        let grows = !table.is_wide() && moves.outgrow(&table);
        size += if grows {
            WIDENING * table.count() as u64
        } else {
            0
        };
        wide.push(grows || table.is_wide());
    }
    let moves = Moves::new(pieces, size);
    for (stbl, wide) in stbls(tree).zip(wide) {
        move_chunks(stbl?, wide, &moves)?;
    }
    Ok(moves.moov)
}

/// How media moves from the input to the output.
struct Moves {
    /// Each `mdat` payload in the input, and where it starts in the output.
    media: Vec<(Range<u64>, u64)>,
    /// Where the `moov` starts in the output.
    moov: u64,
}

impl Moves {
    fn new(pieces: &[Piece], moov_size: u64) -> Self {
        let mut moves = Self {
            media: Vec::new(),
            moov: 0,
        };
        let mut at: u64 = 0;
        for piece in pieces {
            at += match piece {
                Piece::Moov => {
                    moves.moov = at;
                    moov_size
                }
                Piece::Kept(bytes) => bytes.end - bytes.start,
                Piece::Media(bytes) => {
                    moves.media.push((bytes.clone(), at));
                    bytes.end - bytes.start
                }
            };
        }
        moves
    }

    /// Where a chunk goes; one without bytes may lie anywhere and stays there.
    fn moved(&self, offset: u64) -> u64 {
        let at = self
            .media
            .partition_point(|(bytes, _)| bytes.start <= offset);
        match at.checked_sub(1).and_then(|at| self.media.get(at)) {
            Some((bytes, to)) if offset < bytes.end => to + (offset - bytes.start),
            _ => offset,
        }
    }

    /// Whether a chunk goes where 32 bits do not reach.
    fn outgrow(&self, table: &ChunkOffsets<'_>) -> bool {
        let mut offsets = table.offsets();
        offsets.any(|offset| self.moved(offset) > u64::from(u32::MAX))
    }
}

/// The `stbl` of each track.
fn stbls<'a, 'b>(
    moov: &'b mut BoxTree<'a>,
) -> impl Iterator<Item = Result<&'b mut BoxTree<'a>, Error>> {
    let children = moov.children_mut().into_iter().flatten();
    let traks = children.filter(|child| child.box_type == FourCc::TRAK);
    traks.map(|trak| {
        let mut path = STBL_PATH.into_iter();
        let stbl = path.try_fold(trak, find_mut);
        stbl.ok_or_else(|| missing(FourCc::MINF, FourCc::STBL))
    })
}

fn missing(parent: FourCc, child: FourCc) -> Error {
    isobmff_boxes::Error::Missing { parent, child }.into()
}

/// By how much the `moov` grows at most.
fn widest(moov: &BoxTree<'_>) -> Result<u64, Error> {
    let mut growth = 0;
    for trak in moov.all(FourCc::TRAK) {
        let table = offset_table(trak.descend(&STBL_PATH)?)?;
        growth += WIDENING * ChunkOffsets::read(table)?.count() as u64;
    }
    Ok(growth)
}

fn move_chunks(stbl: &mut BoxTree<'_>, wide: bool, moves: &Moves) -> Result<(), Error> {
    let table = offset_table(stbl)?;
    let box_type = table.box_type;
    let offsets = ChunkOffsets::read(table)?.offsets();
    let moved: Vec<u64> = offsets.map(|offset| moves.moved(offset)).collect();
    let moved = build_chunk_offsets(&moved, wide)?;
    *find_mut(stbl, box_type).ok_or_else(|| missing(FourCc::STBL, box_type))? = moved;
    Ok(())
}

/// Fills in the `saio` offsets: from the start of the file to the first entry of each `senc`.
fn place_auxiliary_information(
    moov: &mut BoxTree<'_>,
    tracks: &[TrackPlan],
    position: u64,
) -> Result<(), Error> {
    let mut offsets = Vec::with_capacity(tracks.len());
    let mut start = position + BOX_HEADER;
    for child in moov.children() {
        if child.box_type == FourCc::TRAK {
            offsets.push(start + end_of_stbl(child));
        }
        start += child.size() as u64;
    }
    for ((stbl, plan), end) in stbls(moov).zip(tracks).zip(offsets) {
        // The three boxes stand at the end of the stbl.
        if let (Some(_), Some([.., offset, _])) = (
            plan.senc.sizes(),
            stbl?.children_mut().map(Vec::as_mut_slice),
        ) {
            let entries = end - plan.senc.size() as u64 + SencBuilder::HEADER_SIZE as u64;
            let box_type = FourCc::SAIO;
            let entries = u32::try_from(entries);
            *offset = build_saio(entries.map_err(|_| isobmff_boxes::Error::TooLarge { box_type })?);
        }
    }
    Ok(())
}

/// From the start of a `trak` to the end of its `stbl`.
fn end_of_stbl(trak: &BoxTree<'_>) -> u64 {
    let mut end = 0;
    let mut parent = trak;
    for box_type in STBL_PATH {
        end += BOX_HEADER;
        for child in parent.children() {
            if child.box_type == box_type {
                parent = child;
                break;
            }
            end += child.size() as u64;
        }
    }
    end + parent.size() as u64
}
