// SPDX-License-Identifier: MPL-2.0
//! A progressive file (ISO/IEC 14496-12 clause 8.7) that comes as a stream, `moov` first, becomes a fragmented one (clause 8.8).
//!
//! The `moov` tells where each sample will come, so all is planned before the first byte of media: [`plan`]. What arrives waits
//! for the other bytes of its fragment, and fragments leave in the order of time. What comes out is in the clear: it takes the
//! way of any other fragment from here on.

mod groups;
mod moof;
mod moov;
mod plan;
mod timing;
mod track;

use std::borrow::Cow;
use std::collections::HashMap;

use isobmff_boxes::{BoxTree, FourCc};

use super::form::MovieForm;
use super::items::refuse_items;
use super::progressive::tables;
use super::stream::{FragmentBoxes, StreamFragment};
use super::{Chunk, Error};
use moof::MDAT_HEADER;
use plan::{Plan, Planned};
use track::Track;

/// Cuts the media of one progressive file into fragments.
pub(super) struct Fragmenter<C> {
    tracks: Vec<Track>,
    plan: Plan,
    /// Where each lane goes on.
    next_in_lane: Vec<usize>,
    /// The lane that may have fragments to give.
    lane: usize,
    /// Where the pieces go on, and what of the next one is there already.
    next_piece: usize,
    piece_taken: u64,
    /// Media that was not looked at yet, with its offset in the input.
    incoming: Option<(u64, C)>,
    /// Fragments of which bytes are there.
    arrived: HashMap<u32, Arrived<C>>,
    /// Fragments given.
    sequence_number: u32,
    /// Whether no media is to come.
    ended: bool,
}

/// The bytes of a fragment that are there.
struct Arrived<C> {
    /// With the number of the piece that they belong to.
    chunks: Vec<(u32, C)>,
    len: u64,
}

impl<C: Chunk> Fragmenter<C> {
    /// Makes a `moov` that announces no fragments an init segment; any other comes back as it is.
    ///
    /// # Errors
    /// Damaged tables, [`Error::CoarseInterleaving`], tables that cannot be cut.
    pub(super) fn open(moov: &[u8]) -> Result<(Cow<'_, [u8]>, Option<Self>), Error> {
        let tree = BoxTree::parse(moov)?;
        if MovieForm::of(&tree) == MovieForm::Fragmented {
            return Ok((Cow::Borrowed(moov), None));
        }
        refuse_items(&tree)?;
        let tables = tables::read_all(&tree, None)?;
        let tracks = tree.all(FourCc::TRAK).zip(tables);
        let tracks = tracks.map(|(trak, table)| Track::read(trak, table));
        let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
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
        };
        Ok((Cow::Owned(init), Some(fragmenter)))
    }

    /// Whether the `moov` places no bytes at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.plan.pieces.is_empty()
    }

    /// Takes payload of an `mdat` that starts at `position` of the input; [`Self::next_fragment`] must have given None before.
    pub(super) fn add(&mut self, position: u64, media: C) {
        self.incoming = (!media.as_ref().is_empty()).then_some((position, media));
    }

    /// Takes note that no media is to come.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// The next fragment, as far as media is there; its place is told to be `position` of the input.
    ///
    /// # Errors
    /// [`Error::SampleTable`] for samples that lie outside of `mdat` boxes, [`Error::Incomplete`] for samples that did not come.
    pub(super) fn next_fragment(
        &mut self,
        position: u64,
    ) -> Result<Option<StreamFragment<C>>, Error> {
        loop {
            if let Some(fragment) = self.take_complete(position)? {
                return Ok(Some(fragment));
            }
            match self.incoming.take() {
                Some((position, media)) => self.absorb(position, media)?,
                None if !self.ended => return Ok(None),
                // Fragments of other tracks may need no bytes any more.
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

    /// Takes bytes up to the end of the next piece, and drops those in front of it: no sample claims them.
    fn absorb(&mut self, position: u64, mut media: C) -> Result<(), Error> {
        let Some(&piece) = self.plan.pieces.get(self.next_piece) else {
            return Ok(());
        };
        let expected = piece.offset + self.piece_taken;
        let Some(unclaimed) = expected.checked_sub(position) else {
            let fragment = self.plan.fragments.get(piece.fragment as usize);
            let track = fragment.and_then(|fragment| self.tracks.get(fragment.track));
            return Err(Error::SampleTable {
                track_id: track.map_or(0, |track| track.track_id),
                reason: "a chunk that lies in no 'mdat'",
            });
        };
        let Some(mut position) = cut(&mut media, unclaimed).map(|_| expected) else {
            return Ok(());
        };
        let wanted = piece.len - self.piece_taken;
        let whole = media.as_ref().len() as u64 <= wanted;
        let taken = match whole {
            true => media,
            false => {
                let at = usize::try_from(wanted).unwrap_or(usize::MAX);
                let taken = media.split_to(at);
                position += wanted;
                self.incoming = Some((position, media));
                taken
            }
        };
        let len = taken.as_ref().len() as u64;
        self.piece_taken += len;
        if self.piece_taken == piece.len {
            self.next_piece += 1;
            self.piece_taken = 0;
        }
        let arrived = self.arrived.entry(piece.fragment).or_insert(Arrived {
            chunks: Vec::new(),
            len: 0,
        });
        arrived.chunks.push((piece.number, taken));
        arrived.len += len;
        let fragment = self.plan.fragments.get(piece.fragment as usize);
        self.lane = fragment.map_or(0, |fragment| fragment.lane);
        Ok(())
    }

    /// The next fragment of the lane that got bytes, if it is complete.
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
        let arrived = self.arrived.remove(&index);
        let mut chunks = arrived.map_or(Vec::new(), |arrived| arrived.chunks);
        chunks.sort_by_key(|(number, _)| *number);
        let boxes = self.write(&fragment, position)?;
        let media = chunks.into_iter().map(|(_, chunk)| chunk).collect();
        Ok(Some(StreamFragment { boxes, media }))
    }

    fn write(&mut self, fragment: &Planned, position: u64) -> Result<FragmentBoxes, Error> {
        let box_type = FourCc::MDAT;
        let too_large = || isobmff_boxes::Error::TooLarge { box_type };
        let track = self.tracks.get_mut(fragment.track);
        let track = track.ok_or_else(too_large)?;
        self.sequence_number = self.sequence_number.wrapping_add(1);
        let moof = moof::write(self.sequence_number, fragment, track)?;
        let size = u32::try_from(fragment.len + MDAT_HEADER as u64);
        let size = size.map_err(|_| too_large())?;
        Ok(FragmentBoxes {
            moof,
            position,
            between: Vec::new(),
            mdat_header: [size.to_be_bytes(), FourCc::MDAT.0].concat(),
        })
    }
}

/// Drops so many bytes from the front of a chunk; None when nothing of it stays.
fn cut<C: Chunk>(chunk: &mut C, len: u64) -> Option<()> {
    match usize::try_from(len) {
        Ok(0) => Some(()),
        Ok(len) if len < chunk.as_ref().len() => {
            let _ = chunk.split_to(len);
            Some(())
        }
        _ => None,
    }
}
