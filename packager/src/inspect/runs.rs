// SPDX-License-Identifier: MPL-2.0
//! Which samples are protected how: the defaults of their sample entry, and `seig` groups over them.

use cenc_mp4::information::{ProtectionSources, SampleGroups, SeigDescriptions, is_seig_group};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, Error, FourCc, GroupDescription, Sbgp};

/// Samples that follow each other and are protected alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'p> {
    /// How many they are.
    pub count: u64,
    /// How; None for clear ones.
    pub protection: Option<&'p ParsedProtection>,
}

impl Run<'_> {
    /// Bytes of each sample's own IV.
    pub fn iv_size(&self) -> u8 {
        self.protection
            .map_or(0, |protection| protection.per_sample_iv_size)
    }
}

/// The `seig` descriptions that groups refer to.
#[derive(Debug, Clone, Copy)]
pub struct Descriptions<'p> {
    /// Those of `stbl`.
    pub track: &'p SeigDescriptions,
    /// Those of the `traf`.
    pub fragment: &'p SeigDescriptions,
}

impl<'p> Descriptions<'p> {
    /// What is in force for samples of a group whose sample entry has this default.
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

    /// Refuses a group without a description.
    fn find(self, group: GroupDescription) -> Result<(), Fault> {
        let sources = ProtectionSources {
            default: None,
            track: self.track,
            fragment: self.fragment,
        };
        match sources.in_force(group) {
            None if group != GroupDescription::None => Err(Fault::Undescribed),
            _ => Ok(()),
        }
    }
}

/// What is wrong with the groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A group without description.
    #[error("'sbgp' refers to a 'seig' description that is not there")]
    Undescribed,
    /// More grouped samples than samples.
    #[error("'sbgp' groups {grouped} samples as 'seig', there are {samples}")]
    TooMany {
        /// By `sbgp`.
        grouped: u64,
        /// In all.
        samples: u64,
    },
}

/// The `seig` groups of a `stbl` or `traf`. An `sbgp` that cannot be read is an error, of whatever groups it is.
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_groups(
    parent: &BoxTree<'_>,
    described: Descriptions<'_>,
) -> Result<SampleGroups, Error> {
    let others = parent.all(FourCc::SBGP).filter(|sbgp| !is_seig_group(sbgp));
    for sbgp in others {
        Sbgp::read(sbgp.reader())?;
    }
    SampleGroups::read(parent, described.track, described.fragment)
}

/// The samples of `defaults` with the protection of their group, where they have one. A group cannot protect samples whose
/// sample entry is a clear one.
///
/// # Errors
/// [`Fault`].
pub fn resolve<'p>(
    defaults: &[Run<'p>],
    groups: &SampleGroups,
    described: Descriptions<'p>,
) -> Result<Vec<Run<'p>>, Fault> {
    let samples = defaults.iter().map(|run| run.count).sum();
    let grouped = groups.runs().last().map_or(0, |run| run.end);
    if grouped > samples {
        return Err(Fault::TooMany { grouped, samples });
    }
    let mut left = defaults.iter().copied();
    let mut current = left.next();
    let mut resolved = Vec::new();
    let mut at = 0;
    for group in groups.runs() {
        described.find(group.description)?;
        while let Some(run) = &mut current
            && at < group.end
        {
            let count = run.count.min(group.end - at);
            let protection = described.in_force(run.protection, group.description);
            resolved.push(Run { count, protection });
            at += count;
            run.count -= count;
            if run.count == 0 {
                current = left.next();
            }
        }
    }
    for run in current.into_iter().chain(left) {
        described.find(groups.rest())?;
        resolved.push(Run {
            count: run.count,
            protection: described.in_force(run.protection, groups.rest()),
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

    /// What a `traf` and a `stbl` with these entries, and the `sbgp` of the `traf`, say.
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
        let described = Descriptions {
            track: &track,
            fragment: &fragment,
        };
        let defaults = [10, 5].map(|count| Run {
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
        let defaults = [Run {
            count: 2,
            protection: Some(&tenc),
        }];
        let resolved = |run| {
            let (track, fragment, groups) = described([&[], &[]], &[run]);
            let described = Descriptions {
                track: &track,
                fragment: &fragment,
            };
            resolve(&defaults, &groups, described).map(|runs| runs.len())
        };
        for index in [1, 0x1_0001] {
            assert_eq!(resolved((2, index)), Err(Fault::Undescribed));
        }
        assert!(matches!(resolved((3, 0)), Err(Fault::TooMany { .. })));
    }
}
