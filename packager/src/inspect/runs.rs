// SPDX-License-Identifier: MPL-2.0
//! Which samples are protected how: the defaults of their sample entry, and `seig` groups over them.

use common_encryption::{FoundProtection, SEIG};
use isobmff_boxes::{BoxTree, Error, FourCc, GroupDescription, GroupRun, Sbgp};

/// Samples that follow each other and are protected alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'p> {
    /// How many they are.
    pub count: u64,
    /// How; None for clear ones.
    pub protection: Option<&'p FoundProtection>,
}

impl Run<'_> {
    /// Bytes of each sample's own IV.
    pub fn iv_size(&self) -> u8 {
        self.protection
            .map_or(0, |protection| protection.per_sample_iv_size)
    }
}

/// The `seig` descriptions that indices refer to.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'p> {
    /// Those of `stbl`.
    pub track: &'p [Option<FoundProtection>],
    /// Those of the `traf`.
    pub fragment: &'p [Option<FoundProtection>],
}

impl<'p> Groups<'p> {
    fn get(&self, description: GroupDescription) -> Result<Option<&'p FoundProtection>, Fault> {
        let found = match description {
            GroupDescription::None => return Ok(None),
            GroupDescription::Track(index) => self.track.get(index),
            GroupDescription::Fragment(index) => self.fragment.get(index),
        };
        match found {
            Some(Some(found)) => Ok(Some(found)),
            _ => Err(Fault::Undescribed),
        }
    }
}

/// What is wrong with the groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A box that cannot be read.
    #[error(transparent)]
    Box(#[from] Error),
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

/// The runs of `sbgp` for `seig` in a `stbl` or `traf`; none without such a box.
pub fn seig_runs(parent: &BoxTree<'_>) -> Result<Vec<GroupRun>, Error> {
    for sbgp in parent.all(FourCc::SBGP) {
        let sbgp = Sbgp::read(sbgp.reader())?;
        if sbgp.grouping_type == SEIG {
            return Ok(sbgp.runs);
        }
    }
    Ok(Vec::new())
}

/// The samples of `defaults` with the protection of their group, where they have one. A group cannot protect samples whose
/// sample entry is a clear one.
pub fn resolve<'p>(
    defaults: &[Run<'p>],
    grouped: &[GroupRun],
    groups: Groups<'p>,
) -> Result<Vec<Run<'p>>, Fault> {
    let samples = defaults.iter().map(|run| run.count).sum();
    let sum = grouped.iter().map(|run| u64::from(run.sample_count)).sum();
    if sum > samples {
        return Err(Fault::TooMany {
            grouped: sum,
            samples,
        });
    }
    let mut rest = defaults.iter().copied();
    let mut current = rest.next();
    let mut resolved = Vec::new();
    for group in grouped {
        let protection = groups.get(group.description)?;
        let mut left = u64::from(group.sample_count);
        while let (1.., Some(run)) = (left, &mut current) {
            let count = left.min(run.count);
            resolved.push(Run {
                count,
                protection: run.protection.map(|default| protection.unwrap_or(default)),
            });
            left -= count;
            run.count -= count;
            if run.count == 0 {
                current = rest.next();
            }
        }
    }
    resolved.extend(current.into_iter().chain(rest));
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

    fn protection(kid: u8, is_protected: u8) -> FoundProtection {
        FoundProtection {
            is_protected,
            pattern: Pattern::NONE,
            per_sample_iv_size: 8 * is_protected,
            kid: KeyId::from_bytes([kid; 16]),
            constant_iv: None,
        }
    }

    fn grouped(runs: &[(u32, GroupDescription)]) -> Vec<GroupRun> {
        let run = |&(sample_count, description)| GroupRun {
            sample_count,
            description,
        };
        runs.iter().map(run).collect()
    }

    #[test]
    fn groups_replace_the_default_and_the_rest_keeps_it() {
        let tenc = protection(1, 1);
        let track = [Some(protection(2, 1))];
        let fragment = [Some(protection(0, 0))];
        let groups = Groups {
            track: &track,
            fragment: &fragment,
        };
        let defaults = [10, 5].map(|count| Run {
            count,
            protection: (count == 10).then_some(&tenc),
        });
        let sbgp = grouped(&[
            (2, GroupDescription::Fragment(0)),
            (3, GroupDescription::None),
            (6, GroupDescription::Track(0)),
        ]);
        let runs = resolve(&defaults, &sbgp, groups).unwrap();
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
        let groups = Groups {
            track: &[],
            fragment: &[None],
        };
        let defaults = [Run {
            count: 2,
            protection: Some(&tenc),
        }];
        for description in [GroupDescription::Track(0), GroupDescription::Fragment(0)] {
            let resolved = resolve(&defaults, &grouped(&[(1, description)]), groups);
            assert_eq!(resolved, Err(Fault::Undescribed));
        }
        let resolved = resolve(&defaults, &grouped(&[(3, GroupDescription::None)]), groups);
        assert!(matches!(resolved, Err(Fault::TooMany { .. })));
    }
}
