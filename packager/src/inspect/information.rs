// SPDX-License-Identifier: MPL-2.0
//! Whether `senc`, `saiz` and `saio` agree with each other, with `tenc` and with the samples, ISO/IEC 23001-7 clause 7.

use cenc_mp4::information::{
    ClearEntries, InformationBoxes, PlacementFault, SampleEntries, entry_extents,
};
use common_encryption::ParsedSenc;
use isobmff_boxes::{Saio, Saiz};

use super::findings::{Findings, Place};
use super::read::Source;
use super::report::{Information, Track, hex};
use super::walk::{Fault, Samples, Seen, walk};

/// The most information outside of `senc` that is read for one track fragment or track, in bytes.
const MAX_INFORMATION: u64 = 64 << 20;

/// Where the boxes were found.
pub struct Location<'a> {
    /// To be named in findings.
    pub place: &'a Place,
    /// The `moof` or `moov`, whole, of which the boxes are a part.
    pub bytes: &'a [u8],
    /// Its offset in the file.
    pub position: u64,
    /// What `saio` counts from.
    pub base: u64,
}

/// Checks one track fragment or track, and adds up what it holds.
pub struct Check<'a> {
    /// The boxes.
    pub boxes: &'a InformationBoxes<'a>,
    /// The samples.
    pub samples: &'a Samples<'a>,
    /// Whether `tenc` tells the IV sizes; if not, those that fit are taken.
    pub iv_sizes_known: bool,
    /// Where.
    pub location: &'a Location<'a>,
}

impl Check<'_> {
    /// Does it.
    pub fn run(&self, track: &mut Track, source: &mut Source, findings: &mut Findings) {
        self.count(&mut track.information);
        let samples = self.samples;
        track.samples += samples.count;
        track.protected_samples += samples.protected();
        let protections = samples.runs.iter().filter_map(|run| run.protection);
        let kids = protections.map(|protection| protection.kid);
        track.key_ids_used.extend(kids.filter(|kid| !kid.is_nil()));
        let place = self.location.place;
        match (self.boxes.senc(), self.boxes.saiz(), self.boxes.saio()) {
            (Some(senc), ..) => self.check_senc(senc, track, findings),
            (None, Some(saiz), Some(saio)) => match self.load(saiz, saio, source) {
                Ok(bytes) => self.check_listed(bytes, saiz, track, findings),
                Err(message) => findings.error("saio", place, message),
            },
            (None, None, None) => self.check_absence(findings),
            (None, saiz, _) => {
                let (here, missing) = match saiz {
                    Some(_) => ("saiz", "saio"),
                    None => ("saio", "saiz"),
                };
                findings.error("saiz", place, format!("'{here}' without '{missing}'"));
            }
        }
    }

    fn count(&self, information: &mut Information) {
        match (self.boxes.senc(), self.boxes.is_piff()) {
            (Some(_), true) => information.piff_senc += 1,
            (Some(_), false) => information.senc += 1,
            (None, _) => (),
        }
        let listed = self.boxes.saiz().is_some() && self.boxes.saio().is_some();
        information.saiz_saio += u64::from(listed);
    }

    fn check_absence(&self, findings: &mut Findings) {
        let place = self.location.place;
        if self.samples.protected() == 0 {
        } else if self.samples.need_none() {
            let message =
                "no 'senc': a constant IV needs none, but Chromium refuses a fragment without it";
            findings.note("senc-missing", place, message);
        } else {
            findings.error(
                "senc-missing",
                place,
                "protected samples without 'senc' or 'saiz' and 'saio': no IVs",
            );
        }
    }

    fn check_senc(&self, senc: &ParsedSenc<'_>, track: &mut Track, findings: &mut Findings) {
        let place = self.location.place;
        let (stated, samples) = (u64::from(senc.sample_count), self.samples.count);
        let is_bare = !senc.subsampled && self.samples.need_none();
        if stated != samples && !(stated == 0 && is_bare) {
            let message = format!("'senc' has {stated} entries for {samples} samples");
            return findings.error("senc-count", place, message);
        }
        if self.samples.protected() == 0 && !senc.entries.is_empty() {
            findings.error(
                "senc-clear",
                place,
                "'senc' for samples whose sample entry or group is clear",
            );
            return;
        }
        if is_bare {
            return self.check_bare(senc, findings);
        }
        let entries = SampleEntries::of_senc(senc, ClearEntries::Mapped);
        if let Some(seen) = self.walk(&entries, findings) {
            self.check_saiz(&seen, findings);
            self.check_saio(senc, &seen, findings);
            add_up(track, &seen);
        }
    }

    /// Entries of no bytes: nothing can be walked.
    fn check_bare(&self, senc: &ParsedSenc<'_>, findings: &mut Findings) {
        let place = self.location.place;
        match senc.entries.left().len() {
            0 => (),
            bytes => findings.error("senc-size", place, Fault::Left { bytes }),
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
        track: &mut Track,
        findings: &mut Findings,
    ) {
        let place = self.location.place;
        let (stated, samples) = (u64::from(saiz.sample_count), self.samples.count);
        if stated > samples {
            let message = format!("'saiz' has {stated} sizes for {samples} samples");
            return findings.error("saiz", place, message);
        }
        let entries = SampleEntries::listed(bytes, saiz.clone());
        if let Some(seen) = self.walk(&entries, findings) {
            self.check_saiz(&seen, findings);
            add_up(track, &seen);
        }
    }

    fn walk(&self, entries: &SampleEntries<'_>, findings: &mut Findings) -> Option<Seen> {
        let place = self.location.place;
        let with = |iv_size| walk(entries, (self.samples, self.boxes.saiz()), iv_size);
        let fault = match with(None) {
            Ok(seen) => return Some(seen),
            Err(fault) => fault,
        };
        let other = |iv_size| Some((iv_size, with(Some(iv_size)).ok()?));
        match [8, 16, 0].into_iter().find_map(other) {
            Some((_, seen)) if !self.iv_sizes_known => return Some(seen),
            Some((fits, _)) => {
                let stated = self
                    .samples
                    .runs
                    .iter()
                    .find(|run| run.protection.is_some());
                let stated = stated.map_or(0, super::runs::Run::iv_size);
                let message = format!(
                    "the samples have IVs of {fits} bytes, 'tenc' or 'seig' states {stated}"
                );
                findings.error("iv-size", place, message);
            }
            None => findings.error("senc-entries", place, fault),
        }
        None
    }

    fn check_saiz(&self, seen: &Seen, findings: &mut Findings) {
        let Some((sample, stated, real)) = seen.missized else {
            return;
        };
        let stated = stated.map_or("none".to_owned(), |size| size.to_string());
        let message =
            format!("'saiz' states {stated} as the size of entry {sample}, which has {real} bytes");
        findings.error("saiz", self.location.place, message);
    }

    fn check_saio(&self, senc: &ParsedSenc<'_>, seen: &Seen, findings: &mut Findings) {
        let (Some(saio), Location { place, .. }) = (self.boxes.saio(), self.location) else {
            return;
        };
        let Some(first) = self.position_of(senc.entries.left()) else {
            return;
        };
        let starts = match saio.offsets.len() {
            1 => &[0],
            _ => seen.starts.as_slice(),
        };
        if saio.offsets.len() != starts.len() {
            let message = other_runs(saio.offsets.len(), starts.len());
            return findings.error("saio", place, message);
        }
        for (offset, start) in saio.offsets.iter().zip(starts) {
            let (points, lies) = (self.location.base.wrapping_add(*offset), first + start);
            if points != lies {
                let message = format!(
                    "'saio' points to byte {points}, the entries of 'senc' lie at byte {lies}"
                );
                return findings.error("saio", place, message);
            }
        }
    }

    /// Where a part of the box's bytes lies in the file.
    fn position_of(&self, part: &[u8]) -> Option<u64> {
        let Location {
            bytes, position, ..
        } = self.location;
        // The tree borrows from these bytes and keeps no offsets; addresses tell them.
        let offset = part.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
        (offset <= bytes.len()).then_some(position + offset as u64)
    }

    /// The entries to which `saio` points.
    fn load(&self, saiz: &Saiz<'_>, saio: &Saio, source: &mut Source) -> Result<Vec<u8>, String> {
        let extents = entry_extents(saiz, saio, &self.samples.starts, MAX_INFORMATION);
        let extents = extents.map_err(|fault| match fault {
            PlacementFault::TooLarge(bytes) => {
                format!("'saiz' states {bytes} bytes of encryption information")
            }
            PlacementFault::OtherRuns { offsets, runs } => other_runs(offsets, runs),
        })?;
        let mut bytes = Vec::new();
        for extent in extents {
            let at = self.location.base.wrapping_add(extent.offset);
            let size = extent.len;
            let part = source
                .information_at(at, size)
                .map_err(|error| error.to_string())?;
            if part.len() as u64 != size {
                return Err(format!(
                    "'saio' points to byte {at}, where the file has no {size} bytes"
                ));
            }
            bytes.extend(part);
        }
        Ok(bytes)
    }
}

fn add_up(track: &mut Track, seen: &Seen) {
    track.subsampled_samples += seen.subsampled;
    track.max_subsamples = track.max_subsamples.max(seen.max_subsamples);
    if track.first_iv.is_none() {
        track.first_iv = seen.first_iv.as_deref().map(hex);
    }
}

fn other_runs(offsets: usize, runs: usize) -> String {
    format!("'saio' has {offsets} offsets for {runs} runs of samples")
}
