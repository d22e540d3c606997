// SPDX-License-Identifier: MPL-2.0
//! Reads the encryption information of samples one by one and compares each with its sample, ISO/IEC 23001-7 clause 7.

use cenc_mp4::information::SampleEntries;
use common_encryption::SampleInformation;
use isobmff_boxes::Saiz;

use super::runs::ProtectionRun;

/// Samples of a track fragment, or of a progressive track.
pub struct TrackSamples<'a> {
    /// The number of samples.
    pub count: u64,
    /// Returns an iterator over their sizes in bytes.
    pub sizes: &'a dyn Fn() -> Box<dyn Iterator<Item = u32> + 'a>,
    /// The runs of samples with the same protection.
    pub runs: Vec<ProtectionRun<'a>>,
    /// The number of the first sample of each `trun` or chunk, for each of which `saio` may have an offset.
    pub starts: Vec<u64>,
}

impl TrackSamples<'_> {
    /// Returns the number of encrypted samples.
    pub fn protected(&self) -> u64 {
        self.runs
            .iter()
            .filter(|run| run.protection.is_some())
            .map(|run| run.count)
            .sum()
    }

    /// True if every encrypted sample has a constant IV, so that without subsamples it needs no information of its own.
    pub fn need_no_information(&self) -> bool {
        self.runs.iter().all(|run| run.iv_size() == 0)
    }
}

/// Counts and positions of the entries of a track or track fragment.
#[derive(Debug, Default)]
pub struct EntryStatistics {
    /// The number of samples with subsamples.
    pub subsampled: u64,
    /// The largest number of subsamples in a sample.
    pub max_subsamples: usize,
    /// The first IV of a sample.
    pub first_iv: Option<Vec<u8>>,
    /// The offsets of the entries of [`TrackSamples::starts`] from the first entry, in bytes.
    pub starts: Vec<u64>,
    /// The first entry with another size than `saiz` states.
    pub size_mismatch: Option<SizeMismatch>,
}

/// An entry with another size than `saiz` states.
#[derive(Debug)]
pub struct SizeMismatch {
    /// The number of the sample, from 0.
    pub sample: u64,
    /// The size in `saiz` in bytes, if it has one.
    pub stated: Option<u8>,
    /// The size of the entry in bytes.
    pub actual: usize,
}

/// A disagreement between entries and samples.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The entries end before the last sample's.
    #[error("the encryption information ends within sample {sample}")]
    Ends {
        /// The number of the sample, from 0.
        sample: u64,
    },
    /// Bytes follow the last entry.
    #[error("{bytes} bytes follow the encryption information of the last sample")]
    Left {
        /// Their number.
        bytes: usize,
    },
    /// The subsamples do not add up to the sample.
    #[error("the subsamples of sample {sample} add up to {sum} bytes, but the sample has {size}")]
    Sum {
        /// The number of the sample, from 0.
        sample: u64,
        /// The size of all subsamples in bytes.
        sum: u64,
        /// The size of the sample in bytes.
        size: u32,
    },
}

/// Reads the entries of all samples; `iv_size` overrides that of every protected sample.
///
/// # Errors
/// [`EntryFault`].
pub fn measure_entries(
    entries: &SampleEntries<'_>,
    samples: &TrackSamples<'_>,
    saiz: Option<&Saiz<'_>>,
    iv_size: Option<u8>,
) -> Result<EntryStatistics, EntryFault> {
    let mut offset = 0;
    let mut statistics = EntryStatistics::default();
    let mut sizes = (samples.sizes)();
    let mut starts = samples.starts.iter().peekable();
    let mut sample = 0;
    for run in &samples.runs {
        let iv_size = match run.protection {
            None => 0,
            Some(_) => iv_size.unwrap_or_else(|| run.iv_size()),
        };
        let end = sample + run.count;
        while sample < end {
            let entry_offset = offset;
            // Entries without bytes are skipped at once, because a small file can have any number of them.
            let is_empty = iv_size == 0 && entries.is_bare(sample);
            let next = if is_empty { end } else { sample + 1 };
            while starts.next_if(|start| **start < next).is_some() {
                statistics.starts.push(entry_offset as u64);
            }
            if is_empty {
                break;
            }
            let entry = entries
                .measure(&mut offset, sample, iv_size)
                .map_err(|_| EntryFault::Ends { sample })?;
            check_sum(&entry, sample, sizes.next())?;
            statistics.add(&entry);
            statistics.compare(saiz, sample, offset - entry_offset);
            sample = next;
        }
        sample = end;
    }
    match entries.len() - offset {
        0 => Ok(statistics),
        bytes => Err(EntryFault::Left { bytes }),
    }
}

impl EntryStatistics {
    fn add(&mut self, entry: &SampleInformation<'_>) {
        let subsamples = entry.subsamples().len();
        self.subsampled += u64::from(subsamples > 0);
        self.max_subsamples = self.max_subsamples.max(subsamples);
        if self.first_iv.is_none() && !entry.iv.is_empty() {
            self.first_iv = Some(entry.iv.to_vec());
        }
    }

    fn compare(&mut self, saiz: Option<&Saiz<'_>>, sample: u64, size: usize) {
        let Some(saiz) = saiz else { return };
        let stated = saiz.size(sample);
        if self.size_mismatch.is_none() && stated.map(usize::from) != Some(size) {
            self.size_mismatch = Some(SizeMismatch {
                sample,
                stated,
                actual: size,
            });
        }
    }
}

fn check_sum(
    entry: &SampleInformation<'_>,
    sample: u64,
    size: Option<u32>,
) -> Result<(), EntryFault> {
    let subsamples = entry.subsamples();
    let Some(size) = size.filter(|_| subsamples.len() > 0) else {
        return Ok(());
    };
    let sum = subsamples
        .map(|s| u64::from(s.clear_bytes) + u64::from(s.protected_bytes))
        .sum();
    match sum == u64::from(size) {
        true => Ok(()),
        false => Err(EntryFault::Sum { sample, sum, size }),
    }
}

#[cfg(test)]
mod tests {
    use cenc_mp4::information::ClearEntries;
    use cenc_types::{KeyId, Pattern};
    use common_encryption::{ParsedProtection, ParsedSenc};
    use isobmff_boxes::{FourCc, Reader};

    use super::*;

    fn measured(entries: &[u8], sizes: &[u32], iv_size: u8) -> Result<EntryStatistics, EntryFault> {
        let protection = ParsedProtection {
            is_protected: 1,
            pattern: Pattern::NONE,
            per_sample_iv_size: iv_size,
            kid: KeyId::from_bytes([1; 16]),
            constant_iv: None,
        };
        let count = sizes.len() as u64;
        let samples = TrackSamples {
            count,
            sizes: &|| Box::new(sizes.iter().copied()),
            runs: vec![ProtectionRun {
                count,
                protection: Some(&protection),
            }],
            starts: vec![0, 1],
        };
        // FullBox with senc_use_subsamples, sample_count.
        let fields = [&[0, 0, 0, 2, 0, 0, 0, 2], entries].concat();
        let senc = ParsedSenc::read(Reader::new(FourCc::SENC, &fields)).unwrap();
        let entries = SampleEntries::of_senc(&senc, ClearEntries::Mapped);
        measure_entries(&entries, &samples, None, None)
    }

    // Layout of clause 7.2.2: IV, subsample_count, BytesOfClearData, BytesOfProtectedData.
    const ENTRIES: [u8; 26] = [
        1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 5, 0, 0, 0, 16, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0,
    ];

    #[test]
    fn entries_are_counted_and_measured() {
        let statistics = measured(&ENTRIES, &[21, 9], 8).unwrap();
        assert_eq!((statistics.subsampled, statistics.max_subsamples), (1, 1));
        assert_eq!(statistics.first_iv, Some(vec![1; 8]));
        assert_eq!(statistics.starts, [0, 16]);
    }

    #[test]
    fn each_disagreement_is_named() {
        let fault = |entries, sizes: &[u32], iv| measured(entries, sizes, iv).unwrap_err();
        let sum = EntryFault::Sum {
            sample: 0,
            sum: 21,
            size: 20,
        };
        assert_eq!(fault(&ENTRIES, &[20, 9], 8), sum);
        assert_eq!(fault(&ENTRIES, &[21], 8), EntryFault::Left { bytes: 10 });
        assert_eq!(
            fault(&ENTRIES, &[21, 9, 9], 8),
            EntryFault::Ends { sample: 2 }
        );
        assert!(measured(&ENTRIES, &[21, 9], 16).is_err());
    }
}
