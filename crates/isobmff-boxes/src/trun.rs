// SPDX-License-Identifier: MPL-2.0
//! `trun`, a run of samples of a track fragment, 14496-12 clause 8.8.8.

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

const DATA_OFFSET: u32 = 0x00_0001;
const FIRST_SAMPLE_FLAGS: u32 = 0x00_0004;
const SAMPLE_DURATION: u32 = 0x00_0100;
const SAMPLE_SIZE: u32 = 0x00_0200;
const SAMPLE_FLAGS: u32 = 0x00_0400;
/// sample_duration, sample_size, sample_flags, sample_composition_time_offset: 4 bytes each.
const SAMPLE_OFFSET: u32 = 0x00_0800;
const SAMPLE_FIELDS: [u32; 4] = [SAMPLE_DURATION, SAMPLE_SIZE, SAMPLE_FLAGS, SAMPLE_OFFSET];

/// The bit sample_is_non_sync_sample of sample_flags, clause 8.8.3.1.
pub const NON_SYNC_SAMPLE: u32 = 0x01_0000;

/// A sample of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSample {
    /// In ticks of the track.
    pub duration: u32,
    /// In bytes.
    pub size: u32,
    /// sample_flags, clause 8.8.3.1.
    pub flags: u32,
    /// The bits of sample_composition_time_offset, which is signed in a run of version 1.
    pub composition_offset: u32,
}

/// A run of contiguous samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trun<'a> {
    version: u8,
    flags: u32,
    /// sample_count.
    pub sample_count: u32,
    /// The offset in bytes of the first sample from the track fragment's base; None: it follows the run before.
    pub data_offset: Option<i32>,
    after_offset: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Trun<'a> {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for a sample_count that the box has no room for.
    pub fn read(mut reader: Reader<'a>) -> Result<Self, Error> {
        let FullBoxHeader { version, flags } = reader.full_box_header()?;
        let sample_count = reader.u32()?;
        // The fields are read in this order.
        Ok(Self {
            version,
            flags,
            sample_count,
            data_offset: (flags & DATA_OFFSET != 0)
                .then(|| reader.i32())
                .transpose()?,
            after_offset: reader.left(),
            entries: {
                reader.optional_u32(flags & FIRST_SAMPLE_FLAGS != 0)?;
                let count = usize::try_from(sample_count).unwrap_or(usize::MAX);
                reader.bytes(count.saturating_mul(entry_size(flags)))?
            },
        })
    }

    /// True if the run states the size of each sample.
    pub const fn has_sizes(&self) -> bool {
        self.flags & SAMPLE_SIZE != 0
    }

    /// Returns the stated sample sizes in bytes; empty unless [`Trun::has_sizes`].
    pub fn sizes(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.field(SAMPLE_SIZE)
    }

    /// Returns the size of each sample in bytes; `default` is the size if the run states none.
    pub fn sizes_or(&self, default: u32) -> impl Iterator<Item = u32> + use<'a> {
        let unstated = match self.has_sizes() {
            true => 0,
            false => self.sample_count as usize,
        };
        self.sizes().chain(std::iter::repeat_n(default, unstated))
    }

    /// Returns the total duration in ticks; `default` is the duration of each sample if the run states none.
    pub fn duration(&self, default: u32) -> u64 {
        match self.flags & SAMPLE_DURATION {
            0 => u64::from(default) * u64::from(self.sample_count),
            _ => self.field(SAMPLE_DURATION).map(u64::from).sum(),
        }
    }

    /// Returns sample_flags of the first sample, if the run states them.
    pub fn first_sample_flags(&self) -> Option<u32> {
        match self.flags & FIRST_SAMPLE_FLAGS {
            0 => self.field(SAMPLE_FLAGS).next(),
            _ => self
                .after_offset
                .first_chunk()
                .map(|flags| u32::from_be_bytes(*flags)),
        }
    }

    /// True if composition offsets are signed.
    pub const fn has_signed_offsets(&self) -> bool {
        self.version > 0
    }

    /// Returns the ticks from the decode time of a sample of this run to its composition time.
    pub fn composition_offset(&self, sample: &RunSample) -> i64 {
        match self.has_signed_offsets() {
            true => sample.composition_offset.cast_signed().into(),
            false => sample.composition_offset.into(),
        }
    }

    /// Returns all samples. `default` has the values that the run does not state; its composition offset is 0.
    pub fn samples(&self, default: RunSample) -> impl Iterator<Item = RunSample> + use<'a> {
        let mut columns = SAMPLE_FIELDS.map(|field| self.field(field));
        let mut first_flags = match self.flags & FIRST_SAMPLE_FLAGS {
            0 => None,
            _ => self.first_sample_flags(),
        };
        (0..self.sample_count).map(move |_| {
            let [duration, size, flags, offset] = columns.each_mut().map(Iterator::next);
            RunSample {
                duration: duration.unwrap_or(default.duration),
                size: size.unwrap_or(default.size),
                flags: first_flags.take().or(flags).unwrap_or(default.flags),
                composition_offset: offset.unwrap_or(default.composition_offset),
            }
        })
    }

    /// Returns one field of each sample; empty if the run does not state it.
    fn field(&self, field: u32) -> impl Iterator<Item = u32> + use<'a> {
        let at = 4 * SAMPLE_FIELDS
            .iter()
            .take_while(|&&other| other != field)
            .filter(|&&before| self.flags & before != 0)
            .count();
        let entries: &'a [u8] = match self.flags & field {
            0 => &[],
            _ => self.entries,
        };
        entries
            .chunks_exact(entry_size(self.flags).max(4))
            .filter_map(move |entry| entry.get(at..at + 4)?.try_into().ok())
            .map(u32::from_be_bytes)
    }

    /// Builds the box with the current data offset.
    pub fn to_box(&self) -> BoxTree<'static> {
        let mut fields = Vec::with_capacity(8 + self.after_offset.len());
        fields.extend(self.sample_count.to_be_bytes());
        let mut flags = self.flags & !DATA_OFFSET;
        if let Some(offset) = self.data_offset {
            flags |= DATA_OFFSET;
            fields.extend(offset.to_be_bytes());
        }
        fields.extend_from_slice(self.after_offset);
        BoxTree::full(
            FourCc::TRUN,
            FullBoxHeader {
                version: self.version,
                flags,
            },
            &fields,
        )
    }
}

/// Returns the bytes of each sample's entry under `flags`.
fn entry_size(flags: u32) -> usize {
    4 * SAMPLE_FIELDS
        .iter()
        .filter(|&&field| flags & field != 0)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(flags: u32, fields: &[u32]) -> Vec<u8> {
        let mut body = flags.to_be_bytes().to_vec();
        for field in fields {
            body.extend(field.to_be_bytes());
        }
        body
    }

    #[test]
    fn sizes_are_found_after_durations() {
        let body = run(0x701, &[2, 100, 512, 11, 0, 512, 22, 0]);
        let trun = Trun::read(Reader::new(FourCc::TRUN, &body)).unwrap();
        assert_eq!(trun.sizes().collect::<Vec<_>>(), [11, 22]);
        assert_eq!(
            (trun.duration(9), trun.first_sample_flags()),
            (1024, Some(0))
        );
        assert_eq!(trun.data_offset, Some(100));
        assert_eq!(trun.to_box().body(), body);
    }

    #[test]
    fn run_without_sizes_states_none() {
        let body = run(0, &[3]);
        let trun = Trun::read(Reader::new(FourCc::TRUN, &body)).unwrap();
        assert_eq!((trun.sample_count, trun.sizes().count()), (3, 0));
        assert_eq!((trun.duration(5), trun.first_sample_flags()), (15, None));
    }

    #[test]
    fn first_sample_flags_rule_before_each_samples_own() {
        let body = run(0x404, &[1, 7, 8]);
        let trun = Trun::read(Reader::new(FourCc::TRUN, &body)).unwrap();
        assert_eq!(trun.first_sample_flags(), Some(7));
    }

    // Clause 8.8.8.2: stated values, then the defaults; first_sample_flags are those of the first sample alone.
    #[test]
    fn samples_have_stated_values_or_defaults() {
        let default = RunSample {
            duration: 10,
            size: 20,
            flags: 30,
            composition_offset: 0,
        };
        let body = run(0x0100_0a04, &[2, 7, 100, 5, 101, u32::MAX]);
        let trun = Trun::read(Reader::new(FourCc::TRUN, &body)).unwrap();
        let samples: Vec<_> = trun.samples(default).collect();
        let sample = |size, flags, composition_offset| RunSample {
            duration: 10,
            size,
            flags,
            composition_offset,
        };
        assert_eq!(samples, [sample(100, 7, 5), sample(101, 30, u32::MAX)]);
        assert!(trun.has_signed_offsets());
        let body = run(0, &[3]);
        let trun = Trun::read(Reader::new(FourCc::TRUN, &body)).unwrap();
        assert_eq!(trun.samples(default).collect::<Vec<_>>(), [default; 3]);
    }

    #[test]
    fn sample_count_beyond_the_box_is_refused() {
        let body = run(0x200, &[u32::MAX, 1]);
        assert!(matches!(
            Trun::read(Reader::new(FourCc::TRUN, &body)),
            Err(Error::Truncated { .. })
        ));
    }

    #[test]
    fn data_offset_can_be_added() {
        let body = run(0x200, &[1, 5]);
        let mut trun = Trun::read(Reader::new(FourCc::TRUN, &body)).unwrap();
        trun.data_offset = Some(-8);
        assert_eq!(trun.to_box().body(), run(0x201, &[1, 0xffff_fff8, 5]));
    }
}
