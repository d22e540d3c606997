// SPDX-License-Identifier: MPL-2.0
//! The boxes of fragments that describe their samples: groups and sub-samples, 14496-12 clauses 8.9 and 8.7.7. They are collected, so
//! that they can go with the samples into other fragments.

use std::ops::Range;

use isobmff_boxes::{BoxTree, FourCc, Saiz, SampleRun};

use crate::fragmenting::groups::TrackSampleGroups;
use crate::fragmenting::subsamples::TrackSubSamples;
use crate::fragmenting::timing::push_run;
use crate::information::points_at_entries;
use crate::warning::WarningQueue;
use crate::{Error, Warning};

/// The most kinds of groups of a track, and of sub-samples.
const MAX_KINDS: usize = 64;
/// The first group_description_index of a description in the `traf` itself: clause 8.9.4.
const FIRST_IN_FRAGMENT: u32 = 0x1_0001;

/// The groups and sub-samples of a track.
#[derive(Default)]
pub(super) struct SampleBoxes {
    groups: Vec<GroupsOfKind>,
    sub_samples: Vec<TrackSubSamples>,
    left_out: WarningQueue,
}

/// The groups of one type.
struct GroupsOfKind {
    version: u8,
    kind: Vec<u8>,
    runs: Vec<SampleRun>,
    /// The samples in `runs`.
    count: u32,
}

impl SampleBoxes {
    /// Adds those of a `traf` or `stbl` with these samples of the track.
    ///
    /// # Errors
    /// [`Error::Box`], [`Error::TooLarge`].
    pub(super) fn add(&mut self, parent: &BoxTree<'_>, samples: Range<u32>) -> Result<(), Error> {
        for groups in TrackSampleGroups::read_all(parent)? {
            self.add_groups(groups, samples.clone())?;
        }
        for subs in parent.all(FourCc::SUBS) {
            let mut own = TrackSubSamples::read(subs)?;
            own.move_by(samples.start);
            if let Some(all) = self.sub_samples.iter_mut().find(|all| all.is_of_kind(&own)) {
                all.append(own);
            } else if self.sub_samples.len() == MAX_KINDS {
                return Err(too_many());
            } else {
                self.sub_samples.push(own);
            }
        }
        self.leave_out_information(parent)
    }

    fn add_groups(
        &mut self,
        mut groups: TrackSampleGroups,
        samples: Range<u32>,
    ) -> Result<(), Error> {
        let kind = groups.kind().to_vec();
        let known = self.groups.iter().position(|all| all.kind == kind);
        let index = known.unwrap_or(self.groups.len());
        if index == MAX_KINDS {
            return Err(too_many());
        }
        if known.is_none() {
            self.groups.push(GroupsOfKind {
                version: groups.version(),
                kind: kind.clone(),
                runs: Vec::new(),
                count: 0,
            });
        }
        let Some(all) = self.groups.get_mut(index) else {
            return Ok(());
        };
        all.pad(samples.start);
        for _ in samples {
            let index = groups.next_index();
            let is_left_out = index >= FIRST_IN_FRAGMENT;
            if is_left_out {
                self.left_out.add(Warning::LeftOut {
                    box_type: FourCc::SGPD,
                    grouping_type: kind.first_chunk().copied().map(FourCc),
                });
            }
            all.push(if is_left_out { 0 } else { index });
        }
        Ok(())
    }

    /// Notes that auxiliary information of other kinds than Common Encryption's is left out.
    fn leave_out_information(&mut self, parent: &BoxTree<'_>) -> Result<(), Error> {
        for saiz in parent.all(FourCc::SAIZ) {
            if points_at_entries(saiz)? == Some(false) {
                let kind = Saiz::read(saiz.reader())?.info_type;
                self.left_out.add(Warning::LeftOut {
                    box_type: FourCc::SAIZ,
                    grouping_type: kind.map(|kind| kind.aux_info_type),
                });
            }
        }
        Ok(())
    }

    /// Returns the warnings of what is left out.
    pub(super) fn take_warnings(&mut self) -> Vec<Warning> {
        std::iter::from_fn(|| self.left_out.next()).collect()
    }

    /// Returns the groups and the sub-samples of all samples.
    pub(super) fn build(self) -> (Vec<TrackSampleGroups>, Vec<TrackSubSamples>) {
        let groups = self
            .groups
            .into_iter()
            .map(|all| TrackSampleGroups::of_runs(all.version, all.kind, all.runs));
        (groups.collect(), self.sub_samples)
    }
}

impl GroupsOfKind {
    /// Adds samples in no group up to sample number `end`.
    fn pad(&mut self, end: u32) {
        for _ in self.count..end {
            self.push(0);
        }
    }

    fn push(&mut self, index: u32) {
        push_run(&mut self.runs, index);
        self.count += 1;
    }
}

const fn too_many() -> Error {
    Error::TooLarge {
        what: "the number of kinds of sample groups or sub-samples of a track",
        limit: MAX_KINDS as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `traf` with groups of type `roll`, by pairs of sample_count and group_description_index, and `subs` of these entries.
    fn traf(groups: &[[u32; 2]], sub_samples: &[u32]) -> BoxTree<'static> {
        let words = |words: &[u32]| -> Vec<u8> {
            let bytes = words.iter().flat_map(|word| word.to_be_bytes());
            bytes.collect()
        };
        let runs = u32::try_from(groups.len()).unwrap();
        let fields = [
            b"roll".to_vec(),
            words(&[runs]),
            words(groups.as_flattened()),
        ]
        .concat();
        let sbgp = BoxTree::full(FourCc::SBGP, Default::default(), &fields);
        // Each entry has a sample_delta and no sub-sample.
        let entries = sub_samples.iter().flat_map(|delta| {
            let delta = delta.to_be_bytes();
            delta.into_iter().chain([0, 0])
        });
        let count = u32::try_from(sub_samples.len()).unwrap();
        let fields: Vec<u8> = words(&[count]).into_iter().chain(entries).collect();
        let subs = BoxTree::full(FourCc::SUBS, Default::default(), &fields);
        BoxTree::container(FourCc::TRAF, vec![sbgp, subs])
    }

    // Clauses 8.9.4 and 8.7.7: an index above 0x10000 is that of a description in the traf; sample_delta counts from the traf's first sample.
    #[test]
    fn boxes_of_several_fragments_go_on_with_their_samples() {
        let mut boxes = SampleBoxes::default();
        boxes.add(&traf(&[[2, 1]], &[2]), 0..3).unwrap();
        boxes
            .add(&BoxTree::container(FourCc::TRAF, Vec::new()), 3..5)
            .unwrap();
        boxes
            .add(&traf(&[[1, 0x1_0001], [1, 2]], &[1, 1]), 5..7)
            .unwrap();
        let roll = FourCc(*b"roll");
        assert_eq!(
            boxes.take_warnings(),
            [Warning::LeftOut {
                box_type: FourCc::SGPD,
                grouping_type: Some(roll),
            }]
        );
        let (mut groups, mut subs) = boxes.build();
        let indices: Vec<u32> = (0..8).map(|_| groups[0].next_index()).collect();
        assert_eq!(
            (groups.len(), indices.as_slice()),
            (1, [1, 1, 0, 0, 0, 0, 2, 0].as_slice())
        );
        // Of the fragment with samples 1 to 6: those with the numbers 2, 6 and 7, counted from 1.
        let found = subs[0].next_box(0, 7).unwrap();
        let expected = b"\0\0\0\0\0\0\0\x03\0\0\0\x02\0\0\0\0\0\x04\0\0\0\0\0\x01\0\0";
        assert_eq!(found.body(), expected);
    }

    #[test]
    fn other_information_is_named_and_kinds_are_limited() {
        let mut boxes = SampleBoxes::default();
        let saiz = b"\0\0\0\x01abcd\0\0\0\0\x01\0\0\0\x01".to_vec();
        let traf = BoxTree::container(FourCc::TRAF, vec![BoxTree::leaf(FourCc::SAIZ, saiz)]);
        boxes.add(&traf, 0..1).unwrap();
        let text = boxes.take_warnings()[0].to_string();
        assert!(
            text.starts_with("left out 'saiz' of type 'abcd' of the fragments"),
            "{text}"
        );
        let kinds = (0..100_u32).map(|kind| {
            let fields = [kind.to_be_bytes(), [0; 4]].concat();
            BoxTree::full(FourCc::SBGP, Default::default(), &fields)
        });
        let many = BoxTree::container(FourCc::TRAF, kinds.collect());
        assert!(matches!(
            boxes.add(&many, 1..1),
            Err(Error::TooLarge { .. })
        ));
    }
}
