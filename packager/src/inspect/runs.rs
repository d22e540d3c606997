// SPDX-License-Identifier: MPL-2.0
//! Resolves the protection of samples from the defaults of their sample entry and their `seig` groups, ISO/IEC 23001-7 clause 6.

use cenc_mp4::information::{ProtectionSources, SampleGroups, SeigDescriptions, is_seig_group};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, Error, FourCc, GroupDescription, Sbgp};

/// Consecutive samples with the same protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectionRun<'p> {
    /// The number of samples.
    pub count: u64,
    /// The protection; None if the samples are clear.
    pub protection: Option<&'p ParsedProtection>,
}

impl ProtectionRun<'_> {
    /// Returns the size of each sample's own IV in bytes.
    pub fn iv_size(&self) -> u8 {
        self.protection
            .map_or(0, |protection| protection.per_sample_iv_size)
    }
}

/// The `seig` descriptions that groups refer to.
#[derive(Debug, Clone, Copy)]
pub struct SeigLookup<'p> {
    /// The descriptions in `stbl`.
    pub track: &'p SeigDescriptions,
    /// The descriptions in `traf`.
    pub fragment: &'p SeigDescriptions,
}

impl<'p> SeigLookup<'p> {
    /// Returns the protection of samples in a group whose sample entry has this default.
    fn in_force(
        self,
        default: Option<&'p ParsedProtection>,
        group: GroupDescription,
    ) -> Option<&'p ParsedProtection> {
        let sources = ProtectionSources {
            default,
            track: self.track,
            fragment: self.fragment,
        };
        default.and_then(|_| sources.in_force(group))
    }

    /// Returns an error if the group has no description.
    fn check_described(self, group: GroupDescription) -> Result<(), GroupFault> {
        let sources = ProtectionSources {
            default: None,
            track: self.track,
            fragment: self.fragment,
        };
        match sources.in_force(group) {
            None if group != GroupDescription::None => Err(GroupFault::Undescribed),
            _ => Ok(()),
        }
    }
}

/// An error in the sample groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupFault {
    /// A group has no description.
    #[error("'sbgp' refers to a 'seig' description that does not exist")]
    Undescribed,
    /// More samples are grouped than exist.
    #[error("'sbgp' groups {grouped} samples as 'seig', but there are {samples}")]
    TooMany {
        /// The number of samples in `sbgp`.
        grouped: u64,
        /// The number of samples.
        samples: u64,
    },
}

/// Reads the `seig` groups of a `stbl` or `traf`. An unreadable `sbgp` of any grouping type is an error.
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_groups(parent: &BoxTree<'_>, lookup: SeigLookup<'_>) -> Result<SampleGroups, Error> {
    for sbgp in parent.all(FourCc::SBGP).filter(|sbgp| !is_seig_group(sbgp)) {
        Sbgp::read(sbgp.reader())?;
    }
    SampleGroups::read(parent, lookup.track, lookup.fragment)
}

/// Returns the samples of `defaults` with the protection of their group, if they have one. A group cannot protect samples whose
/// sample entry is clear.
///
/// # Errors
/// [`GroupFault`].
pub fn resolve<'p>(
    defaults: &[ProtectionRun<'p>],
    groups: &SampleGroups,
    lookup: SeigLookup<'p>,
) -> Result<Vec<ProtectionRun<'p>>, GroupFault> {
    let samples = defaults.iter().map(|run| run.count).sum();
    let grouped = groups.runs().last().map_or(0, |run| run.end);
    if grouped > samples {
        return Err(GroupFault::TooMany { grouped, samples });
    }
    let mut remaining = defaults.iter().copied();
    let mut current = remaining.next();
    let mut resolved = Vec::new();
    let mut sample = 0;
    for group in groups.runs() {
        lookup.check_described(group.description)?;
        while let Some(run) = &mut current
            && sample < group.end
        {
            let count = run.count.min(group.end - sample);
            resolved.push(ProtectionRun {
                count,
                protection: lookup.in_force(run.protection, group.description),
            });
            sample += count;
            run.count -= count;
            if run.count == 0 {
                current = remaining.next();
            }
        }
    }
    for run in current.into_iter().chain(remaining) {
        lookup.check_described(groups.rest())?;
        resolved.push(ProtectionRun {
            count: run.count,
            protection: lookup.in_force(run.protection, groups.rest()),
        });
    }
    for run in &mut resolved {
        run.protection = run
            .protection
            .filter(|protection| protection.is_protected != 0);
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use cenc_types::{KeyId, Pattern};

    use super::*;
    use isobmff_boxes::FullBoxHeader;

    fn protection(kid: u8, is_protected: u8) -> ParsedProtection {
        ParsedProtection {
            is_protected,
            pattern: Pattern::NONE,
            per_sample_iv_size: 8 * is_protected,
            kid: KeyId::from_bytes([kid; 16]),
            constant_iv: None,
        }
    }

    /// Returns the descriptions of a `stbl` and a `traf` with these KIDs, and the groups of an `sbgp` with these runs.
    fn described(
        [track, fragment]: [&[u8]; 2],
        runs: &[(u32, u32)],
    ) -> (SeigDescriptions, SeigDescriptions, SampleGroups) {
        let read = |kids: &[u8]| {
            let mut fields = b"seig\0\0\0\x14".to_vec();
            fields.extend(u32::try_from(kids.len()).unwrap().to_be_bytes());
            for &kid in kids {
                // An entry without KID is clear.
                let is_protected = u8::from(kid != 0);
                fields.extend([0, 0, is_protected, 8 * is_protected]);
                fields.extend([kid; 16]);
            }
            let sgpd = BoxTree::full(
                FourCc::SGPD,
                FullBoxHeader {
                    version: 1,
                    flags: 0,
                },
                &fields,
            );
            SeigDescriptions::read(&BoxTree::container(FourCc::TRAF, vec![sgpd]))
        };
        let (track, fragment) = (read(track), read(fragment));
        let mut fields = b"seig".to_vec();
        fields.extend(u32::try_from(runs.len()).unwrap().to_be_bytes());
        for (count, index) in runs {
            fields.extend([count.to_be_bytes(), index.to_be_bytes()].concat());
        }
        let sbgp = BoxTree::full(FourCc::SBGP, FullBoxHeader::default(), &fields);
        let traf = BoxTree::container(FourCc::TRAF, vec![sbgp]);
        let groups = SampleGroups::read(&traf, &track, &fragment).unwrap();
        (track, fragment, groups)
    }

    #[test]
    fn groups_replace_the_default_and_the_rest_keeps_it() {
        let tenc = protection(1, 1);
        let sbgp = [(2, 0x1_0001), (3, 0), (6, 1)];
        let (track, fragment, groups) = described([&[2], &[0]], &sbgp);
        let described = SeigLookup {
            track: &track,
            fragment: &fragment,
        };
        let defaults = [10, 5].map(|count| ProtectionRun {
            count,
            protection: (count == 10).then_some(&tenc),
        });
        let runs = resolve(&defaults, &groups, described).unwrap();
        let kids: Vec<_> = runs
            .iter()
            .map(|run| (run.count, run.protection.map(|p| p.kid.as_bytes()[0])))
            .collect();
        assert_eq!(
            kids,
            [(2, None), (3, Some(1)), (5, Some(2)), (1, None), (4, None)]
        );
    }

    #[test]
    fn undescribed_and_surplus_groups_are_refused() {
        let tenc = protection(1, 1);
        let defaults = [ProtectionRun {
            count: 2,
            protection: Some(&tenc),
        }];
        let resolved = |run| {
            let (track, fragment, groups) = described([&[], &[]], &[run]);
            let described = SeigLookup {
                track: &track,
                fragment: &fragment,
            };
            resolve(&defaults, &groups, described).map(|runs| runs.len())
        };
        for index in [1, 0x1_0001] {
            assert_eq!(resolved((2, index)), Err(GroupFault::Undescribed));
        }
        assert!(matches!(resolved((3, 0)), Err(GroupFault::TooMany { .. })));
    }
}
