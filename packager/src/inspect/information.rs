// SPDX-License-Identifier: MPL-2.0
//! Checks that `senc`, `saiz` and `saio` agree with each other, with `tenc` and with the samples, ISO/IEC 23001-7 clause 7.

use cenc_mp4::information::{
    ClearEntries, InformationBoxes, PlacementFault, SampleEntries, entry_extents,
};
use common_encryption::ParsedSenc;
use isobmff_boxes::{Saio, Saiz};

use super::entries::{EntryFault, EntryStatistics, TrackSamples, measure_entries};
use super::facts::TrackFact;
use super::findings::{FindingPlace, Findings};
use super::mp4_file::Mp4File;
use super::report::{InformationCounts, TrackReport, hex};
use super::runs::ProtectionRun;

/// The most encryption information outside of `senc` that is read for a track fragment or track, in bytes.
const MAX_INFORMATION: u64 = 64 << 20;

/// The `moof` or `moov` that contains the boxes.
pub struct ParentBox<'a> {
    /// The place for findings.
    pub place: &'a FindingPlace,
    /// The bytes of the whole box.
    pub bytes: &'a [u8],
    /// The position of the box in the file.
    pub position: u64,
    /// The position in the file to which `saio` is relative.
    pub offset_base: u64,
}

/// Checks the encryption information of one track fragment or track.
pub struct InformationCheck<'a> {
    /// The boxes.
    pub boxes: &'a InformationBoxes<'a>,
    /// The samples.
    pub samples: &'a TrackSamples<'a>,
    /// True if `tenc` states the IV sizes; otherwise those that fit are used.
    pub iv_sizes_known: bool,
    /// The box that contains the boxes.
    pub parent: &'a ParentBox<'a>,
}

impl InformationCheck<'_> {
    /// Runs the check, and adds the counts to the report of the track.
    pub fn run(&self, track: &mut TrackReport, file: &mut Mp4File, findings: &mut Findings) {
        self.count(&mut track.information);
        let samples = self.samples;
        track.samples += samples.count;
        track.bytes = (samples.sizes)()
            .map(|run| run.count.saturating_mul(run.size.into()))
            .fold(track.bytes, u64::saturating_add);
        track.signaled_samples += samples.signaled();
        track.key_ids_used.extend(
            samples
                .runs
                .iter()
                .filter_map(|run| Some(run.protection?.kid))
                .filter(|kid| !kid.is_nil()),
        );
        let place = self.parent.place;
        match (self.boxes.senc(), self.boxes.saiz(), self.boxes.saio()) {
            (Some(senc), ..) => self.check_senc(senc, track, findings),
            (None, Some(saiz), Some(saio)) => match self.load(saiz, saio, file) {
                Ok(bytes) => self.check_listed(bytes, saiz, track, findings),
                Err(message) => findings.error("saio", place, message),
            },
            (None, None, None) => self.check_absence(track, findings),
            (None, saiz, _) => {
                let (present, missing) = match saiz {
                    Some(_) => ("saiz", "saio"),
                    None => ("saio", "saiz"),
                };
                findings.error("saiz", place, format!("'{present}' without '{missing}'"));
            }
        }
    }

    fn count(&self, information: &mut InformationCounts) {
        match (self.boxes.senc(), self.boxes.is_piff()) {
            (Some(_), true) => information.piff_senc += 1,
            (Some(_), false) => information.senc += 1,
            (None, _) => (),
        }
        if self.boxes.saiz().is_some() && self.boxes.saio().is_some() {
            information.saiz_saio += 1;
        }
    }

    fn check_absence(&self, track: &mut TrackReport, findings: &mut Findings) {
        let place = self.parent.place;
        if self.samples.signaled() == 0 {
            return;
        }
        if self.samples.need_no_information() {
            self.add_whole_samples(track);
        }
        match self.samples.need_no_information() {
            true => findings.note(
                "senc-missing",
                place,
                "there is no 'senc': samples with a constant IV do not need it, but Chromium refuses a fragment without it",
            ),
            false => findings.error(
                "senc-missing",
                place,
                "the IVs of protected samples are missing: there is neither 'senc' nor 'saiz' with 'saio'",
            ),
        }
    }

    fn check_senc(&self, senc: &ParsedSenc<'_>, track: &mut TrackReport, findings: &mut Findings) {
        let place = self.parent.place;
        let (stated, samples) = (u64::from(senc.sample_count), self.samples.count);
        let is_empty = !senc.subsampled && self.samples.need_no_information();
        if stated != samples && !(stated == 0 && is_empty) {
            return findings.error(
                "senc-count",
                place,
                format_args!("'senc' has {stated} entries for {samples} samples"),
            );
        }
        if self.samples.signaled() == 0 && !senc.entries.is_empty() {
            findings.error("senc-clear", place, "'senc' has entries for clear samples");
            return;
        }
        if is_empty {
            self.add_whole_samples(track);
            return self.check_empty(senc, findings);
        }
        let entries = SampleEntries::of_senc(senc, ClearEntries::Mapped);
        if let Some(statistics) = self.measure(&entries, findings) {
            self.check_saiz(&statistics, findings);
            self.check_saio(senc, &statistics, findings);
            self.add_statistics(track, &statistics);
        }
    }

    /// Counts samples that have a constant IV and no subsamples.
    fn add_whole_samples(&self, track: &mut TrackReport) {
        if let Ok(statistics) =
            measure_entries(&SampleEntries::default(), self.samples, None, Some(0))
        {
            self.add_statistics(track, &statistics);
        }
    }

    /// Checks entries without bytes.
    fn check_empty(&self, senc: &ParsedSenc<'_>, findings: &mut Findings) {
        let place = self.parent.place;
        if let bytes @ 1.. = senc.entries.left().len() {
            findings.error("senc-size", place, EntryFault::Left { bytes });
        }
        if self
            .boxes
            .saiz()
            .is_some_and(|saiz| saiz.total(0..u64::MAX) != 0)
        {
            findings.error(
                "saiz",
                place,
                "'saiz' states sizes of entries that 'senc' does not have",
            );
        }
    }

    fn check_listed(
        &self,
        bytes: Vec<u8>,
        saiz: &Saiz<'_>,
        track: &mut TrackReport,
        findings: &mut Findings,
    ) {
        let place = self.parent.place;
        let (stated, samples) = (u64::from(saiz.sample_count), self.samples.count);
        if stated > samples {
            return findings.error(
                "saiz",
                place,
                format_args!("'saiz' has {stated} sizes for {samples} samples"),
            );
        }
        let entries = SampleEntries::listed(bytes, saiz.clone());
        if let Some(statistics) = self.measure(&entries, findings) {
            self.check_saiz(&statistics, findings);
            self.add_statistics(track, &statistics);
        }
    }

    /// Measures the entries; tries other IV sizes if the stated one does not fit.
    fn measure(
        &self,
        entries: &SampleEntries<'_>,
        findings: &mut Findings,
    ) -> Option<EntryStatistics> {
        let place = self.parent.place;
        let measure = |iv_size| measure_entries(entries, self.samples, self.boxes.saiz(), iv_size);
        let fault = match measure(None) {
            Ok(statistics) => return Some(statistics),
            Err(fault) => fault,
        };
        let fitting = [8, 16, 0]
            .into_iter()
            .find_map(|iv_size| Some((iv_size, measure(Some(iv_size)).ok()?)));
        match fitting {
            Some((_, statistics)) if !self.iv_sizes_known => return Some(statistics),
            Some((iv_size, _)) => {
                let stated = self
                    .samples
                    .runs
                    .iter()
                    .find(|run| run.protection.is_some())
                    .map_or(0, ProtectionRun::iv_size);
                findings.error(
                    "iv-size",
                    place,
                    format_args!(
                        "the samples have IVs of {iv_size} bytes, but 'tenc' or 'seig' states {stated}"
                    ),
                );
            }
            None => findings.error("senc-entries", place, fault),
        }
        None
    }

    fn add_statistics(&self, track: &mut TrackReport, statistics: &EntryStatistics) {
        let amount = &statistics.amount;
        track.protected_samples += amount.samples;
        track.protected_bytes = track.protected_bytes.saturating_add(amount.protected_bytes);
        track.encrypted_bytes = track.encrypted_bytes.saturating_add(amount.encrypted_bytes);
        track.bare_samples += amount.bare_samples;
        track.subsampled_samples += statistics.subsampled;
        track.max_subsamples = track.max_subsamples.max(statistics.max_subsamples);
        if track.first_iv.is_none() {
            track.first_iv = statistics.first_iv.as_deref().map(hex);
        }
        let place = &self.parent.place.text;
        for (holds, fact) in [
            (statistics.has_unaligned_range, TrackFact::UnalignedRange),
            (statistics.has_short_clear_end, TrackFact::ShortClearEnd),
        ] {
            track.facts.note_if(holds, fact, place);
        }
    }

    fn check_saiz(&self, statistics: &EntryStatistics, findings: &mut Findings) {
        let Some(mismatch) = &statistics.size_mismatch else {
            return;
        };
        findings.error(
            "saiz",
            self.parent.place,
            format_args!(
                "'saiz' states {} as the size of entry {}, which has {} bytes",
                mismatch
                    .stated
                    .map_or("nothing".to_owned(), |size| size.to_string()),
                mismatch.sample,
                mismatch.actual
            ),
        );
    }

    fn check_saio(
        &self,
        senc: &ParsedSenc<'_>,
        statistics: &EntryStatistics,
        findings: &mut Findings,
    ) {
        let (Some(saio), ParentBox { place, .. }) = (self.boxes.saio(), self.parent) else {
            return;
        };
        let Some(first) = self.position_of(senc.entries.left()) else {
            return;
        };
        let starts = match saio.offsets.len() {
            1 => &[0],
            _ => statistics.starts.as_slice(),
        };
        if saio.offsets.len() != starts.len() {
            let message = offset_count_message(saio.offsets.len(), starts.len());
            return findings.error("saio", place, message);
        }
        for (offset, start) in saio.offsets.iter().zip(starts) {
            let stated = self.parent.offset_base.wrapping_add(*offset);
            let actual = first + start;
            if stated != actual {
                return findings.error(
                    "saio",
                    place,
                    format_args!(
                        "'saio' points to byte {stated}, but the entries of 'senc' are at byte {actual}"
                    ),
                );
            }
        }
    }

    /// Returns the position of a part of the box in the file.
    fn position_of(&self, part: &[u8]) -> Option<u64> {
        let ParentBox {
            bytes, position, ..
        } = self.parent;
        // The parsed boxes borrow these bytes but have no offsets, so the offset is the difference of the addresses.
        let offset = part.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        (offset <= bytes.len()).then_some(position + offset as u64)
    }

    /// Reads the entries to which `saio` points.
    fn load(&self, saiz: &Saiz<'_>, saio: &Saio, file: &mut Mp4File) -> Result<Vec<u8>, String> {
        let extents = entry_extents(saiz, saio, &self.samples.starts, MAX_INFORMATION).map_err(
            |fault| match fault {
                PlacementFault::TooLarge(bytes) => {
                    format!(
                        "'saiz' states {bytes} bytes of encryption information, too many to be read"
                    )
                }
                PlacementFault::OtherRuns { offsets, runs } => offset_count_message(offsets, runs),
            },
        )?;
        let mut bytes = Vec::new();
        for extent in extents {
            let position = self.parent.offset_base.wrapping_add(extent.offset);
            let part = file
                .information_at(position, extent.len)
                .map_err(|error| error.to_string())?;
            if part.len() as u64 != extent.len {
                return Err(format!(
                    "'saio' points to {} bytes at byte {position}, where the file ends",
                    extent.len
                ));
            }
            bytes.extend(part);
        }
        Ok(bytes)
    }
}

fn offset_count_message(offsets: usize, runs: usize) -> String {
    format!("'saio' has {offsets} offsets for {runs} runs of samples")
}
