// SPDX-License-Identifier: MPL-2.0
//! Sample groups of a progressive track, 14496-12 clause 8.9: `sgpd` stays in `stbl`, and each track fragment gets its part of `sbgp`.

use isobmff_boxes::{BoxTree, FourCc, FullBoxHeader, SampleRun};

use super::timing::RunCursor;

/// The sample groups of one type.
pub(super) struct TrackSampleGroups {
    version: u8,
    /// grouping_type and, from version 1 on, grouping_type_parameter.
    kind: Vec<u8>,
    /// group_description_index of each sample; 0 is no group.
    runs: Vec<SampleRun>,
    at: RunCursor,
}

impl TrackSampleGroups {
    /// Reads a `sbgp`.
    pub(super) fn read(sbgp: &BoxTree<'_>) -> Result<Self, isobmff_boxes::Error> {
        let mut reader = sbgp.reader();
        let version = reader.full_box_header()?.version;
        let kind = reader.bytes(if version >= 1 { 8 } else { 4 })?.to_vec();
        Ok(Self {
            version,
            kind,
            runs: SampleRun::read_all(&mut reader)?,
            at: RunCursor::default(),
        })
    }

    /// Returns the box for the next `samples` samples; None if none of them is in a group.
    pub(super) fn next_box(&mut self, samples: u32) -> Option<BoxTree<'static>> {
        let mut runs: Vec<SampleRun> = Vec::new();
        for _ in 0..samples {
            let value = self.at.next(&self.runs).unwrap_or(0);
            match runs.last_mut() {
                Some(run) if run.value == value => run.sample_count += 1,
                _ => runs.push(SampleRun {
                    sample_count: 1,
                    value,
                }),
            }
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
}
