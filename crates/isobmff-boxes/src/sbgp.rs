// SPDX-License-Identifier: MPL-2.0
//! `sbgp`, the assignment of samples to groups, 14496-12 clause 8.9.2.

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

/// The groups of the samples of a track or track fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbgp {
    /// The criterion of the groups, such as `seig`.
    pub grouping_type: FourCc,
    /// Runs of samples, in order; the samples after them are in no group.
    pub runs: Vec<GroupRun>,
}

/// Consecutive samples of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRun {
    /// The number of samples.
    pub sample_count: u32,
    /// Their group.
    pub description: GroupDescription,
}

/// A group_description_index, which counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupDescription {
    /// No group.
    None,
    /// Index, from 0, into the entries of the track's `sgpd`.
    Track(usize),
    /// Index, from 0, into the entries of the track fragment's own `sgpd`.
    Fragment(usize),
}

/// The first index that refers to the `sgpd` of the fragment (clause 8.9.4).
const FRAGMENT_LOCAL: u32 = 0x1_0001;

/// Builds an `sbgp` that puts all `sample_count` samples of a track fragment into the first group of the fragment's own `sgpd`.
pub fn build_fragment_sbgp(grouping_type: FourCc, sample_count: u32) -> BoxTree<'static> {
    let mut fields = grouping_type.0.to_vec();
    for word in [1, sample_count, FRAGMENT_LOCAL] {
        fields.extend(word.to_be_bytes());
    }
    BoxTree::full(FourCc::SBGP, FullBoxHeader::default(), &fields)
}

impl GroupDescription {
    fn from_index(index: u32) -> Self {
        let entry = |index| usize::try_from(index).unwrap_or(usize::MAX);
        match (index.checked_sub(FRAGMENT_LOCAL), index.checked_sub(1)) {
            (Some(local), _) => Self::Fragment(entry(local)),
            (None, Some(global)) => Self::Track(entry(global)),
            (None, None) => Self::None,
        }
    }
}

impl Sbgp {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for an entry_count that the box has no room for.
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        let version = reader.full_box_header()?.version;
        let grouping_type = FourCc(reader.array()?);
        if version >= 1 {
            reader.u32()?; // grouping_type_parameter
        }
        let mut runs = Vec::new();
        for _ in 0..reader.u32()? {
            runs.push(GroupRun {
                sample_count: reader.u32()?,
                description: GroupDescription::from_index(reader.u32()?),
            });
        }
        Ok(Self {
            grouping_type,
            runs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layout of clause 8.9.2.2, indices of 8.9.4.
    #[test]
    fn runs_name_descriptions_of_track_and_fragment() {
        let mut body = b"\0\0\0\0seig\0\0\0\x03".to_vec();
        for word in [2u32, 0, 3, 1, 4, 0x1_0002] {
            body.extend(word.to_be_bytes());
        }
        let sbgp = Sbgp::read(Reader::new(FourCc::SBGP, &body)).unwrap();
        assert_eq!(sbgp.grouping_type, FourCc(*b"seig"));
        let runs = sbgp
            .runs
            .iter()
            .map(|run| (run.sample_count, run.description));
        assert_eq!(
            runs.collect::<Vec<_>>(),
            [
                (2, GroupDescription::None),
                (3, GroupDescription::Track(0)),
                (4, GroupDescription::Fragment(1))
            ]
        );
        let made = build_fragment_sbgp(FourCc(*b"seig"), 9);
        let made = Sbgp::read(made.reader()).unwrap();
        let description = GroupDescription::Fragment(0);
        let all = GroupRun {
            sample_count: 9,
            description,
        };
        assert_eq!(made.runs, [all]);
        let cut = Sbgp::read(Reader::new(FourCc::SBGP, &body[..30]));
        assert!(matches!(cut, Err(Error::Truncated { .. })));
    }
}
