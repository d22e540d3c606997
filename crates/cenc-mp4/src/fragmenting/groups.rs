// SPDX-License-Identifier: MPL-2.0
//! Sample groups of a progressive track, 14496-12 clause 8.9: `sgpd` stays in `stbl`, and each track fragment gets its part of `sbgp`
//! or `csgp` as an `sbgp`.

use isobmff_boxes::{BoxTree, Csgp, FourCc, FullBoxHeader, GroupPattern, SampleRun};

use super::timing::{RunCursor, push_run};

/// The sample groups of one type.
#[derive(Clone)]
pub(crate) struct TrackSampleGroups {
    version: u8,
    /// grouping_type and, from version 1 on, grouping_type_parameter.
    kind: Vec<u8>,
    indices: GroupIndices,
}

/// The group_description_index of each sample; 0 is no group.
#[derive(Clone)]
enum GroupIndices {
    /// Those of `sbgp`.
    Runs { runs: Vec<SampleRun>, at: RunCursor },
    /// Those of `csgp`.
    Patterns {
        patterns: Vec<GroupPattern>,
        at: PatternCursor,
    },
}

/// A position in patterns.
#[derive(Clone, Default)]
struct PatternCursor {
    pattern: usize,
    /// Number of samples of the pattern before the next.
    used: u32,
}

impl PatternCursor {
    /// Returns the index of the next sample; None after the last pattern.
    fn next(&mut self, patterns: &[GroupPattern]) -> Option<u32> {
        loop {
            let pattern = patterns.get(self.pattern)?;
            if self.used < pattern.sample_count {
                let at = (self.used as usize).checked_rem(pattern.indices.len());
                self.used += 1;
                return at
                    .and_then(|at| pattern.indices.get(at))
                    .copied()
                    .or(Some(0));
            }
            *self = Self {
                pattern: self.pattern + 1,
                used: 0,
            };
        }
    }
}

impl TrackSampleGroups {
    /// Reads all `sbgp` and `csgp` boxes of an `stbl`.
    pub(crate) fn read_all(stbl: &BoxTree<'_>) -> Result<Vec<Self>, isobmff_boxes::Error> {
        stbl.children()
            .iter()
            .filter_map(|child| match child.box_type {
                FourCc::SBGP => Some(Self::read(child)),
                FourCc::CSGP => Some(Self::read_compact(child)),
                _ => None,
            })
            .collect()
    }

    /// Creates the groups of one type, given by its fields in `sbgp`, from the indices of runs of samples.
    pub(crate) const fn of_runs(version: u8, kind: Vec<u8>, runs: Vec<SampleRun>) -> Self {
        Self {
            version,
            kind,
            indices: GroupIndices::Runs {
                runs,
                at: RunCursor { run: 0, used: 0 },
            },
        }
    }

    /// Returns the version of the `sbgp` that states the type.
    pub(crate) const fn version(&self) -> u8 {
        self.version
    }

    /// Returns grouping_type and, from version 1 on, grouping_type_parameter.
    pub(crate) fn kind(&self) -> &[u8] {
        &self.kind
    }

    /// Returns the group_description_index of the next sample; 0 if it is in no group.
    pub(crate) fn next_index(&mut self) -> u32 {
        match &mut self.indices {
            GroupIndices::Runs { runs, at } => at.next(runs),
            GroupIndices::Patterns { patterns, at } => at.next(patterns),
        }
        .unwrap_or(0)
    }

    fn read(sbgp: &BoxTree<'_>) -> Result<Self, isobmff_boxes::Error> {
        let mut reader = sbgp.reader();
        let version = reader.full_box_header()?.version;
        let kind = reader.bytes(if version >= 1 { 8 } else { 4 })?.to_vec();
        Ok(Self {
            version,
            kind,
            indices: GroupIndices::Runs {
                runs: SampleRun::read_all(&mut reader)?,
                at: RunCursor::default(),
            },
        })
    }

    fn read_compact(csgp: &BoxTree<'_>) -> Result<Self, isobmff_boxes::Error> {
        let csgp = Csgp::read(csgp.reader())?;
        let parameter = csgp.parameter.map(u32::to_be_bytes);
        Ok(Self {
            version: u8::from(parameter.is_some()),
            kind: [
                csgp.grouping_type.0.as_slice(),
                parameter.as_slice().as_flattened(),
            ]
            .concat(),
            indices: GroupIndices::Patterns {
                patterns: csgp.patterns,
                at: PatternCursor::default(),
            },
        })
    }

    /// Returns the box for the next `samples` samples; None if none of them is in a group.
    pub(crate) fn next_box(&mut self, samples: u32) -> Option<BoxTree<'static>> {
        let mut runs: Vec<SampleRun> = Vec::new();
        for _ in 0..samples {
            push_run(&mut runs, self.next_index());
        }
        if runs.iter().all(|run| run.value == 0) {
            return None;
        }
        let mut fields = self.kind.clone();
        let count = u32::try_from(runs.len()).unwrap_or(samples);
        fields.extend(count.to_be_bytes());
        for run in runs {
            fields.extend(run.sample_count.to_be_bytes());
            fields.extend(run.value.to_be_bytes());
        }
        Some(BoxTree::full(
            FourCc::SBGP,
            FullBoxHeader {
                version: self.version,
                flags: 0,
            },
            &fields,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layout of clause 8.9.2.2.
    #[test]
    fn each_fragment_gets_its_part_of_the_runs() {
        let mut body = b"roll\0\0\0\x02".to_vec();
        for word in [3u32, 1, 2, 2] {
            body.extend(word.to_be_bytes());
        }
        let sbgp = BoxTree::full(FourCc::SBGP, FullBoxHeader::default(), &body);
        let mut groups = TrackSampleGroups::read(&sbgp).unwrap();
        let mut part = |samples| groups.next_box(samples).map(|sbgp| sbgp.body().to_vec());
        let first = b"\0\0\0\0roll\0\0\0\x01\0\0\0\x02\0\0\0\x01";
        assert_eq!(part(2).unwrap(), first);
        let second =
            b"\0\0\0\0roll\0\0\0\x03\0\0\0\x01\0\0\0\x01\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\0\0\0";
        assert_eq!(part(4).unwrap(), second);
        assert_eq!(part(9), None);
    }

    // Clause 8.9.5.3: a pattern is repeated for all its samples, the last time in part.
    #[test]
    fn patterns_of_compact_groups_repeat() {
        // Fields of 8 bits: the pattern 1, 2 for five samples, then the pattern 0, 3 for two.
        let body = b"\0\0\0\x55roll\0\0\0\x07\0\0\0\x02\x02\x05\x02\x02\x01\x02\0\x03";
        let mut groups =
            TrackSampleGroups::read_compact(&BoxTree::leaf(FourCc::CSGP, body.to_vec())).unwrap();
        let mut part = |samples| groups.next_box(samples).map(|sbgp| sbgp.body().to_vec());
        let made = |runs: &[u32]| {
            let count = u32::try_from(runs.len() / 2).unwrap();
            let words = [&[count], runs].concat();
            let words = words.iter().flat_map(|word| word.to_be_bytes());
            let head = b"\x01\0\0\0roll\0\0\0\x07".iter().copied();
            head.chain(words).collect::<Vec<_>>()
        };
        assert_eq!(part(3).unwrap(), made(&[1, 1, 1, 2, 1, 1]));
        assert_eq!(part(5).unwrap(), made(&[1, 2, 1, 1, 1, 0, 1, 3, 1, 0]));
        assert_eq!(part(9), None);
    }
}
