// SPDX-License-Identifier: MPL-2.0
//! The `moof` box: where its samples lie, and the box anew once `senc` has made it longer.
//!
//! All offsets here count from the first byte of the `moof`. Every base is moved there when the box is written, which leaves
//! one rule for `trun` and `saio`: an offset in the new box is the old one and the growth.

use std::ops::Range;

use common_encryption::SencBuilder;
use isobmff_boxes::{BoxHeader, BoxTree, FourCc, Tfhd, Trex, Trun, build_saio};

use super::Error;
use super::auxiliary::{push_auxiliary_information, push_sample_group, refuse};
use super::init::TrackState;
use super::time::fragment_time;
use common_encryption::FragmentTime;

/// Size and type of the `moof` itself.
const BOX_HEADER: usize = 8;
/// The most samples that one `moof` may have; a real one has hundreds.
const MAX_SAMPLES: usize = 1 << 20;

/// A `moof` box as it came in.
pub(super) struct Moof<'a> {
    pub(super) tree: BoxTree<'a>,
    len: usize,
    /// Offset in the input stream.
    position: u64,
}

/// A track fragment and its samples.
pub(super) struct TrackFragment {
    /// Index of the track among those of `moov`.
    pub(super) track: usize,
    /// Index of the sample description, from zero.
    pub(super) description: usize,
    /// Its samples among all of the `moof`.
    pub(super) samples: Range<usize>,
    /// Where its data offsets count from.
    pub(super) base: i64,
    /// Where each run starts.
    runs: Vec<i64>,
}

/// What a track fragment gets.
#[derive(Default)]
pub(super) struct Added<'a> {
    /// The `seig` entry of all its samples, when it is not the track's `tenc` that counts for them.
    pub(super) seig: Option<Vec<u8>>,
    /// None: its samples are clear.
    pub(super) senc: Option<&'a SencBuilder>,
}

/// A track of the `moov`, as far as it says where the samples of fragments lie.
pub(super) trait Defaults {
    /// Its track_ID.
    fn track_id(&self) -> u32;

    /// Its `trex`.
    fn trex(&self) -> Option<Trex>;
}

impl Defaults for TrackState {
    fn track_id(&self) -> u32 {
        self.track_id
    }

    fn trex(&self) -> Option<Trex> {
        Some(self.trex)
    }
}

/// Where a sample lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) offset: i64,
    pub(super) len: u32,
}

impl<'a> Moof<'a> {
    /// Reads a clear box.
    pub(super) fn parse(bytes: &'a [u8], position: u64) -> Result<Self, Error> {
        let moof = Self::read(bytes, position)?;
        moof.tree.all(FourCc::TRAF).try_for_each(refuse)?;
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

    /// Finds the samples of all track fragments and appends their places to `samples`.
    pub(super) fn locate<T: Defaults>(
        &self,
        tracks: &[T],
        samples: &mut Vec<Location>,
    ) -> Result<Vec<TrackFragment>, Error> {
        let mut fragments = Vec::new();
        let mut end = 0;
        for traf in self.tree.all(FourCc::TRAF) {
            let tfhd = Tfhd::read(traf.child(FourCc::TFHD)?.reader())?;
            let base = self.base(&tfhd, end)?;
            let undescribed = |what, number| Error::Undescribed { what, number };
            let track = tracks.iter().position(|t| t.track_id() == tfhd.track_id);
            let track = track.ok_or_else(|| undescribed("track", tfhd.track_id))?;
            let trex = tracks.get(track).and_then(Defaults::trex);
            let trex = trex.ok_or_else(|| undescribed("track", tfhd.track_id))?;
            let index = tfhd.sample_description_index;
            let index = index.unwrap_or(trex.sample_description_index);
            let description = index.checked_sub(1).map(|index| index as usize);
            let first = samples.len();
            let default_size = tfhd.default_sample_size.unwrap_or(trex.sample_size);
            let runs = self.locate_runs(traf, (base, default_size), samples)?;
            end = samples.last().map_or(base, Location::end);
            fragments.push(TrackFragment {
                track,
                description: description.ok_or_else(|| undescribed("sample description", index))?,
                samples: first..samples.len(),
                base,
                runs,
            });
        }
        Ok(fragments)
    }

    /// Where data offsets of a track fragment count from, 14496-12 clause 8.8.7.1; `end` is where the one before ended.
    fn base(&self, tfhd: &Tfhd<'_>, end: i64) -> Result<i64, Error> {
        match tfhd.base_data_offset {
            Some(offset) => offset
                .checked_signed_diff(self.position)
                .ok_or_else(|| self.elsewhere()),
            None if tfhd.default_base_is_moof() => Ok(0),
            None => Ok(end),
        }
    }

    fn locate_runs(
        &self,
        traf: &BoxTree<'_>,
        (base, default_size): (i64, u32),
        samples: &mut Vec<Location>,
    ) -> Result<Vec<i64>, Error> {
        let mut runs = Vec::new();
        let mut offset = base;
        for trun in traf.all(FourCc::TRUN) {
            let trun = Trun::read(trun.reader())?;
            if let Some(data_offset) = trun.data_offset {
                let start = base.checked_add(i64::from(data_offset));
                offset = start.ok_or_else(|| self.elsewhere())?;
            }
            runs.push(offset);
            let count = trun.sample_count as usize;
            if samples.len().saturating_add(count) > MAX_SAMPLES {
                return Err(Error::TooLarge {
                    what: "the number of samples of a fragment",
                    limit: MAX_SAMPLES as u64,
                });
            }
            let unstated = if trun.has_sizes() { 0 } else { count };
            let sizes = trun
                .sizes()
                .chain(std::iter::repeat_n(default_size, unstated));
            for len in sizes {
                samples.push(Location { offset, len });
                offset = offset
                    .checked_add(i64::from(len))
                    .ok_or_else(|| self.elsewhere())?;
            }
        }
        Ok(runs)
    }

    /// Sees to it that the samples fill `payload` to the last byte and share none.
    pub(super) fn check_coverage(
        &self,
        samples: &[Location],
        payload: Range<i64>,
    ) -> Result<(), Error> {
        let position = self.position;
        let order = |samples: &[Location]| samples.is_sorted_by_key(|sample| sample.offset);
        let mut sorted = Vec::new();
        let samples = if order(samples) {
            samples
        } else {
            sorted.extend_from_slice(samples);
            sorted.sort_by_key(|sample| (sample.offset, sample.len));
            &sorted
        };
        let mut covered = payload.start;
        for sample in samples.iter().filter(|sample| sample.len > 0) {
            if sample.offset < covered || sample.end() > payload.end {
                return Err(self.elsewhere());
            }
            if sample.offset > covered {
                return Err(Error::UnclaimedMedia { position });
            }
            covered = sample.end();
        }
        match covered == payload.end {
            true => Ok(()),
            false => Err(Error::UnclaimedMedia { position }),
        }
    }

    pub(super) const fn elsewhere(&self) -> Error {
        Error::SamplesElsewhere {
            position: self.position,
        }
    }

    /// The times of all track fragments, of which `fragments` tells the tracks.
    pub(super) fn times(
        &self,
        fragments: &[TrackFragment],
        tracks: &mut [TrackState],
    ) -> Result<Vec<FragmentTime>, Error> {
        let trafs = self.tree.all(FourCc::TRAF).zip(fragments);
        let known = trafs.filter_map(|(traf, fragment)| {
            let track = tracks.get_mut(fragment.track)?;
            Some(fragment_time(traf, track))
        });
        known.collect()
    }

    /// The box with what is `added` to each track fragment, and `pssh` boxes behind them. `position` is the box's offset in
    /// the output.
    pub(super) fn rewrite(
        mut self,
        fragments: &[TrackFragment],
        (added, pssh): (&[Added<'_>], &[Vec<u8>]),
        position: u64,
    ) -> Result<Vec<u8>, Error> {
        for ((traf, fragment), added) in self.trafs().zip(fragments).zip(added) {
            if let Some(children) = traf.children_mut() {
                added.push_to(children, fragment.samples.len())?;
            }
        }
        self.push_pssh(pssh)?;
        // The first pass adds fields where they are missing; only then is the growth known.
        self.move_offsets(fragments, 0, position)?;
        let growth = self.tree.size().checked_signed_diff(self.len);
        let growth = growth.ok_or_else(|| self.elsewhere())?;
        self.move_offsets(fragments, growth as i64, position)?;
        self.place_auxiliary_information(added)?;
        // The header of the 'mdat' follows.
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
        let children = self.tree.children_mut().into_iter().flatten();
        children.filter(|child| child.box_type == FourCc::TRAF)
    }

    fn move_offsets(
        &mut self,
        fragments: &[TrackFragment],
        growth: i64,
        position: u64,
    ) -> Result<(), Error> {
        for (number, (traf, fragment)) in self.trafs().zip(fragments).enumerate() {
            let mut runs = fragment.runs.iter().enumerate();
            for child in traf.children_mut().into_iter().flatten() {
                if child.box_type == FourCc::TFHD {
                    *child = move_base(child, number == 0, position)?;
                } else if child.box_type == FourCc::TRUN
                    && let Some((index, start)) = runs.next()
                {
                    let start = start.checked_add(growth);
                    *child = move_run(child, index == 0, start)?;
                }
            }
        }
        Ok(())
    }

    /// Fills in the `saio` offsets: from the start of the `moof` to the first entry of each `senc`.
    fn place_auxiliary_information(&mut self, added: &[Added<'_>]) -> Result<(), Error> {
        let mut end = BOX_HEADER;
        let mut added = added.iter();
        for child in self.tree.children_mut().into_iter().flatten() {
            end += child.size();
            if child.box_type != FourCc::TRAF {
                continue;
            }
            let senc = added.next().and_then(|added| added.senc);
            let senc = senc.filter(|senc| senc.sizes().is_some());
            if let (Some(senc), Some([.., before, _])) =
                (senc, child.children_mut().map(Vec::as_mut_slice))
            {
                let entries = u32::try_from(end - senc.size() + SencBuilder::HEADER_SIZE);
                let box_type = FourCc::MOOF;
                *before =
                    build_saio(entries.map_err(|_| isobmff_boxes::Error::TooLarge { box_type })?);
            }
        }
        Ok(())
    }
}

impl Added<'_> {
    fn push_to(&self, children: &mut Vec<BoxTree<'_>>, samples: usize) -> Result<(), Error> {
        let box_type = FourCc::SBGP;
        if let Some(entry) = self.seig.as_ref().filter(|_| samples > 0) {
            let samples =
                u32::try_from(samples).map_err(|_| isobmff_boxes::Error::TooLarge { box_type })?;
            push_sample_group(children, entry, samples);
        }
        match self.senc {
            Some(senc) => push_auxiliary_information(children, senc),
            None => Ok(()),
        }
    }
}

impl Location {
    /// The first byte behind the sample.
    pub(super) fn end(&self) -> i64 {
        self.offset.saturating_add(i64::from(self.len))
    }
}

/// Bases a track fragment on the `moof`, as all offsets are written; the first one is without being told.
fn move_base(tfhd: &BoxTree<'_>, first: bool, position: u64) -> Result<BoxTree<'static>, Error> {
    let mut tfhd = Tfhd::read(tfhd.reader())?;
    match &mut tfhd.base_data_offset {
        Some(offset) => *offset = position,
        None if first => (),
        None => tfhd.set_default_base_is_moof(),
    }
    Ok(tfhd.to_box())
}

fn move_run(
    trun: &BoxTree<'_>,
    first: bool,
    start: Option<i64>,
) -> Result<BoxTree<'static>, Error> {
    let mut trun = Trun::read(trun.reader())?;
    if first || trun.data_offset.is_some() {
        let too_large = isobmff_boxes::Error::TooLarge {
            box_type: FourCc::TRUN,
        };
        let start = start.and_then(|start| i32::try_from(start).ok());
        trun.data_offset = Some(start.ok_or(too_large)?);
    }
    Ok(trun.to_box())
}
