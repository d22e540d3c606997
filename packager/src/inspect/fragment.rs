// SPDX-License-Identifier: MPL-2.0
//! The track fragments of a `moof`, ISO/IEC 14496-12 clause 8.8.

use cenc_mp4::information::InformationBoxes;
use cenc_types::{KeyId, Pattern};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, Error, FourCc, Tfhd, Trun};

use super::findings::{Findings, Place};
use super::information::{Check, Location};
use super::read::Source;
use super::runs::{self, Descriptions, Run};
use super::track::{Description, TrackState, seig_descriptions};
use super::walk::Samples;

/// A `moof` and the file it is in.
pub struct Moof<'a> {
    /// The boxes.
    pub tree: &'a BoxTree<'a>,
    /// The box, whole.
    pub bytes: &'a [u8],
    /// Its offset in the file.
    pub position: u64,
}

/// What a track fragment says before its samples are looked at.
struct Traf<'a> {
    tree: &'a BoxTree<'a>,
    place: Place,
    truns: Vec<Trun<'a>>,
    /// None where only the missing `moov` tells it.
    default_size: Option<u32>,
    count: u64,
    /// What data offsets count from.
    base: u64,
    description: Option<Description>,
}

impl Moof<'_> {
    /// Checks all track fragments.
    pub fn inspect(
        &self,
        tracks: &mut Vec<TrackState>,
        source: &mut Source,
        findings: &mut Findings,
    ) {
        let known = !tracks.is_empty();
        let mut end = self.position;
        for tree in self.tree.all(FourCc::TRAF) {
            let place = Place::file(format!("moof at byte {}", self.position));
            match self.inspect_traf(tree, (known, &mut end), tracks, (source, findings)) {
                Ok(()) => (),
                Err(error) => findings.error("unreadable", &place, error),
            }
        }
    }

    fn inspect_traf(
        &self,
        tree: &BoxTree<'_>,
        (known, end): (bool, &mut u64),
        tracks: &mut Vec<TrackState>,
        (source, findings): (&mut Source, &mut Findings),
    ) -> Result<(), Error> {
        let tfhd = Tfhd::read(tree.child(FourCc::TFHD)?.reader())?;
        let state = find_track(tracks, tfhd.track_id, known);
        let place = Place::track(tfhd.track_id, format!("moof at byte {}", self.position));
        let Some(state) = state else {
            findings.error("no-track", &place, "'moov' has no such track");
            return Ok(());
        };
        let truns = tree.all(FourCc::TRUN).map(|trun| Trun::read(trun.reader()));
        let truns = truns.collect::<Result<Vec<_>, _>>()?;
        let trex = state.trex.map(|trex| trex.sample_size);
        let base = match tfhd.base_data_offset {
            Some(offset) => offset,
            None if tfhd.default_base_is_moof() => self.position,
            None => *end,
        };
        let traf = Traf {
            tree,
            count: truns.iter().map(|trun| u64::from(trun.sample_count)).sum(),
            default_size: tfhd.default_sample_size.or(trex),
            base,
            description: description(state, &tfhd),
            place,
            truns,
        };
        *end = traf.data_end();
        self.check(&traf, state, (source, findings))
    }

    fn check(
        &self,
        traf: &Traf<'_>,
        state: &mut TrackState,
        (source, findings): (&mut Source, &mut Findings),
    ) -> Result<(), Error> {
        let place = &traf.place;
        let boxes = InformationBoxes::read(&[traf.tree])?;
        let fragment = seig_descriptions(traf.tree, place, findings);
        for seig in fragment.readable() {
            state.note_seig(seig, place, findings);
        }
        let described = Descriptions {
            track: &state.seig,
            fragment: &fragment,
        };
        let groups = runs::read_groups(traf.tree, described)?;
        let assumed = assumed(&boxes, !groups.is_empty());
        let piff = boxes.senc().and_then(|senc| senc.protection.as_ref());
        let protection = match &traf.description {
            Some(Description::Clear) => None,
            Some(Description::Protected { tenc, .. }) => piff.or(tenc.as_ref()),
            None => piff.or(assumed.as_ref()),
        };
        let defaults = [Run {
            count: traf.count,
            protection,
        }];
        let runs = runs::resolve(&defaults, &groups, described).unwrap_or_else(|fault| {
            findings.error("groups", place, fault);
            defaults.to_vec()
        });
        lint_nil(&runs, traf, (place, findings));
        let samples = Samples {
            count: traf.count,
            sizes: &|| traf.sizes(),
            runs,
            starts: traf.starts(),
        };
        let check = Check {
            boxes: &boxes,
            samples: &samples,
            iv_sizes_known: traf.description.is_some(),
            location: &Location {
                place,
                bytes: self.bytes,
                position: self.position,
                base: traf.base,
            },
        };
        check.run(&mut state.report, source, findings);
        Ok(())
    }
}

impl<'a> Traf<'a> {
    /// None of them where not all are known.
    fn sizes(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        let default = match self.default_size {
            Some(default) => default,
            None if self.truns.iter().all(Trun::has_sizes) => 0,
            None => return Box::new(std::iter::empty()),
        };
        Box::new(self.truns.iter().flat_map(move |trun| {
            let unstated = match trun.has_sizes() {
                true => 0,
                false => trun.sample_count,
            };
            let defaults = (0..unstated).map(move |_| default);
            trun.sizes().chain(defaults)
        }))
    }

    /// Number of the first sample of each run.
    fn starts(&self) -> Vec<u64> {
        let counts = self.truns.iter().map(|trun| u64::from(trun.sample_count));
        counts
            .scan(0, |next, count| {
                let start = *next;
                *next += count;
                Some(start)
            })
            .collect()
    }

    /// Where the data of the last run ends.
    fn data_end(&self) -> u64 {
        let offset = self.truns.iter().find_map(|trun| trun.data_offset);
        let start = self
            .base
            .saturating_add_signed(i64::from(offset.unwrap_or(0)));
        let default = u64::from(self.default_size.unwrap_or(0));
        let lengths = self.truns.iter().map(|trun| match trun.has_sizes() {
            true => trun.sizes().map(u64::from).sum(),
            false => u64::from(trun.sample_count) * default,
        });
        lengths.fold(start, u64::saturating_add)
    }
}

/// The track of a fragment; without `moov` it comes into being here.
fn find_track(tracks: &mut Vec<TrackState>, track_id: u32, known: bool) -> Option<&mut TrackState> {
    let has_id = |state: &TrackState| state.report.track_id == track_id;
    let found = tracks.iter().position(has_id);
    let index = match found {
        Some(index) => index,
        None if known && tracks.iter().any(|state| !state.descriptions.is_empty()) => return None,
        None => {
            let mut state = TrackState::default();
            state.report.track_id = track_id;
            tracks.push(state);
            tracks.len() - 1
        }
    };
    tracks.get_mut(index)
}

fn description(state: &TrackState, tfhd: &Tfhd<'_>) -> Option<Description> {
    let index = tfhd.sample_description_index;
    let index = index.or(state.trex.map(|trex| trex.sample_description_index));
    let index = usize::try_from(index?.checked_sub(1)?).ok()?;
    state.descriptions.get(index).cloned()
}

/// Without `moov`, samples that have encryption information or groups count as protected, by IVs of 8 bytes until they turn
/// out to be others.
fn assumed(boxes: &InformationBoxes<'_>, grouped: bool) -> Option<ParsedProtection> {
    (grouped || !boxes.is_empty()).then_some(ParsedProtection {
        is_protected: 1,
        pattern: Pattern::NONE,
        per_sample_iv_size: 8,
        kid: KeyId::from_bytes([0; 16]),
        constant_iv: None,
    })
}

fn lint_nil(runs: &[Run<'_>], traf: &Traf<'_>, (place, findings): (&Place, &mut Findings)) {
    let nil = |run: &Run<'_>| run.protection.is_some_and(|found| found.kid.is_nil());
    if traf.description.is_some() && runs.iter().any(nil) {
        let message = "protected samples of which neither 'tenc' nor a 'seig' group names the KID";
        findings.error("kid-nil", place, message);
    }
}
