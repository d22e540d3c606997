// SPDX-License-Identifier: MPL-2.0
//! Reads the encryption information of samples one by one and holds each against its sample, 23001-7 clause 7.

use cenc_mp4::information::SampleEntries;
use common_encryption::SampleInformation;
use isobmff_boxes::Saiz;

use super::runs::Run;

/// Samples of a track fragment, or of a progressive track.
pub struct Samples<'a> {
    /// How many they are.
    pub count: u64,
    /// Starts over their sizes in bytes.
    pub sizes: &'a dyn Fn() -> Box<dyn Iterator<Item = u32> + 'a>,
    /// How they are protected.
    pub runs: Vec<Run<'a>>,
    /// Number of the first sample of each run of `trun`, or of each chunk: where `saio` may have an offset each.
    pub starts: Vec<u64>,
}

impl Samples<'_> {
    /// Samples that are encrypted.
    pub fn protected(&self) -> u64 {
        let runs = self.runs.iter().filter(|run| run.protection.is_some());
        runs.map(|run| run.count).sum()
    }

    /// Whether every encrypted sample can do without information of its own: by a constant IV and no subsamples.
    pub fn need_none(&self) -> bool {
        self.runs.iter().all(|run| run.iv_size() == 0)
    }
}

/// What was seen on the way.
#[derive(Debug, Default)]
pub struct Seen {
    /// Samples with a subsample map.
    pub subsampled: u64,
    /// The most subsamples of one sample.
    pub max_subsamples: usize,
    /// The first IV.
    pub first_iv: Option<Vec<u8>>,
    /// Where the entries of [`Samples::starts`] lie, in bytes from the first.
    pub starts: Vec<u64>,
    /// Size of the first entry that `saiz` states another size of: sample, stated, real.
    pub missized: Option<(u64, Option<u8>, usize)>,
}

/// Why entries and samples do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The entries end early.
    #[error("the encryption information ends within sample {sample}")]
    Ends {
        /// From 0.
        sample: u64,
    },
    /// The entries end late.
    #[error("{bytes} bytes stand behind the encryption information of the last sample")]
    Left {
        /// How many.
        bytes: usize,
    },
    /// Subsamples and sample differ.
    #[error("the subsamples of sample {sample} add up to {sum} bytes, the sample has {size}")]
    Sum {
        /// From 0.
        sample: u64,
        /// Of all subsamples.
        sum: u64,
        /// Of the sample.
        size: u32,
    },
}

/// Reads the entries of all samples; `iv_size` replaces that of every protected sample.
pub fn walk(
    entries: &SampleEntries<'_>,
    (samples, saiz): (&Samples<'_>, Option<&Saiz<'_>>),
    iv_size: Option<u8>,
) -> Result<Seen, Fault> {
    let mut at = 0;
    let mut seen = Seen::default();
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
            let before = at;
            // Any number of samples without bytes fits into no space: they are passed over at once.
            let bare = iv_size == 0 && entries.is_bare(sample);
            let next = if bare { end } else { sample + 1 };
            while starts.next_if(|start| **start < next).is_some() {
                seen.starts.push(before as u64);
            }
            if bare {
                break;
            }
            let entry = entries.measure(&mut at, sample, iv_size);
            let entry = entry.map_err(|_| Fault::Ends { sample })?;
            check_sum(&entry, sample, sizes.next())?;
            seen.note(&entry);
            seen.compare(saiz, sample, at - before);
            sample = next;
        }
        sample = end;
    }
    match entries.len() - at {
        0 => Ok(seen),
        bytes => Err(Fault::Left { bytes }),
    }
}

impl Seen {
    fn note(&mut self, entry: &SampleInformation<'_>) {
        let subsamples = entry.subsamples().len();
        self.subsampled += u64::from(subsamples > 0);
        self.max_subsamples = self.max_subsamples.max(subsamples);
        if self.first_iv.is_none() && !entry.iv.is_empty() {
            self.first_iv = Some(entry.iv.to_vec());
        }
    }

    fn compare(&mut self, saiz: Option<&Saiz<'_>>, sample: u64, size: usize) {
        if let Some(saiz) = saiz {
            let stated = saiz.size(sample);
            if self.missized.is_none() && stated.map(usize::from) != Some(size) {
                self.missized = Some((sample, stated, size));
            }
        }
    }
}

fn check_sum(entry: &SampleInformation<'_>, sample: u64, size: Option<u32>) -> Result<(), Fault> {
    let subsamples = entry.subsamples();
    let Some(size) = size.filter(|_| subsamples.len() > 0) else {
        return Ok(());
    };
    let sum = subsamples
        .map(|s| u64::from(s.clear_bytes) + u64::from(s.protected_bytes))
        .sum();
    match sum == u64::from(size) {
        true => Ok(()),
        false => Err(Fault::Sum { sample, sum, size }),
    }
}

#[cfg(test)]
mod tests {
    use cenc_mp4::information::ClearEntries;
    use cenc_types::{KeyId, Pattern};
    use common_encryption::{ParsedProtection, ParsedSenc};
    use isobmff_boxes::{FourCc, Reader};

    use super::*;

    fn walked(entries: &[u8], sizes: &[u32], iv_size: u8) -> Result<Seen, Fault> {
        let protection = ParsedProtection {
            is_protected: 1,
            pattern: Pattern::NONE,
            per_sample_iv_size: iv_size,
            kid: KeyId::from_bytes([1; 16]),
            constant_iv: None,
        };
        let count = sizes.len() as u64;
        let samples = Samples {
            count,
            sizes: &|| Box::new(sizes.iter().copied()),
            runs: vec![Run {
                count,
                protection: Some(&protection),
            }],
            starts: vec![0, 1],
        };
        // FullBox with senc_use_subsamples, sample_count.
        let fields = [&[0, 0, 0, 2, 0, 0, 0, 2], entries].concat();
        let senc = ParsedSenc::read(Reader::new(FourCc::SENC, &fields)).unwrap();
        let entries = SampleEntries::of_senc(&senc, ClearEntries::Mapped);
        walk(&entries, (&samples, None), None)
    }

    // Layout of clause 7.2.2: IV, subsample_count, BytesOfClearData, BytesOfProtectedData.
    const ENTRIES: [u8; 26] = [
        1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 5, 0, 0, 0, 16, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0,
    ];

    #[test]
    fn entries_are_counted_and_measured() {
        let seen = walked(&ENTRIES, &[21, 9], 8).unwrap();
        assert_eq!((seen.subsampled, seen.max_subsamples), (1, 1));
        assert_eq!(seen.first_iv, Some(vec![1; 8]));
        assert_eq!(seen.starts, [0, 16]);
    }

    #[test]
    fn each_disagreement_is_named() {
        let fault = |entries, sizes: &[u32], iv| walked(entries, sizes, iv).unwrap_err();
        let sum = Fault::Sum {
            sample: 0,
            sum: 21,
            size: 20,
        };
        assert_eq!(fault(&ENTRIES, &[20, 9], 8), sum);
        assert_eq!(fault(&ENTRIES, &[21], 8), Fault::Left { bytes: 10 });
        assert_eq!(fault(&ENTRIES, &[21, 9, 9], 8), Fault::Ends { sample: 2 });
        assert!(walked(&ENTRIES, &[21, 9], 16).is_err());
    }
}
