// SPDX-License-Identifier: MPL-2.0
//! Reads a protected `moof` again before it is output, as a player does: its samples must be where they are in the output, and `senc`
//! must describe each.

use common_encryption::{ParsedSenc, SampleInformation};
use isobmff_boxes::{BoxTree, FourCc, Saio, Saiz, Tfhd, Trun};

use super::information::is_senc;
use super::moof::{AddedBoxes, FragmentDefaults, SampleLocation, TrackFragment};
use super::stream::MediaExtent;

/// A `moof` as it was written, and the fragment that it must describe.
pub(super) struct WrittenMoof<'a> {
    /// The whole box.
    pub(super) bytes: &'a [u8],
    /// Offset of the box in the output.
    pub(super) position: u64,
    /// Number of bytes by which it is longer than in the input.
    pub(super) growth: i64,
    /// The payload of each `mdat` in the input.
    pub(super) media: &'a [MediaExtent],
    /// The samples; offsets count from the first byte of the payload.
    pub(super) samples: &'a [SampleLocation],
}

impl WrittenMoof<'_> {
    /// Checks all track fragments and returns what is wrong with the first that is.
    pub(super) fn check<T: FragmentDefaults>(
        &self,
        fragments: &[TrackFragment],
        added: &[AddedBoxes<'_>],
        tracks: &[T],
    ) -> Result<(), &'static str> {
        let moof = BoxTree::parse(self.bytes).map_err(|_| "its boxes do not fit")?;
        let mut trafs = moof.all(FourCc::TRAF);
        for (number, (fragment, added)) in fragments.iter().zip(added).enumerate() {
            let traf = trafs.next().ok_or("'traf' is missing")?;
            let samples = self
                .samples
                .get(fragment.samples.clone())
                .ok_or("samples are missing")?;
            let default_size = tracks
                .get(fragment.track)
                .and_then(FragmentDefaults::trex)
                .map_or(0, |trex| trex.sample_size);
            self.check_runs(traf, number == 0, default_size, samples)
                .ok_or("'trun' does not lead to the samples")?;
            self.check_information(traf, added, samples)
                .ok_or("'senc' does not describe the samples")?;
        }
        Ok(())
    }

    /// Compares the samples that the runs describe with those of the fragment.
    fn check_runs(
        &self,
        traf: &BoxTree<'_>,
        first: bool,
        default_size: u32,
        samples: &[SampleLocation],
    ) -> Option<()> {
        let tfhd = Tfhd::read(traf.child(FourCc::TFHD).ok()?.reader()).ok()?;
        let is_moof_base = match tfhd.base_data_offset {
            Some(base) => base == self.position,
            None => first || tfhd.default_base_is_moof(),
        };
        let default_size = tfhd.default_sample_size.unwrap_or(default_size);
        let mut samples = samples.iter();
        let mut offset = 0;
        for trun in traf.all(FourCc::TRUN) {
            let trun = Trun::read(trun.reader()).ok()?;
            offset = trun.data_offset.map_or(offset, i64::from);
            let defaulted = match trun.has_sizes() {
                true => 0,
                false => trun.sample_count as usize,
            };
            for len in trun
                .sizes()
                .chain(std::iter::repeat_n(default_size, defaulted))
            {
                let sample = samples.next()?;
                let is_there = sample.len == 0 || self.payload_offset(offset)? == sample.offset;
                if sample.len != len || !is_there {
                    return None;
                }
                offset = offset.checked_add(len.into())?;
            }
        }
        (is_moof_base && samples.next().is_none()).then_some(())
    }

    /// Returns the offset in the payload of a byte of the output.
    fn payload_offset(&self, offset: i64) -> Option<i64> {
        self.media.iter().find_map(|extent| {
            let start = match extent.offset < 0 {
                true => extent.offset,
                false => extent.offset.checked_add(self.growth)?,
            };
            let inside = offset.checked_sub(start)?;
            (0..extent.len)
                .contains(&inside)
                .then_some(inside + extent.payload_at)
        })
    }

    /// Compares `senc` with the samples, and `saiz` and `saio` with `senc`.
    fn check_information(
        &self,
        traf: &BoxTree<'_>,
        added: &AddedBoxes<'_>,
        samples: &[SampleLocation],
    ) -> Option<()> {
        let Some(expected) = added.senc else {
            return traf
                .children()
                .iter()
                .all(|child| !is_senc(child))
                .then_some(());
        };
        let mut sencs = traf.children().iter().filter(|child| is_senc(child));
        let senc = ParsedSenc::read(sencs.next()?.reader()).ok()?;
        // Ours are the last: other information comes before it.
        let listed = expected.sizes().is_some();
        let saiz = traf
            .all(FourCc::SAIZ)
            .last()
            .map(|saiz| Saiz::read(saiz.reader()))
            .transpose()
            .ok()?;
        if listed {
            let saio = Saio::read(traf.all(FourCc::SAIO).last()?.reader()).ok()?;
            let [offset] = saio.offsets.as_slice() else {
                return None;
            };
            let place = self.bytes.get(usize::try_from(*offset).ok()?..)?;
            if !place.starts_with(senc.entries.left()) {
                return None;
            }
        }
        let mut entries = senc.entries;
        for (number, sample) in (0..).zip(samples) {
            let before = entries.left().len();
            let entry =
                SampleInformation::read(&mut entries, added.iv_size, senc.subsampled).ok()?;
            let size = (before - entries.left().len()) as u64;
            if listed && saiz.as_ref()?.total(number..number + 1) != size {
                return None;
            }
            let described: u64 = entry
                .subsamples()
                .map(|subsample| {
                    u64::from(subsample.clear_bytes) + u64::from(subsample.protected_bytes)
                })
                .sum();
            if senc.subsampled && described != u64::from(sample.len) {
                return None;
            }
        }
        let is_complete = entries.is_empty()
            && sencs.next().is_none()
            && senc.sample_count as usize == samples.len();
        is_complete.then_some(())
    }
}
