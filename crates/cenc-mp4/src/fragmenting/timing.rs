// SPDX-License-Identifier: MPL-2.0
//! The decode times, composition offsets and dependencies of the samples of a progressive track, 14496-12 clause 8.6.

use isobmff_boxes::{BoxTree, CompositionOffsets, FourCc, NON_SYNC_SAMPLE, SampleRun};

use crate::init::STBL_PATH;

/// sample_flags, clause 8.8.3.1: sample_depends_on says that the sample depends on no others.
const DEPENDS_ON_NONE: u32 = 2 << 24;
/// The bit of sample_flags at which the `sdtp` byte of a sample starts.
const DEPENDENCIES: u32 = 20;

/// The timing tables of one track.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrackTiming {
    /// Ticks per second.
    pub(crate) timescale: u32,
    durations: Vec<SampleRun>,
    offsets: CompositionOffsets,
    /// Numbers of the sync samples from 1, ascending; None if all samples are.
    sync: Option<Vec<u32>>,
    /// The entries of `sdtp`, if there is one.
    dependencies: Vec<u8>,
}

/// A position in the timing tables.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimingCursor {
    /// Number of the next sample, from 0.
    sample: u32,
    durations: RunCursor,
    offsets: RunCursor,
}

/// A position in runs of samples.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunCursor {
    pub(super) run: usize,
    pub(super) used: u32,
}

/// The values of a sample in `trun` except its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleTiming {
    pub(crate) duration: u32,
    /// The bits of sample_composition_time_offset.
    pub(crate) offset: u32,
    pub(crate) flags: u32,
}

/// Collects the timing of samples.
#[derive(Default)]
pub(crate) struct TimingBuilder {
    durations: Vec<SampleRun>,
    offsets: CompositionOffsets,
    sync: Vec<u32>,
    dependencies: Vec<u8>,
    count: u32,
}

impl TimingBuilder {
    /// Adds a sample.
    pub(crate) fn push(&mut self, sample: SampleTiming) {
        self.count = self.count.saturating_add(1);
        push_run(&mut self.durations, sample.duration);
        push_run(&mut self.offsets.runs, sample.offset);
        if sample.is_sync() {
            self.sync.push(self.count);
        }
        let [dependencies, ..] = (sample.flags << 4).to_be_bytes();
        self.dependencies.push(dependencies);
    }

    /// Records that composition offsets are signed.
    pub(crate) const fn sign_offsets(&mut self) {
        self.offsets.version = 1;
    }

    /// Adds ticks to the duration of the last sample; false if there is none, or if it would be negative or too long.
    pub(crate) fn stretch_last(&mut self, ticks: i64) -> bool {
        let Some(last) = self.durations.last_mut() else {
            return false;
        };
        let Ok(duration) = u32::try_from(i64::from(last.value).saturating_add(ticks)) else {
            return false;
        };
        last.sample_count -= 1;
        if last.sample_count == 0 {
            self.durations.pop();
        }
        push_run(&mut self.durations, duration);
        true
    }

    /// Returns the tables.
    pub(crate) fn build(self, timescale: u32) -> TrackTiming {
        let has_other_samples = self.sync.len() < self.dependencies.len();
        TrackTiming {
            timescale,
            durations: self.durations,
            offsets: self.offsets,
            sync: has_other_samples.then_some(self.sync),
            dependencies: self.dependencies,
        }
    }
}

/// Adds a sample to runs.
pub(crate) fn push_run(runs: &mut Vec<SampleRun>, value: u32) {
    match runs.last_mut() {
        Some(last) if last.value == value => last.sample_count += 1,
        _ => runs.push(SampleRun {
            sample_count: 1,
            value,
        }),
    }
}

impl SampleTiming {
    pub(crate) const fn is_sync(&self) -> bool {
        self.flags & NON_SYNC_SAMPLE == 0
    }
}

impl RunCursor {
    /// Returns the value of the next sample; None after the last run.
    pub(crate) fn next(&mut self, runs: &[SampleRun]) -> Option<u32> {
        loop {
            let run = runs.get(self.run)?;
            if self.used < run.sample_count {
                self.used += 1;
                return Some(run.value);
            }
            *self = Self {
                run: self.run + 1,
                used: 0,
            };
        }
    }
}

impl TrackTiming {
    /// Reads the tables of a `trak`.
    pub(crate) fn read(trak: &BoxTree<'_>) -> Result<Self, isobmff_boxes::Error> {
        let mdhd = trak.descend(&[FourCc::MDIA, FourCc::MDHD])?;
        let stbl = trak.descend(&STBL_PATH)?;
        let mut sync = stbl
            .all(FourCc::STSS)
            .next()
            .map(|stss| isobmff_boxes::read_stss(stss.reader()))
            .transpose()?;
        if let Some(numbers) = &mut sync {
            // The numbers ascend unless the file is damaged.
            numbers.sort_unstable();
        }
        let mut dependencies = Vec::new();
        if let Some(sdtp) = stbl.all(FourCc::SDTP).next() {
            let mut entries = sdtp.reader();
            entries.full_box_header()?;
            dependencies.extend_from_slice(entries.left());
        }
        Ok(Self {
            timescale: isobmff_boxes::read_timescale(mdhd.reader())?,
            durations: isobmff_boxes::read_stts(stbl.child(FourCc::STTS)?.reader())?,
            offsets: stbl.all(FourCc::CTTS).next().map_or_else(
                || Ok(CompositionOffsets::default()),
                |c| isobmff_boxes::read_ctts(c.reader()),
            )?,
            sync,
            dependencies,
        })
    }

    /// Returns the composition offset of a sample in ticks.
    pub(crate) const fn composition_offset(&self, sample: &SampleTiming) -> i64 {
        signed_offset(sample.offset, self.offsets.version > 0)
    }

    /// Returns the version of a `trun` with the offsets of this track.
    pub(crate) const fn offset_version(&self) -> u8 {
        self.offsets.version
    }

    /// Returns the timing of the next sample; None if no duration is left.
    pub(crate) fn next(&self, at: &mut TimingCursor) -> Option<SampleTiming> {
        let timing = SampleTiming {
            duration: at.durations.next(&self.durations)?,
            offset: at.offsets.next(&self.offsets.runs).unwrap_or(0),
            flags: self.flags(at.sample),
        };
        at.sample = at.sample.saturating_add(1);
        Some(timing)
    }

    fn flags(&self, sample: u32) -> u32 {
        let number = sample.saturating_add(1);
        let is_sync = self
            .sync
            .as_ref()
            .is_none_or(|sync| sync.binary_search(&number).is_ok());
        let dependencies = self
            .dependencies
            .get(sample as usize)
            .map(|&entry| u32::from(entry) << DEPENDENCIES);
        match (is_sync, dependencies) {
            (true, None) => DEPENDS_ON_NONE,
            (true, Some(dependencies)) => dependencies,
            (false, dependencies) => NON_SYNC_SAMPLE | dependencies.unwrap_or(0),
        }
    }
}

const fn signed_offset(bits: u32, is_signed: bool) -> i64 {
    match is_signed {
        true => bits.cast_signed() as i64,
        false => bits as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(runs: &[(u32, u32)]) -> Vec<SampleRun> {
        let run = |&(sample_count, value)| SampleRun {
            sample_count,
            value,
        };
        runs.iter().map(run).collect()
    }

    // Flags of clause 8.8.3.1: 0x02000000 a sync sample, 0x00010000 no sync sample; sdtp 0x14: depends on others, is not depended on.
    #[test]
    fn samples_get_the_values_of_their_runs_and_flags_from_both_tables() {
        let mut timing = TrackTiming {
            durations: runs(&[(1, 10), (0, 99), (2, 20)]),
            offsets: CompositionOffsets {
                version: 1,
                runs: runs(&[(2, 5)]),
            },
            sync: Some(vec![1, 3]),
            ..TrackTiming::default()
        };
        let all = |timing: &TrackTiming| {
            let mut at = TimingCursor::default();
            let found = std::iter::from_fn(|| timing.next(&mut at));
            found
                .map(|s| (s.duration, s.offset, s.flags))
                .collect::<Vec<_>>()
        };
        let expected = [
            (10, 5, 0x0200_0000),
            (20, 5, 0x0001_0000),
            (20, 0, 0x0200_0000),
        ];
        assert_eq!(all(&timing), expected);
        timing.dependencies = vec![0x20, 0x18];
        let flags: Vec<u32> = all(&timing).iter().map(|sample| sample.2).collect();
        assert_eq!(flags, [0x0200_0000, 0x0181_0000, 0x0200_0000]);
        timing.sync = None;
        assert_eq!(all(&timing)[1].2, 0x0180_0000);
    }
}
