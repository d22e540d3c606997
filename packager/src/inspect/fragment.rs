// SPDX-License-Identifier: MPL-2.0
//! The track fragments of a `moof`, ISO/IEC 14496-12 clause 8.8.

use cenc_mp4::information::InformationBoxes;
use cenc_types::{KeyId, Pattern};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, Error, FourCc, GroupDescription, NON_SYNC_SAMPLE, Tfhd, Trun};

use super::entries::TrackSamples;
use super::facts::TrackFact;
use super::findings::{FindingPlace, Findings};
use super::information::{InformationCheck, ParentBox};
use super::lint;
use super::mp4_file::Mp4File;
use super::report::TrackReport;
use super::runs::{self, ProtectionRun, SeigLookup};
use super::sizes::SizeRun;
use super::track::{EntryProtection, TrackState, seig_descriptions};

/// A `moof` and the file it is in.
pub struct Moof<'a> {
    /// Its boxes.
    pub tree: &'a BoxTree<'a>,
    /// The bytes of the whole box.
    pub bytes: &'a [u8],
    /// Its offset in the file.
    pub position: u64,
    /// True for the first one of its file.
    pub is_first: bool,
}

/// The fields of a track fragment.
struct Traf<'a> {
    tree: &'a BoxTree<'a>,
    place: FindingPlace,
    truns: Vec<Trun<'a>>,
    /// The default sample size; None if only the missing `moov` has it.
    default_size: Option<u32>,
    sample_count: u64,
    /// The position in the file to which data offsets are relative.
    data_base: u64,
    /// sample_flags of the first sample; None if only the missing `moov` has them.
    first_flags: Option<u32>,
    description: Option<EntryProtection>,
}

impl Moof<'_> {
    /// Checks all track fragments.
    pub fn inspect(
        &self,
        tracks: &mut Vec<TrackState>,
        file: &mut Mp4File,
        findings: &mut Findings,
    ) {
        let is_after_moov = !tracks.is_empty();
        let mut data_end = self.position;
        for tree in self.tree.all(FourCc::TRAF) {
            if let Err(error) =
                self.inspect_traf(tree, is_after_moov, &mut data_end, tracks, file, findings)
            {
                let place = FindingPlace::file(format!("moof at byte {}", self.position));
                findings.error("unreadable", &place, error);
            }
        }
    }

    fn inspect_traf(
        &self,
        tree: &BoxTree<'_>,
        is_after_moov: bool,
        data_end: &mut u64,
        tracks: &mut Vec<TrackState>,
        file: &mut Mp4File,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let tfhd = Tfhd::read(tree.child(FourCc::TFHD)?.reader())?;
        let state = find_track(tracks, tfhd.track_id, is_after_moov);
        let place = FindingPlace::track(tfhd.track_id, format!("moof at byte {}", self.position));
        let Some(state) = state else {
            findings.error("no-track", &place, "'moov' has no such track");
            return Ok(());
        };
        let truns: Vec<_> = tree
            .all(FourCc::TRUN)
            .map(|trun| Trun::read(trun.reader()))
            .collect::<Result<_, _>>()?;
        let traf = Traf {
            tree,
            sample_count: truns.iter().map(|trun| u64::from(trun.sample_count)).sum(),
            default_size: tfhd
                .default_sample_size
                .or(state.trex.map(|trex| trex.sample_size)),
            data_base: match tfhd.base_data_offset {
                Some(offset) => offset,
                None if tfhd.default_base_is_moof() => self.position,
                None => *data_end,
            },
            first_flags: truns
                .iter()
                .find(|trun| trun.sample_count > 0)
                .and_then(Trun::first_sample_flags)
                .or(tfhd.default_sample_flags)
                .or(state.trex.map(|trex| trex.sample_flags)),
            description: find_description(state, &tfhd),
            place,
            truns,
        };
        *data_end = traf.data_end();
        self.note_form(&traf, &tfhd, &mut state.report);
        self.check_traf(&traf, state, file, findings)
    }

    fn check_traf(
        &self,
        traf: &Traf<'_>,
        state: &mut TrackState,
        file: &mut Mp4File,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let place = &traf.place;
        let boxes = InformationBoxes::read(&[traf.tree])?;
        let fragment = seig_descriptions(traf.tree, place, findings);
        for seig in fragment.readable() {
            state.note_seig(seig, place, findings);
        }
        let lookup = SeigLookup {
            track: &state.seig,
            fragment: &fragment,
        };
        let groups = runs::read_groups(traf.tree, lookup)?;
        let refers_to_moov = groups
            .runs()
            .iter()
            .any(|run| matches!(run.description, GroupDescription::Track(_)));
        state
            .report
            .facts
            .note_if(refers_to_moov, TrackFact::GroupsOfMoov, &place.text);
        let assumed = assumed_protection(&boxes, !groups.is_empty());
        let piff = boxes.senc().and_then(|senc| senc.protection.as_ref());
        let protection = match &traf.description {
            Some(EntryProtection::Clear) => None,
            Some(EntryProtection::Protected { tenc, .. }) => piff.or(tenc.as_ref()),
            None => piff.or(assumed.as_ref()),
        };
        let defaults = [ProtectionRun {
            count: traf.sample_count,
            protection,
        }];
        let runs = runs::resolve(&defaults, &groups, lookup).unwrap_or_else(|fault| {
            findings.error("groups", place, fault);
            defaults.to_vec()
        });
        if traf.description.is_some() {
            lint::check_kids(&runs, place, findings);
        }
        let samples = TrackSamples {
            count: traf.sample_count,
            sizes: &|| traf.sizes(),
            mode: state.cipher_mode(),
            runs,
            starts: traf.starts(),
        };
        self.note_information(traf, &boxes, &samples, &mut state.report);
        InformationCheck {
            boxes: &boxes,
            samples: &samples,
            iv_sizes_known: traf.description.is_some(),
            parent: &ParentBox {
                place,
                bytes: self.bytes,
                position: self.position,
                offset_base: traf.data_base,
            },
        }
        .run(&mut state.report, file, findings);
        Ok(())
    }

    /// Notes how the samples are placed in file and time.
    fn note_form(&self, traf: &Traf<'_>, tfhd: &Tfhd<'_>, track: &mut TrackReport) {
        let own = self.tree.all(FourCc::TRAF).next();
        let is_non_sync = |flags: u32| flags & NON_SYNC_SAMPLE != 0;
        let starts_without_sync =
            self.is_first && track.is_video() && traf.first_flags.is_some_and(is_non_sync);
        for (holds, fact) in [
            (!tfhd.default_base_is_moof(), TrackFact::NotMoofRelative),
            (
                traf.tree.all(FourCc::TFDT).next().is_none(),
                TrackFact::NoDecodeTime,
            ),
            (starts_without_sync, TrackFact::StartsWithoutSync),
            (
                own.is_some_and(|first| !std::ptr::eq(first, traf.tree)),
                TrackFact::SharedMoof,
            ),
        ] {
            track.facts.note_if(holds, fact, &traf.place.text);
        }
    }

    /// Notes where the encryption information is.
    fn note_information(
        &self,
        traf: &Traf<'_>,
        boxes: &InformationBoxes<'_>,
        samples: &TrackSamples<'_>,
        track: &mut TrackReport,
    ) {
        let is_placed = boxes.saiz().is_some() && boxes.saio().is_some();
        let has_entries = boxes
            .senc()
            .is_some_and(|senc| !senc.entries.is_empty() && !boxes.is_piff());
        // Where the information is missing, every inspection reports an error.
        let lacks_senc = boxes.senc().is_none()
            && samples.signaled() > 0
            && (is_placed || samples.need_no_information());
        let offsets = boxes.saio().map_or(&[][..], |saio| &saio.offsets);
        let moof = self.position..self.position + self.bytes.len() as u64;
        let is_outside = offsets
            .iter()
            .any(|offset| !moof.contains(&traf.data_base.wrapping_add(*offset)));
        for (holds, fact) in [
            (has_entries && !is_placed, TrackFact::NoSaio),
            (lacks_senc, TrackFact::NoSenc),
            (offsets.len() > 1, TrackFact::SeveralOffsets),
            (is_outside, TrackFact::EntriesOutsideMoof),
        ] {
            track.facts.note_if(holds, fact, &traf.place.text);
        }
    }
}

impl<'a> Traf<'a> {
    /// Returns the sizes of all samples, or none if some are unknown.
    fn sizes(&self) -> Box<dyn Iterator<Item = SizeRun> + '_> {
        let default = match self.default_size {
            Some(default) => default,
            None if self.truns.iter().all(Trun::has_sizes) => 0,
            None => return Box::new(std::iter::empty()),
        };
        Box::new(self.truns.iter().flat_map(move |trun| {
            let without_size = match trun.has_sizes() {
                true => 0,
                false => trun.sample_count.into(),
            };
            trun.sizes()
                .map(|size| SizeRun { count: 1, size })
                .chain([SizeRun {
                    count: without_size,
                    size: default,
                }])
        }))
    }

    /// Returns the number of the first sample of each `trun`.
    fn starts(&self) -> Vec<u64> {
        self.truns
            .iter()
            .scan(0, |next, trun| {
                Some(std::mem::replace(
                    next,
                    *next + u64::from(trun.sample_count),
                ))
            })
            .collect()
    }

    /// Returns the position after the data of the last run.
    fn data_end(&self) -> u64 {
        let offset = self.truns.iter().find_map(|trun| trun.data_offset);
        let start = self
            .data_base
            .saturating_add_signed(i64::from(offset.unwrap_or(0)));
        let default_size = u64::from(self.default_size.unwrap_or(0));
        self.truns
            .iter()
            .map(|trun| match trun.has_sizes() {
                true => trun.sizes().map(u64::from).sum(),
                false => u64::from(trun.sample_count) * default_size,
            })
            .fold(start, u64::saturating_add)
    }
}

/// Returns the track of a fragment; without `moov`, adds it.
fn find_track(
    tracks: &mut Vec<TrackState>,
    track_id: u32,
    is_after_moov: bool,
) -> Option<&mut TrackState> {
    let index = match tracks
        .iter()
        .position(|state| state.report.track_id == track_id)
    {
        Some(index) => index,
        None if is_after_moov && tracks.iter().any(|state| !state.descriptions.is_empty()) => {
            return None;
        }
        None => {
            let mut state = TrackState::default();
            state.report.track_id = track_id;
            tracks.push(state);
            tracks.len() - 1
        }
    };
    tracks.get_mut(index)
}

fn find_description(state: &TrackState, tfhd: &Tfhd<'_>) -> Option<EntryProtection> {
    let number = tfhd
        .sample_description_index
        .or(state.trex.map(|trex| trex.sample_description_index))?;
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    state.descriptions.get(index).cloned()
}

/// Returns the protection of samples without `moov`: those with encryption information or groups count as protected, with IVs of
/// 8 bytes until another size fits.
fn assumed_protection(boxes: &InformationBoxes<'_>, grouped: bool) -> Option<ParsedProtection> {
    (grouped || !boxes.is_empty()).then_some(ParsedProtection {
        is_protected: 1,
        pattern: Pattern::NONE,
        per_sample_iv_size: 8,
        kid: KeyId::from_bytes([0; 16]),
        constant_iv: None,
    })
}
