// SPDX-License-Identifier: MPL-2.0
//! Turns a progressive file (ISO/IEC 14496-12 clause 8.7) that arrives as a stream, `moov` first, into a fragmented one (clause 8.8).
//!
//! The `moov` places every sample, so all fragments are planned before the first byte of media arrives: [`plan`]. Media waits for the
//! other bytes of its fragment, and fragments are output in the order of time. They are clear; from here on they are treated like
//! fragments of the input.

pub(super) mod groups;
pub(super) mod moof;
pub(super) mod moov;
pub(super) mod plan;
pub(super) mod subsamples;
pub(super) mod timing;
pub(super) mod track;

use std::borrow::Cow;
use std::collections::HashMap;

use isobmff_boxes::{BoxTree, FourCc};

use super::form::MovieForm;
use super::init::refuse_unreadable;
use super::init::{STBL_PATH, has_samples};
use super::items::refuse_items;
use super::progressive::tables;
use super::stream::{FragmentBoxes, FragmentPart, MediaPiece, StreamFragment};
use super::{Chunk, Error};
use moof::MoofForm;
use plan::{FragmentPlan, PlannedFragment};
use track::ProgressiveTrack;

/// Cuts the media of one progressive file into fragments.
pub(super) struct Fragmenter<C> {
    tracks: Vec<ProgressiveTrack>,
    plan: FragmentPlan,
    /// Index of the next fragment of each lane.
    next_in_lane: Vec<usize>,
    /// The lane that may have a complete fragment.
    lane: usize,
    /// Index of the piece that arrives next.
    next_piece: usize,
    /// Bytes of it that have arrived.
    piece_taken: u64,
    /// Media that is not assigned to a fragment yet.
    incoming: Option<MediaPiece<C>>,
    /// Media of incomplete fragments, by index.
    arrived: HashMap<u32, ArrivedMedia<C>>,
    /// Number of fragments output.
    sequence_number: u32,
    /// True if there is no more media.
    ended: bool,
    /// True if the `moov` of the input has an `mvex`.
    announces_fragments: bool,
}

/// The media of a fragment that has arrived.
struct ArrivedMedia<C> {
    chunks: Vec<ArrivedChunk<C>>,
    /// Bytes of all chunks.
    len: u64,
}

struct ArrivedChunk<C> {
    /// Index of its piece in the fragment.
    piece: u32,
    data: C,
}

impl<C: Chunk> Fragmenter<C> {
    /// Turns a `moov` that places samples, or announces no fragments, into that of an init segment; returns any other as it is.
    ///
    /// # Errors
    /// Damaged tables, [`Error::CoarseInterleaving`], tables without a counterpart in fragments.
    pub(super) fn open(moov: &[u8]) -> Result<(Cow<'_, [u8]>, Option<Self>), Error> {
        let tree = BoxTree::parse(moov)?;
        refuse_unreadable(&tree)?;
        let announces_fragments = MovieForm::of(&tree) == MovieForm::Fragmented;
        if announces_fragments && !places_samples(&tree)? {
            return Ok((Cow::Borrowed(moov), None));
        }
        refuse_items(&tree)?;
        let tables = tables::read_all(&tree, None)?;
        let tracks = tree
            .all(FourCc::TRAK)
            .zip(tables)
            .map(|(trak, table)| ProgressiveTrack::read(trak, table, &tree))
            .collect::<Result<Vec<_>, _>>()?;
        let plan = plan::plan(&tracks)?;
        let init = moov::init(tree, &tracks)?;
        let fragmenter = Self {
            next_in_lane: vec![0; plan.lanes.len()],
            lane: 0,
            tracks,
            plan,
            next_piece: 0,
            piece_taken: 0,
            incoming: None,
            arrived: HashMap::new(),
            sequence_number: 0,
            ended: false,
            announces_fragments,
        };
        Ok((Cow::Owned(init), Some(fragmenter)))
    }

    /// True if the `moov` places no bytes.
    pub(super) const fn is_empty(&self) -> bool {
        self.plan.pieces.is_empty()
    }

    /// True if fragments may follow the samples of the `moov`.
    pub(super) const fn announces_fragments(&self) -> bool {
        self.announces_fragments
    }

    /// True if the media of all samples has arrived.
    pub(super) const fn has_all_media(&self) -> bool {
        self.next_piece == self.plan.pieces.len()
    }

    /// Returns the number of fragments so far.
    pub(super) const fn sequence_number(&self) -> u32 {
        self.sequence_number
    }

    /// Takes payload of an `mdat`, after [`Self::next_fragment`] has returned None.
    pub(super) fn add(&mut self, media: MediaPiece<C>) {
        self.incoming = (!media.data.as_ref().is_empty()).then_some(media);
    }

    /// Records that there is no more media.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// Returns the next complete fragment, with `position` as its offset in the input.
    ///
    /// # Errors
    /// [`Error::SampleTable`] for samples outside of `mdat` boxes, [`Error::Incomplete`] for samples that did not arrive.
    pub(super) fn next_fragment(
        &mut self,
        position: u64,
    ) -> Result<Option<StreamFragment<C>>, Error> {
        loop {
            if let Some(fragment) = self.take_complete(position)? {
                return Ok(Some(fragment));
            }
            match self.incoming.take() {
                Some(media) => self.assign(media)?,
                None if !self.ended => return Ok(None),
                // Fragments of other lanes may need no more bytes.
                None if self.lane < self.plan.lanes.len() => self.lane += 1,
                None if self.next_piece < self.plan.pieces.len() => {
                    return Err(Error::Incomplete {
                        inside: FourCc::MDAT,
                    });
                }
                None => return Ok(None),
            }
        }
    }

    /// Assigns media up to the end of the next piece to its fragment, and drops the bytes before it, which belong to no sample.
    fn assign(&mut self, MediaPiece { position, mut data }: MediaPiece<C>) -> Result<(), Error> {
        let Some(&piece) = self.plan.pieces.get(self.next_piece) else {
            return Ok(());
        };
        let fragment = self.plan.fragments.get(piece.fragment as usize);
        let expected = piece.offset + self.piece_taken;
        let Some(unclaimed) = expected.checked_sub(position) else {
            return Err(Error::SampleTable {
                track_id: fragment
                    .and_then(|fragment| self.tracks.get(fragment.track))
                    .map_or(0, |track| track.track_id),
                reason: "a chunk that is outside of every 'mdat'",
            });
        };
        if !drop_front(&mut data, unclaimed) {
            return Ok(());
        }
        let wanted = piece.len - self.piece_taken;
        if data.as_ref().len() as u64 > wanted {
            let taken = data.split_to(usize::try_from(wanted).unwrap_or(usize::MAX));
            self.incoming = Some(MediaPiece {
                position: expected + wanted,
                data: std::mem::replace(&mut data, taken),
            });
        }
        let len = data.as_ref().len() as u64;
        self.piece_taken += len;
        if self.piece_taken == piece.len {
            self.next_piece += 1;
            self.piece_taken = 0;
        }
        let arrived = self.arrived.entry(piece.fragment).or_insert(ArrivedMedia {
            chunks: Vec::new(),
            len: 0,
        });
        arrived.chunks.push(ArrivedChunk {
            piece: piece.number,
            data,
        });
        arrived.len += len;
        self.lane = fragment.map_or(0, |fragment| fragment.lane);
        Ok(())
    }

    /// Returns the next fragment of the lane that got media, if it is complete.
    fn take_complete(&mut self, position: u64) -> Result<Option<StreamFragment<C>>, Error> {
        let lane = self.plan.lanes.get(self.lane);
        let (Some(lane), Some(next)) = (lane, self.next_in_lane.get_mut(self.lane)) else {
            return Ok(None);
        };
        let Some(&index) = lane.get(*next) else {
            return Ok(None);
        };
        let Some(&fragment) = self.plan.fragments.get(index as usize) else {
            return Ok(None);
        };
        let len = self.arrived.get(&index).map_or(0, |arrived| arrived.len);
        if len < fragment.len {
            return Ok(None);
        }
        *next += 1;
        let mut chunks = self
            .arrived
            .remove(&index)
            .map_or(Vec::new(), |arrived| arrived.chunks);
        chunks.sort_by_key(|chunk| chunk.piece);
        Ok(Some(StreamFragment {
            boxes: self.write(&fragment, chunks.len(), position)?,
            media: chunks.into_iter().map(|chunk| chunk.data).collect(),
            samples_end: None,
        }))
    }

    /// Writes the boxes of a fragment whose payload has that number of chunks.
    fn write(
        &mut self,
        fragment: &PlannedFragment,
        chunks: usize,
        position: u64,
    ) -> Result<FragmentBoxes, Error> {
        let header = moof::mdat_header(fragment.len)?;
        let track = self.tracks.get_mut(fragment.track).ok_or(Error::NoTracks)?;
        self.sequence_number = self.sequence_number.wrapping_add(1);
        let moof = moof::write(self.sequence_number, fragment, track, MoofForm::Plain)?;
        let mdat = FragmentPart::Mdat {
            header,
            chunks,
            len: fragment.len,
        };
        Ok(FragmentBoxes::cut(moof, position, mdat))
    }
}

fn places_samples(moov: &BoxTree<'_>) -> Result<bool, Error> {
    for trak in moov.all(FourCc::TRAK) {
        if has_samples(trak.descend(&STBL_PATH)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Drops `len` bytes from the front of a chunk; false if it has no more.
fn drop_front<C: Chunk>(chunk: &mut C, len: u64) -> bool {
    match usize::try_from(len) {
        Ok(0) => true,
        Ok(len) if len < chunk.as_ref().len() => {
            let _ = chunk.split_to(len);
            true
        }
        _ => false,
    }
}
