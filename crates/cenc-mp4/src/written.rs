// SPDX-License-Identifier: MPL-2.0
//! Reads a protected `moof` again before it is output, as a player does: its samples must be where they are in the output, and `senc`
//! must describe each.

use common_encryption::{SampleInformation, Tenc, TrackIv};
use isobmff_boxes::{BoxTree, FourCc, GroupDescription, Tfhd, Trun};

use super::information::{GroupedSamples, SampleGroups, SeigDescriptions, is_senc};
use super::moof::{AddedBoxes, FragmentDefaults, SampleLocation, TrackFragment};
use super::plan::{EncryptionPlan, PlannedEntry};
use super::readback::has_pssh_boxes;
use super::stream::MediaExtent;
use super::written_information::WrittenInformation;

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
    /// The IVs and maps by which they will be encrypted.
    pub(super) plan: &'a EncryptionPlan,
    /// The whole `pssh` boxes that it must have.
    pub(super) pssh: &'a [Vec<u8>],
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
        let mut plans = self.plan.tracks();
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
            check_group(traf, added, samples.len())
                .ok_or("'seig' does not describe the samples")?;
            match (&added.tenc, added.senc) {
                (Some(tenc), Some(senc)) => {
                    let information = WrittenInformation {
                        parent: traf,
                        senc,
                        iv_size: tenc.iv.per_sample_size(),
                        bytes: self.bytes,
                        position: 0,
                    };
                    let planned = plans.next().ok_or("samples are not planned")?;
                    check_information(&information, tenc, samples, planned)
                }
                _ => (!traf.children().iter().any(is_senc)).then_some(()),
            }
            .ok_or("'senc' does not describe the samples")?;
        }
        let pssh: Result<Vec<_>, _> = self.pssh.iter().map(|pssh| BoxTree::parse(pssh)).collect();
        let has_pssh = pssh.is_ok_and(|pssh| has_pssh_boxes(&moof, &pssh));
        match trafs.next().is_none() && has_pssh {
            true => Ok(()),
            false => Err("it has other boxes than it should"),
        }
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

        let mut samples = samples.iter();
        let mut offset = 0;
        for trun in traf.all(FourCc::TRUN) {
            let trun = Trun::read(trun.reader()).ok()?;
            offset = trun.data_offset.map_or(offset, i64::from);
            for len in trun.sizes_or(tfhd.default_sample_size.unwrap_or(default_size)) {
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
}

/// Compares `senc` with the samples and their plan, and `saiz` and `saio` with `senc`.
fn check_information<'p>(
    information: &WrittenInformation<'_>,
    tenc: &Tenc,
    samples: &[SampleLocation],
    mut planned: impl ExactSizeIterator<Item = PlannedEntry<'p>>,
) -> Option<()> {
    if planned.len() != samples.len() {
        return None;
    }
    information.check(samples.iter().map(|sample| sample.len), |entry| {
        planned
            .next()
            .is_some_and(|planned| says(entry, tenc, &planned))
    })
}

/// True if an entry of `senc` has the IV and the map by which its sample will be encrypted.
fn says(entry: &SampleInformation<'_>, tenc: &Tenc, planned: &PlannedEntry<'_>) -> bool {
    let has_iv = match &tenc.iv {
        TrackIv::PerSample(_) => entry.iv == planned.iv.as_bytes(),
        TrackIv::Constant(iv) => iv == planned.iv,
    };
    has_iv && entry.subsamples().eq(planned.subsamples.iter().copied())
}

/// Checks that all samples are in the one group that the `traf` describes, or in none.
fn check_group(traf: &BoxTree<'_>, added: &AddedBoxes<'_>, samples: usize) -> Option<()> {
    let own = SeigDescriptions::read(traf).sound().ok()?;
    let groups = SampleGroups::read(traf, &SeigDescriptions::default(), &own)
        .ok()?
        .sound()
        .ok()?;
    if added.seig.is_none() || samples == 0 {
        return groups.is_empty().then_some(());
    }
    let is_grouped = *groups.runs()
        == [GroupedSamples {
            end: samples as u64,
            description: GroupDescription::Fragment(0),
        }];
    let mut described = own.readable();
    let is_described = described.next().is_some_and(|entry| match &added.tenc {
        Some(tenc) => entry.states(tenc),
        None => entry.is_protected == 0,
    });
    (is_grouped && is_described && described.next().is_none()).then_some(())
}
