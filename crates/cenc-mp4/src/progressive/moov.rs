// SPDX-License-Identifier: MPL-2.0
//! The `moov` of a protected progressive file: adds the auxiliary information of the samples and moves the chunk offsets.

use std::ops::Range;

use common_encryption::SencBuilder;
use isobmff_boxes::{BoxTree, ChunkOffsets, FourCc, build_chunk_offsets, build_saio, map_saio};

use super::file::FilePiece;
use super::measure::TrackPlan;
use super::tables::{SampleSizes, offset_table};
use super::written::WrittenTables;
use crate::Error;
use crate::auxiliary::push_auxiliary_information;
use crate::information::points_at_entries;
use crate::init::{STBL_PATH, find_mut, find_stbl_mut};
use crate::readback::check_moov;

/// The bytes of sample_size in the body of `stsz`.
const COMMON_SIZE: Range<usize> = 4..8;
/// Bytes of the size and type of a container.
const BOX_HEADER: u64 = 8;
/// The bytes that an offset of `co64` has more than one of `stco`.
const WIDENING: u64 = 4;

/// Writes the final `moov`, from the one with protected sample entries.
pub(super) fn write(
    moov: &[u8],
    tracks: &[TrackPlan],
    pieces: &[FilePiece],
) -> Result<Vec<u8>, Error> {
    let mut tree = BoxTree::parse(moov)?;
    for (stbl, plan) in stbls(&mut tree).zip(tracks) {
        let stbl = stbl?;
        state_common_size(stbl, &plan.table.sizes);
        if let (Some(_), Some(children)) = (&plan.track.protection, stbl.children_mut())
            && plan.senc.count() > 0
        {
            push_auxiliary_information(children, &plan.senc)?;
        }
    }
    let moov_at = place_chunks(&mut tree, pieces)?;
    place_auxiliary_information(&mut tree, tracks, moov_at)?;
    let mut out = Vec::with_capacity(tree.size());
    tree.write(&mut out)?;
    let protections: Vec<_> = tracks
        .iter()
        .map(|plan| plan.track.protection.as_ref())
        .collect();
    let input = BoxTree::parse(moov)?;
    let pssh: Vec<_> = input.all(FourCc::PSSH).cloned().collect();
    check_moov(&out, &protections, &pssh)?;
    WrittenTables {
        bytes: &out,
        input: &input,
        tracks,
        pieces,
    }
    .check()?;
    Ok(out)
}

/// Writes the common size of samples into `stsz`, which may count frames of sound instead of their bytes.
fn state_common_size(stbl: &mut BoxTree<'_>, sizes: &SampleSizes) {
    if let SampleSizes::Common(size) = sizes
        && let Some(stsz) = find_mut(stbl, FourCc::STSZ)
    {
        let mut body = stsz.body().to_vec();
        if let Some(field) = body.get_mut(COMMON_SIZE) {
            field.copy_from_slice(&size.to_be_bytes());
            *stsz = BoxTree::leaf(FourCc::STSZ, body);
        }
    }
}

/// Moves the chunk offsets of a `moov` that is otherwise complete, and returns its offset in the output.
pub(crate) fn place_chunks(tree: &mut BoxTree<'_>, pieces: &[FilePiece]) -> Result<u64, Error> {
    let mut size = tree.size() as u64;
    let moves = FileMoves::new(pieces, size + max_growth(tree)?);
    let mut wide = Vec::new();
    for trak in tree.all(FourCc::TRAK) {
        let table = ChunkOffsets::read(offset_table(trak.descend(&STBL_PATH)?)?)?;
        let grows = !table.is_wide() && moves.outgrow(&table);
        if grows {
            size += WIDENING * table.count() as u64;
        }
        wide.push(grows || table.is_wide());
    }
    let moves = FileMoves::new(pieces, size);
    for (stbl, wide) in stbls(tree).zip(wide) {
        move_chunks(stbl?, wide, &moves)?;
    }
    Ok(moves.moov)
}

/// The way in which media moves from the input to the output.
struct FileMoves {
    /// Ascending.
    media: Vec<MovedMedia>,
    /// Offset of the `moov` in the output.
    moov: u64,
}

/// The payload of an `mdat`.
struct MovedMedia {
    /// Its range in the input.
    input: Range<u64>,
    /// Its offset in the output.
    output: u64,
}

impl FileMoves {
    fn new(pieces: &[FilePiece], moov_size: u64) -> Self {
        let mut moves = Self {
            media: Vec::new(),
            moov: 0,
        };
        let mut at: u64 = 0;
        for piece in pieces {
            at += match piece {
                FilePiece::Moov => {
                    moves.moov = at;
                    moov_size
                }
                FilePiece::Kept(bytes) => bytes.end - bytes.start,
                FilePiece::Media(bytes) => {
                    moves.media.push(MovedMedia {
                        input: bytes.clone(),
                        output: at,
                    });
                    bytes.end - bytes.start
                }
            };
        }
        moves
    }

    /// Returns the offset of a chunk in the output; an empty chunk may have any offset, which stays.
    fn moved(&self, offset: u64) -> u64 {
        self.media
            .partition_point(|media| media.input.start <= offset)
            .checked_sub(1)
            .and_then(|index| self.media.get(index))
            .filter(|media| offset < media.input.end)
            .map_or(offset, |media| media.output + (offset - media.input.start))
    }

    /// True if a chunk moves to an offset of more than 32 bits.
    fn outgrow(&self, table: &ChunkOffsets<'_>) -> bool {
        table
            .offsets()
            .any(|offset| self.moved(offset) > u64::from(u32::MAX))
    }
}

/// Returns the `stbl` of each track.
fn stbls<'a, 'b>(
    moov: &'b mut BoxTree<'a>,
) -> impl Iterator<Item = Result<&'b mut BoxTree<'a>, Error>> {
    moov.children_mut()
        .into_iter()
        .flatten()
        .filter(|child| child.box_type == FourCc::TRAK)
        .map(|trak| find_stbl_mut(trak).ok_or_else(|| missing(FourCc::MINF, FourCc::STBL)))
}

fn missing(parent: FourCc, child: FourCc) -> Error {
    isobmff_boxes::Error::Missing { parent, child }.into()
}

/// Returns the number of bytes by which the `moov` grows at most.
fn max_growth(moov: &BoxTree<'_>) -> Result<u64, Error> {
    let mut growth = 0;
    for trak in moov.all(FourCc::TRAK) {
        let table = offset_table(trak.descend(&STBL_PATH)?)?;
        growth += WIDENING * ChunkOffsets::read(table)?.count() as u64;
    }
    Ok(growth)
}

fn move_chunks(stbl: &mut BoxTree<'_>, wide: bool, moves: &FileMoves) -> Result<(), Error> {
    for child in stbl.children_mut().into_iter().flatten() {
        if child.box_type == FourCc::SAIO && points_at_entries(child)? == Some(false) {
            *child = map_saio(child, |offset| moves.moved(offset))?;
        }
    }
    let table = offset_table(stbl)?;
    let box_type = table.box_type;
    let moved: Vec<u64> = ChunkOffsets::read(table)?
        .offsets()
        .map(|offset| moves.moved(offset))
        .collect();
    *find_mut(stbl, box_type).ok_or_else(|| missing(FourCc::STBL, box_type))? =
        build_chunk_offsets(&moved, wide)?;
    Ok(())
}

/// Fills in the `saio` offsets, from the start of the file to the first entry of each `senc`.
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
        // saiz, saio and senc are the last boxes of the stbl.
        if let (Some(_), Some([.., offset, _])) = (
            plan.senc.sizes(),
            stbl?.children_mut().map(Vec::as_mut_slice),
        ) {
            let entries = end - plan.senc.size() as u64 + SencBuilder::HEADER_SIZE as u64;
            *offset = build_saio(
                None,
                u32::try_from(entries).map_err(|_| isobmff_boxes::Error::TooLarge {
                    box_type: FourCc::SAIO,
                })?,
            );
        }
    }
    Ok(())
}

/// Returns the distance from the start of a `trak` to the end of its `stbl`.
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
