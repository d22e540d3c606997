// SPDX-License-Identifier: MPL-2.0
//! Reads the encryption information of samples one by one and compares each with its sample, ISO/IEC 23001-7 clause 7.

use cenc_mp4::information::SampleEntries;
use cenc_types::{CipherMode, Pattern};
use common_encryption::SampleInformation;
use isobmff_boxes::Saiz;

use super::runs::ProtectionRun;
use super::sizes::{BLOCK, SizeCursor, SizeRun, encrypted_bytes};

/// Samples of a track fragment, or of a progressive track.
pub struct TrackSamples<'a> {
    /// The number of samples.
    pub count: u64,
    /// Returns an iterator over their sizes.
    pub sizes: &'a dyn Fn() -> Box<dyn Iterator<Item = SizeRun> + 'a>,
    /// The cipher mode of the protected samples, if it is known.
    pub mode: Option<CipherMode>,
    /// The runs of samples with the same protection.
    pub runs: Vec<ProtectionRun<'a>>,
    /// The number of the first sample of each `trun` or chunk, for each of which `saio` may have an offset.
    pub starts: Vec<u64>,
}

impl TrackSamples<'_> {
    /// Returns the number of samples that are protected according to `tenc` or their sample group.
    pub fn signaled(&self) -> u64 {
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
    /// The amount of protection in the samples.
    pub amount: ProtectedAmount,
    /// True if a protected range is not a multiple of 16 bytes.
    pub has_unaligned_range: bool,
    /// True if fewer than 16 clear bytes after the last protected range have an entry of their own.
    pub has_short_clear_end: bool,
}

/// The amount of protection in samples, as their subsamples and the scheme state it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ProtectedAmount {
    /// The number of samples with an encrypted byte.
    pub samples: u64,
    /// The number of bytes in protected ranges.
    pub protected_bytes: u64,
    /// The number of bytes of these that are encrypted: without those that a pattern skips, and without partial blocks in CBC.
    pub encrypted_bytes: u64,
    /// The number of samples that should be protected and have no encrypted byte. Samples without bytes do not count.
    pub bare_samples: u64,
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
    let mut sizes = SizeCursor::new((samples.sizes)());
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
                statistics.add_whole(run, end - sample, samples.mode, &mut sizes);
                break;
            }
            let entry = entries
                .measure(&mut offset, sample, iv_size)
                .map_err(|_| EntryFault::Ends { sample })?;
            let size = sizes.take(1).map(|run| run.size);
            check_sum(&entry, sample, size)?;
            statistics.add(&entry);
            if let Some(protection) = run.protection {
                let ranges = RangeBytes::of_entry(&entry, size, samples.mode, protection.pattern);
                statistics.amount.add(ranges, size, 1);
            }
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

/// The protected bytes of one sample.
#[derive(Debug, Default, Clone, Copy)]
struct RangeBytes {
    protected: u64,
    encrypted: u64,
}

impl RangeBytes {
    /// Returns those of a sample with an entry.
    fn of_entry(
        entry: &SampleInformation<'_>,
        size: Option<u32>,
        mode: Option<CipherMode>,
        pattern: Pattern,
    ) -> Self {
        let mut bytes = Self::default();
        match entry.subsamples().len() {
            0 => bytes.add(size.unwrap_or(0).into(), mode, pattern),
            _ => entry
                .subsamples()
                .for_each(|subsample| bytes.add(subsample.protected_bytes.into(), mode, pattern)),
        }
        bytes
    }

    const fn add(&mut self, len: u64, mode: Option<CipherMode>, pattern: Pattern) {
        self.protected += len;
        self.encrypted += encrypted_bytes(len, mode, pattern);
    }
}

impl ProtectedAmount {
    /// Adds `count` equal samples of `size` bytes each.
    fn add(&mut self, bytes: RangeBytes, size: Option<u32>, count: u64) {
        if size == Some(0) {
            return;
        }
        self.protected_bytes = self
            .protected_bytes
            .saturating_add(bytes.protected.saturating_mul(count));
        self.encrypted_bytes = self
            .encrypted_bytes
            .saturating_add(bytes.encrypted.saturating_mul(count));
        // Without a size, a sample counts as it is signaled.
        if bytes.encrypted > 0 || size.is_none() {
            self.samples += count;
        } else {
            self.bare_samples += count;
        }
    }
}

impl EntryStatistics {
    /// Adds samples without entries, which are protected as a whole if they are protected.
    fn add_whole(
        &mut self,
        run: &ProtectionRun<'_>,
        count: u64,
        mode: Option<CipherMode>,
        sizes: &mut SizeCursor<'_>,
    ) {
        let mut remaining = count;
        while remaining > 0 {
            let taken = sizes.take(remaining);
            let count = taken.map_or(remaining, |taken| taken.count);
            if let Some(protection) = run.protection {
                let size = taken.map(|taken| taken.size);
                let mut bytes = RangeBytes::default();
                bytes.add(size.unwrap_or(0).into(), mode, protection.pattern);
                self.amount.add(bytes, size, count);
            }
            remaining -= count;
        }
    }

    fn add(&mut self, entry: &SampleInformation<'_>) {
        let subsamples = entry.subsamples().len();
        self.subsampled += u64::from(subsamples > 0);
        self.max_subsamples = self.max_subsamples.max(subsamples);
        self.has_unaligned_range |= entry
            .subsamples()
            .any(|subsample| u64::from(subsample.protected_bytes) % BLOCK != 0);
        self.has_short_clear_end |= subsamples > 1
            && entry.subsamples().last().is_some_and(|last| {
                last.protected_bytes == 0 && u64::from(last.clear_bytes) < BLOCK
            });
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
            sizes: &|| Box::new(sizes.iter().map(|&size| SizeRun { count: 1, size })),
            mode: None,
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
        // The second entry has no subsamples, so that the whole sample is protected.
        let expected = ProtectedAmount {
            samples: 2,
            protected_bytes: 25,
            encrypted_bytes: 25,
            ..ProtectedAmount::default()
        };
        assert_eq!(statistics.amount, expected);
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
