// SPDX-License-Identifier: MPL-2.0
//! The `moof` box: finds its samples, and rewrites it with `senc`, which makes it longer.
//!
//! All offsets here count from the first byte of the `moof`. The rewritten box has its bases there too, which leaves one rule
//! for `trun`: a new offset is the old one plus the growth, or the old one before the `moof`.

mod samples;

use std::ops::Range;

use common_encryption::{FragmentTime, SencBuilder, Tenc};
use isobmff_boxes::{BoxHeader, BoxTree, FourCc, Tfhd, Trex, Trun, build_saio};

use super::Error;
use super::auxiliary::{
    drop_leftovers, drop_old_pssh, push_auxiliary_information, push_sample_group,
};
use super::information::points_at_entries;
use super::init::TrackState;
use super::time::fragment_time;
use super::warning::WarningQueue;

/// Bytes of the size and type of the `moof`.
const BOX_HEADER: usize = 8;
/// The most samples of one `moof`; real ones have hundreds.
const MAX_SAMPLES: usize = 1 << 20;

/// A `moof` box of the input.
pub(super) struct Moof<'a> {
    pub(super) tree: BoxTree<'a>,
    len: usize,
    /// Offset in the input.
    position: u64,
}

/// A track fragment and its samples.
pub(super) struct TrackFragment {
    /// Index of the track among those of `moov`.
    pub(super) track: usize,
    /// Index of the sample description, from zero.
    pub(super) description: usize,
    /// Indices of its samples among all of the `moof`.
    pub(super) samples: Range<usize>,
    /// The base of its data offsets.
    pub(super) base: i64,
    /// The offset of each run.
    runs: Vec<i64>,
    /// The offsets in each `saio` of another kind than Common Encryption's.
    other_information: Vec<Vec<i64>>,
}

/// The boxes that a track fragment gets.
#[derive(Default)]
pub(super) struct AddedBoxes<'a> {
    /// The `seig` entry of all its samples, if the track's `tenc` does not apply to them.
    pub(super) seig: Option<Vec<u8>>,
    /// None if its samples are clear.
    pub(super) senc: Option<&'a SencBuilder>,
    /// The protection of its samples; None if they are clear.
    pub(super) tenc: Option<Tenc>,
}

/// A track of the `moov` with the defaults of its fragments.
pub(super) trait FragmentDefaults {
    /// Returns the track_ID.
    fn track_id(&self) -> u32;

    /// Returns the `trex`, if there is one.
    fn trex(&self) -> Option<Trex>;
}

impl FragmentDefaults for TrackState {
    fn track_id(&self) -> u32 {
        self.track_id
    }

    fn trex(&self) -> Option<Trex> {
        Some(self.trex)
    }
}

/// The place of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleLocation {
    pub(super) offset: i64,
    pub(super) len: u32,
}

impl<'a> Moof<'a> {
    /// Reads a clear box, and drops what an earlier protection left in it.
    pub(super) fn parse(
        bytes: &'a [u8],
        position: u64,
        warnings: &mut WarningQueue,
    ) -> Result<Self, Error> {
        let mut moof = Self::read(bytes, position)?;
        drop_old_pssh(&mut moof.tree, warnings)?;
        for traf in moof.trafs() {
            drop_leftovers(traf, warnings)?;
        }
        Ok(moof)
    }

    /// Reads a box that may be protected.
    pub(super) fn read(bytes: &'a [u8], position: u64) -> Result<Self, Error> {
        Ok(Self {
            tree: BoxTree::parse(bytes)?,
            len: bytes.len(),
            position,
        })
    }

    fn len_signed(&self) -> i64 {
        i64::try_from(self.len).unwrap_or(i64::MAX)
    }

    /// Returns the times of all track fragments.
    pub(super) fn times(
        &self,
        fragments: &[TrackFragment],
        tracks: &mut [TrackState],
    ) -> Result<Vec<FragmentTime>, Error> {
        self.tree
            .all(FourCc::TRAF)
            .zip(fragments)
            .filter_map(|(traf, fragment)| {
                Some(fragment_time(traf, tracks.get_mut(fragment.track)?))
            })
            .collect()
    }

    /// Returns the box with the `added` boxes in each track fragment and with `pssh` boxes after those. `position` is its offset
    /// in the output.
    pub(super) fn rewrite(
        mut self,
        fragments: &[TrackFragment],
        added: &[AddedBoxes<'_>],
        pssh: &[Vec<u8>],
        position: u64,
    ) -> Result<Vec<u8>, Error> {
        for ((traf, fragment), added) in self.trafs().zip(fragments).zip(added) {
            if let Some(children) = traf.children_mut() {
                added.push_to(children, fragment.samples.len())?;
            }
        }
        self.push_pssh(pssh)?;
        // The first pass adds missing fields; only then is the growth known.
        self.move_offsets(fragments, 0, position)?;
        let growth = self
            .tree
            .size()
            .checked_signed_diff(self.len)
            .ok_or_else(|| self.elsewhere())?;
        self.move_offsets(fragments, growth as i64, position)?;
        self.place_auxiliary_information(added)?;
        // Leaves room for the header of the 'mdat', which is appended.
        let mut out = Vec::with_capacity(self.tree.size() + BoxHeader::MAX_LEN);
        self.tree.write(&mut out)?;
        Ok(out)
    }

    fn push_pssh(&mut self, pssh: &[Vec<u8>]) -> Result<(), Error> {
        let Some(children) = self.tree.children_mut() else {
            return Ok(());
        };
        for pssh in pssh {
            let body = BoxTree::parse(pssh)?.body().to_vec();
            children.push(BoxTree::leaf(FourCc::PSSH, body));
        }
        Ok(())
    }

    fn trafs(&mut self) -> impl Iterator<Item = &mut BoxTree<'a>> {
        self.tree
            .children_mut()
            .into_iter()
            .flatten()
            .filter(|child| child.box_type == FourCc::TRAF)
    }

    fn move_offsets(
        &mut self,
        fragments: &[TrackFragment],
        growth: i64,
        position: u64,
    ) -> Result<(), Error> {
        let len = self.len_signed();
        for (number, (traf, fragment)) in self.trafs().zip(fragments).enumerate() {
            let mut runs = fragment.runs.iter().enumerate();
            let mut other_information = fragment.other_information.iter();
            for child in traf.children_mut().into_iter().flatten() {
                if child.box_type == FourCc::TFHD {
                    *child = move_base(child, number == 0, position)?;
                } else if child.box_type == FourCc::TRUN
                    && let Some((index, start)) = runs.next()
                {
                    *child = move_run(child, index == 0, moved(*start, growth))?;
                } else if child.box_type == FourCc::SAIO
                    && points_at_entries(child)? == Some(false)
                    && let Some(offsets) = other_information.next()
                {
                    *child = move_saio(child, offsets, len, growth)?;
                }
            }
        }
        Ok(())
    }

    /// Fills in the `saio` offsets, from the start of the `moof` to the first entry of each `senc`.
    fn place_auxiliary_information(&mut self, added: &[AddedBoxes<'_>]) -> Result<(), Error> {
        let mut end = BOX_HEADER;
        let mut added = added.iter();
        for child in self.tree.children_mut().into_iter().flatten() {
            end += child.size();
            if child.box_type != FourCc::TRAF {
                continue;
            }
            if let Some(senc) = added.next().and_then(|added| added.senc)
                && senc.sizes().is_some()
                && let Some([.., before_senc, _]) = child.children_mut().map(Vec::as_mut_slice)
            {
                let entries = u32::try_from(end - senc.size() + SencBuilder::HEADER_SIZE);
                *before_senc = build_saio(None, entries.map_err(|_| too_large(FourCc::MOOF))?);
            }
        }
        Ok(())
    }
}

impl AddedBoxes<'_> {
    fn push_to(&self, children: &mut Vec<BoxTree<'_>>, samples: usize) -> Result<(), Error> {
        if let Some(entry) = self.seig.as_ref().filter(|_| samples > 0) {
            let samples = u32::try_from(samples).map_err(|_| too_large(FourCc::SBGP))?;
            push_sample_group(children, entry, samples);
        }
        match self.senc {
            Some(senc) => push_auxiliary_information(children, senc),
            None => Ok(()),
        }
    }
}

/// Bytes of an `mdat` that belong to no sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaGap {
    /// Their range in the payload of all `mdat` boxes.
    pub(super) bytes: Range<i64>,
    /// True if they are the whole payload of an `mdat`.
    pub(super) fills_mdat: bool,
}

impl SampleLocation {
    /// Returns the end of the last of these samples in the file; None without bytes.
    pub(super) fn last_end(samples: &[Self]) -> Option<i64> {
        samples
            .iter()
            .filter(|sample| sample.len > 0)
            .map(Self::end)
            .max()
    }

    /// Returns the offset of the first byte after the sample.
    pub(super) fn end(&self) -> i64 {
        self.offset.saturating_add(i64::from(self.len))
    }
}

/// Bases a track fragment on the `moof`, as all offsets are written; for the first one that is the default.
fn move_base(tfhd: &BoxTree<'_>, first: bool, position: u64) -> Result<BoxTree<'static>, Error> {
    let mut tfhd = Tfhd::read(tfhd.reader())?;
    match &mut tfhd.base_data_offset {
        Some(offset) => *offset = position,
        None if first => (),
        None => tfhd.set_default_base_is_moof(),
    }
    Ok(tfhd.to_box())
}

/// Returns the new offset of bytes outside of a `moof` that grows.
fn moved(offset: i64, growth: i64) -> Option<i64> {
    match offset < 0 {
        true => Some(offset),
        false => offset.checked_add(growth),
    }
}

/// Moves the offsets of a `saio`. Offsets into the `moof`, which had `len` bytes, belong to no information.
fn move_saio(
    saio: &BoxTree<'_>,
    offsets: &[i64],
    len: i64,
    growth: i64,
) -> Result<BoxTree<'static>, Error> {
    let mut body = saio.body().to_vec();
    let width = match body.first() {
        Some(0) => size_of::<u32>(),
        _ => size_of::<u64>(),
    };
    let table = body.len().saturating_sub(width * offsets.len());
    let fields = body.get_mut(table..).unwrap_or_default();
    for (field, &offset) in fields.chunks_exact_mut(width).zip(offsets) {
        let moved = match offset < len {
            true => Some(offset),
            false => offset.checked_add(growth),
        };
        let moved = moved
            .and_then(|offset| u64::try_from(offset).ok())
            .ok_or(Error::Unsupported(FourCc::SAIO))?
            .to_be_bytes();
        let (high, low) = moved.split_at(moved.len() - width);
        if high.iter().any(|&byte| byte != 0) {
            return Err(too_large(FourCc::SAIO).into());
        }
        field.copy_from_slice(low);
    }
    Ok(BoxTree::leaf(FourCc::SAIO, body))
}

/// Returns the number of the first sample of each run of a track fragment.
fn run_starts(traf: &BoxTree<'_>) -> Result<Vec<u64>, Error> {
    let mut starts = Vec::new();
    let mut next = 0;
    for trun in traf.all(FourCc::TRUN) {
        starts.push(next);
        next += u64::from(Trun::read(trun.reader())?.sample_count);
    }
    Ok(starts)
}

fn move_run(
    trun: &BoxTree<'_>,
    first: bool,
    start: Option<i64>,
) -> Result<BoxTree<'static>, Error> {
    let mut trun = Trun::read(trun.reader())?;
    if first || trun.data_offset.is_some() {
        trun.data_offset = Some(
            start
                .and_then(|start| i32::try_from(start).ok())
                .ok_or(too_large(FourCc::TRUN))?,
        );
    }
    Ok(trun.to_box())
}

const fn too_large(box_type: FourCc) -> isobmff_boxes::Error {
    isobmff_boxes::Error::TooLarge { box_type }
}
