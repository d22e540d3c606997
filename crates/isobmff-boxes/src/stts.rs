// SPDX-License-Identifier: MPL-2.0
//! `stts`, the durations of a track's samples, 14496-12 clause 8.6.1.2.

use super::{Error, Reader};

/// Consecutive samples with the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleRun {
    /// The number of samples.
    pub sample_count: u32,
    /// The value of each sample.
    pub value: u32,
}

impl SampleRun {
    /// Reads `entry_count` and the runs after it.
    ///
    /// # Errors
    /// [`Error::Truncated`], also for an entry_count that the box has no room for.
    pub fn read_all(reader: &mut Reader<'_>) -> Result<Vec<Self>, Error> {
        Ok(reader
            .table()?
            .iter()
            .map(|&[a, b, c, d, e, f, g, h]| Self {
                sample_count: u32::from_be_bytes([a, b, c, d]),
                value: u32::from_be_bytes([e, f, g, h]),
            })
            .collect())
    }
}

/// Reads the runs of a `stts`: sample_delta, in ticks of the media's timescale.
///
/// # Errors
/// [`Error::Truncated`], also for an entry_count that the box has no room for.
pub fn read_stts(mut reader: Reader<'_>) -> Result<Vec<SampleRun>, Error> {
    reader.full_box_header()?;
    SampleRun::read_all(&mut reader)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layout of clause 8.6.1.2.2.
    #[test]
    fn runs_are_read_up_to_the_count() {
        let mut body = vec![0; 4];
        for word in [2u32, 14, 10, 1, 7] {
            body.extend(word.to_be_bytes());
        }
        let runs = read_stts(Reader::new(FourCc::STTS, &body)).unwrap();
        let pairs = runs.iter().map(|run| (run.sample_count, run.value));
        assert_eq!(pairs.collect::<Vec<_>>(), [(14, 10), (1, 7)]);
        let cut = read_stts(Reader::new(FourCc::STTS, &body[..23]));
        assert!(matches!(cut, Err(Error::Truncated { .. })));
    }
}
