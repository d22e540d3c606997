// SPDX-License-Identifier: MPL-2.0
//! Sample groups of type `seig`: samples that are protected otherwise than their sample entry says, 23001-7 clause 6.

use common_encryption::{FoundProtection, SEIG};
use isobmff_boxes::{BoxTree, FourCc, GroupDescription, Sbgp, Sgpd};

use crate::Error;

/// The `seig` entries of a `sgpd`.
#[derive(Default)]
pub(super) struct Descriptions {
    pub(super) entries: Vec<FoundProtection>,
    /// The entry for samples in no group.
    pub(super) default_entry: Option<usize>,
}

impl Descriptions {
    /// Those of a `stbl` or `traf`.
    pub(super) fn read(parent: &BoxTree<'_>) -> Result<Self, Error> {
        let mut found = Self::default();
        for sgpd in of_type(parent, FourCc::SGPD) {
            if !found.entries.is_empty() {
                let box_type = FourCc::SGPD;
                return Err(isobmff_boxes::Error::Duplicate { box_type }.into());
            }
            let sgpd = Sgpd::read(sgpd.reader())?;
            let entries = sgpd.entries.into_iter().map(FoundProtection::read_seig);
            found.entries = entries.collect::<Result<_, _>>()?;
            found.default_entry = sgpd.default_entry;
        }
        Ok(found)
    }
}

/// Which samples of a `stbl` or `traf` are in which group.
#[derive(Default)]
pub(super) struct Groups {
    /// Number of the first sample behind each run, counted from 0, and what describes the run.
    runs: Vec<(u64, GroupDescription)>,
    /// What describes the samples behind the runs.
    rest: Option<GroupDescription>,
}

impl Groups {
    /// Those of a `stbl` or `traf`; `rest` describes samples in no run.
    pub(super) fn read(
        parent: &BoxTree<'_>,
        rest: Option<GroupDescription>,
    ) -> Result<Self, Error> {
        if of_type(parent, FourCc::CSGP).next().is_some() {
            return Err(Error::Unsupported(FourCc::CSGP));
        }
        let mut runs = Vec::new();
        for sbgp in of_type(parent, FourCc::SBGP) {
            if !runs.is_empty() {
                let box_type = FourCc::SBGP;
                return Err(isobmff_boxes::Error::Duplicate { box_type }.into());
            }
            let mut end = 0;
            for run in Sbgp::read(sbgp.reader())?.runs {
                end += u64::from(run.sample_count);
                runs.push((end, run.description));
            }
        }
        Ok(Self { runs, rest })
    }

    /// What describes a sample, counted from 0.
    pub(super) fn of(&self, sample: u32) -> GroupDescription {
        let run = self.runs.partition_point(|run| run.0 <= u64::from(sample));
        let run = self.runs.get(run).map(|run| run.1);
        run.or(self.rest).unwrap_or(GroupDescription::None)
    }

    /// Whether no sample is in a group.
    pub(super) const fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.rest.is_none()
    }
}

/// Whether a child of a `stbl` or `traf` is a box of `seig` groups.
pub(super) fn is_of_seig(child: &BoxTree<'_>) -> bool {
    // Behind version and flags stands grouping_type, in each of the three.
    matches!(child.box_type, FourCc::SGPD | FourCc::SBGP | FourCc::CSGP)
        && child.body().get(4..8) == Some(SEIG.0.as_slice())
}

fn of_type<'b, 'a>(
    parent: &'b BoxTree<'a>,
    box_type: FourCc,
) -> impl Iterator<Item = &'b BoxTree<'a>> {
    parent.all(box_type).filter(|child| is_of_seig(child))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traf(children: Vec<BoxTree<'static>>) -> BoxTree<'static> {
        BoxTree::container(FourCc::TRAF, children)
    }

    fn sbgp(words: &[u32]) -> BoxTree<'static> {
        let words = words.iter().flat_map(|word| word.to_be_bytes());
        let fields: Vec<u8> = b"seig".iter().copied().chain(words).collect();
        BoxTree::full(FourCc::SBGP, (0, 0), &fields)
    }

    // 14496-12, 8.9.2 to 8.9.4: runs in order, 0 is no group, the fragment's own entries start at 0x10001.
    #[test]
    fn samples_are_in_the_group_of_their_run() {
        let sbgp = sbgp(&[3, 2, 0x1_0001, 1, 0, 1, 2]);
        let rest = Some(GroupDescription::Track(4));
        let groups = Groups::read(&traf(vec![sbgp]), rest).unwrap();
        let found: Vec<_> = (0..5).map(|sample| groups.of(sample)).collect();
        use GroupDescription::{Fragment, None, Track};
        assert_eq!(found, [Fragment(0), Fragment(0), None, Track(1), Track(4)]);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let compact = BoxTree::full(FourCc::CSGP, (0, 0), b"seig");
        let refused = Groups::read(&traf(vec![compact]), None);
        assert!(matches!(refused, Err(Error::Unsupported(FourCc::CSGP))));
        let twice = traf(vec![sbgp(&[1, 1, 1]), sbgp(&[1, 1, 1])]);
        assert!(Groups::read(&twice, None).is_err());
        let endless = traf(vec![sbgp(&[2, u32::MAX, 1, u32::MAX, 2])]);
        let endless = Groups::read(&endless, None).unwrap();
        assert_eq!(endless.of(u32::MAX), GroupDescription::Track(1));
    }

    #[test]
    fn groups_of_other_kinds_are_no_business_of_decryption() {
        let roll = BoxTree::full(FourCc::SBGP, (0, 0), b"roll\0\0\0\x01\0\0\0\x05\0\0\0\x01");
        assert!(Groups::read(&traf(vec![roll]), None).unwrap().is_empty());
    }
}
