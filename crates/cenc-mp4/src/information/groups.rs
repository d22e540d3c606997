// SPDX-License-Identifier: MPL-2.0
//! Sample groups of type `seig`: samples with another protection than that of their sample entry, 23001-7 clause 6.

use common_encryption::{ParsedProtection, SEIG};
use isobmff_boxes::{BoxTree, Error, FourCc, GroupDescription, Sbgp, Sgpd};

/// The `seig` entries of a `stbl` or `traf`, in the order of their indices.
#[derive(Debug, Default)]
pub struct SeigDescriptions {
    /// None for a damaged entry.
    entries: Vec<Option<ParsedProtection>>,
    /// The entry for samples in no group.
    default_entry: Option<usize>,
    is_repeated: bool,
    faults: Vec<Error>,
}

impl SeigDescriptions {
    /// Reads those of a `stbl` or `traf`; damaged ones are in [`Self::faults`].
    pub fn read(parent: &BoxTree<'_>) -> Self {
        let mut found = Self::default();
        for sgpd in of_type(parent, FourCc::SGPD) {
            found.is_repeated |= !found.entries.is_empty();
            match Sgpd::read(sgpd.reader()) {
                Ok(sgpd) => found.add(&sgpd),
                Err(error) => found.faults.push(error),
            }
        }
        found
    }

    fn add(&mut self, sgpd: &Sgpd<'_>) {
        for entry in &sgpd.entries {
            self.entries.push(
                ParsedProtection::read_seig(entry)
                    .map_err(|error| self.faults.push(error))
                    .ok(),
            );
        }
        self.default_entry = sgpd.default_entry;
    }

    /// Returns the entries without damage.
    pub fn readable(&self) -> impl Iterator<Item = &ParsedProtection> {
        self.entries.iter().flatten()
    }

    /// Returns the errors of damaged boxes and entries.
    pub fn faults(&self) -> &[Error] {
        &self.faults
    }

    /// Returns `self`, or the first error.
    pub(crate) fn sound(self) -> Result<Self, crate::Error> {
        let repeated = self.is_repeated.then_some(Error::Duplicate {
            box_type: FourCc::SGPD,
        });
        match self.faults.first().cloned().or(repeated) {
            Some(fault) => Err(fault.into()),
            None => Ok(self),
        }
    }

    fn get(&self, index: usize) -> Option<&ParsedProtection> {
        self.entries.get(index)?.as_ref()
    }
}

/// The `seig` groups of the samples of a `stbl` or `traf`.
#[derive(Debug, Default)]
pub struct SampleGroups {
    runs: Vec<GroupedSamples>,
    /// The description of the samples after the runs.
    rest: Option<GroupDescription>,
    is_repeated: bool,
    is_compact: bool,
}

/// Consecutive samples in one group, or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupedSamples {
    /// Number of the first sample after them, from 0.
    pub end: u64,
    /// Their description.
    pub description: GroupDescription,
}

impl SampleGroups {
    /// Reads those of a `stbl`, or of a `traf` with descriptions of its own. The first `sbgp` counts.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(
        parent: &BoxTree<'_>,
        track: &SeigDescriptions,
        fragment: &SeigDescriptions,
    ) -> Result<Self, Error> {
        let rest = fragment.default_entry.map(GroupDescription::Fragment);
        let mut found = Self {
            runs: Vec::new(),
            rest: rest.or(track.default_entry.map(GroupDescription::Track)),
            is_repeated: false,
            is_compact: of_type(parent, FourCc::CSGP).next().is_some(),
        };
        for sbgp in of_type(parent, FourCc::SBGP) {
            if !found.runs.is_empty() {
                found.is_repeated = true;
                break;
            }
            let mut end = 0;
            for run in Sbgp::read(sbgp.reader())?.runs {
                end += u64::from(run.sample_count);
                found.runs.push(GroupedSamples {
                    end,
                    description: run.description,
                });
            }
        }
        Ok(found)
    }

    /// Returns `self`, or an error for a compact or repeated box.
    pub(crate) fn sound(self) -> Result<Self, crate::Error> {
        match (self.is_compact, self.is_repeated) {
            (true, _) => Err(crate::Error::Unsupported(FourCc::CSGP)),
            (false, true) => Err(crate::Error::Box(Error::Duplicate {
                box_type: FourCc::SBGP,
            })),
            (false, false) => Ok(self),
        }
    }

    /// Returns the runs of samples, in order.
    pub fn runs(&self) -> &[GroupedSamples] {
        &self.runs
    }

    /// Returns the description of the samples after the runs.
    pub fn rest(&self) -> GroupDescription {
        self.rest.unwrap_or(GroupDescription::None)
    }

    /// Returns the description of a sample, counted from 0.
    pub fn of(&self, sample: u32) -> GroupDescription {
        self.runs
            .get(
                self.runs
                    .partition_point(|run| run.end <= u64::from(sample)),
            )
            .map_or(self.rest(), |run| run.description)
    }

    /// True if no sample is in a group.
    pub const fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.rest.is_none()
    }
}

/// All sources of the protection of the samples of a protected sample entry.
#[derive(Debug, Clone, Copy)]
pub struct ProtectionSources<'p> {
    /// The protection of samples in no group: that of `tenc`, or of PIFF's box in its place.
    pub default: Option<&'p ParsedProtection>,
    /// The `seig` entries of the `stbl`.
    pub track: &'p SeigDescriptions,
    /// The `seig` entries of the `traf`.
    pub fragment: &'p SeigDescriptions,
}

impl<'p> ProtectionSources<'p> {
    /// Returns the protection of the samples of a group; None if it is missing.
    pub fn in_force(&self, group: GroupDescription) -> Option<&'p ParsedProtection> {
        match group {
            GroupDescription::None => self.default,
            GroupDescription::Track(index) => self.track.get(index),
            GroupDescription::Fragment(index) => self.fragment.get(index),
        }
    }
}

/// True if a child of a `stbl` or `traf` is a box of `seig` groups.
pub fn is_seig_group(child: &BoxTree<'_>) -> bool {
    // In each of the three, grouping_type is after version and flags.
    matches!(child.box_type, FourCc::SGPD | FourCc::SBGP | FourCc::CSGP)
        && child.body().get(4..8) == Some(SEIG.0.as_slice())
}

fn of_type<'b, 'a>(
    parent: &'b BoxTree<'a>,
    box_type: FourCc,
) -> impl Iterator<Item = &'b BoxTree<'a>> {
    parent.all(box_type).filter(|child| is_seig_group(child))
}

#[cfg(test)]
mod tests {
    use super::*;
    use isobmff_boxes::FullBoxHeader;

    fn traf(children: Vec<BoxTree<'static>>) -> BoxTree<'static> {
        BoxTree::container(FourCc::TRAF, children)
    }

    fn sbgp(words: &[u32]) -> BoxTree<'static> {
        let words = words.iter().flat_map(|word| word.to_be_bytes());
        let fields: Vec<u8> = b"seig".iter().copied().chain(words).collect();
        BoxTree::full(FourCc::SBGP, FullBoxHeader::default(), &fields)
    }

    /// A version 2 `sgpd` of no entries whose default is the fourth.
    fn default_fourth() -> SeigDescriptions {
        let fields = b"seig\0\0\0\x14\0\0\0\x04\0\0\0\0";
        let stbl = BoxTree::full(
            FourCc::SGPD,
            FullBoxHeader {
                version: 2,
                flags: 0,
            },
            fields,
        );
        SeigDescriptions::read(&traf(vec![stbl]))
    }

    fn groups(children: Vec<BoxTree<'static>>, track: &SeigDescriptions) -> SampleGroups {
        let fragment = SeigDescriptions::default();
        SampleGroups::read(&traf(children), track, &fragment).unwrap()
    }

    // 14496-12, 8.9.2 to 8.9.4: runs in order, 0 is no group, the fragment's own entries start at 0x10001.
    #[test]
    fn samples_are_in_the_group_of_their_run() {
        let sbgp = sbgp(&[3, 2, 0x1_0001, 1, 0, 1, 2]);
        let groups = groups(vec![sbgp], &default_fourth());
        let found: Vec<_> = (0..5).map(|sample| groups.of(sample)).collect();
        use GroupDescription::{Fragment, None, Track};
        assert_eq!(found, [Fragment(0), Fragment(0), None, Track(1), Track(3)]);
    }

    #[test]
    fn compact_and_repeated_groups_are_refused() {
        let none = SeigDescriptions::default();
        let compact = BoxTree::full(FourCc::CSGP, FullBoxHeader::default(), b"seig");
        let refused = groups(vec![compact], &none).sound();
        assert!(matches!(
            refused,
            Err(crate::Error::Unsupported(FourCc::CSGP))
        ));
        let twice = vec![sbgp(&[1, 1, 1]), sbgp(&[1, 1, 1])];
        assert!(groups(twice, &none).sound().is_err());
        let endless = groups(vec![sbgp(&[2, u32::MAX, 1, u32::MAX, 2])], &none);
        assert_eq!(endless.of(u32::MAX), GroupDescription::Track(1));
    }

    #[test]
    fn groups_of_other_kinds_are_ignored() {
        let roll = BoxTree::full(
            FourCc::SBGP,
            FullBoxHeader::default(),
            b"roll\0\0\0\x01\0\0\0\x05\0\0\0\x01",
        );
        assert!(groups(vec![roll], &SeigDescriptions::default()).is_empty());
    }
}
