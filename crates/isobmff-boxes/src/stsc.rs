// SPDX-License-Identifier: MPL-2.0
//! `stsc`, the numbers of samples in a track's chunks, 14496-12 clause 8.7.4.

use super::{Error, Reader};

/// Chunks with equal properties, from `first_chunk` up to that of the next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRun {
    /// The number of the first chunk, counted from 1.
    pub first_chunk: u32,
    /// The number of samples in each chunk.
    pub samples_per_chunk: u32,
    /// 1-based index into `stsd`.
    pub sample_description_index: u32,
}

/// Reads the runs of a `stsc`.
///
/// # Errors
/// [`Error::Truncated`], also for an entry_count that the box has no room for.
pub fn read_stsc(mut reader: Reader<'_>) -> Result<Vec<ChunkRun>, Error> {
    reader.full_box_header()?;
    let mut runs = Vec::new();
    for _ in 0..reader.u32()? {
        runs.push(ChunkRun {
            first_chunk: reader.u32()?,
            samples_per_chunk: reader.u32()?,
            sample_description_index: reader.u32()?,
        });
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    // Layout of clause 8.7.4.2.
    #[test]
    fn runs_are_read_up_to_the_count() {
        let mut body = vec![0; 4];
        for word in [2u32, 1, 10, 1, 5, 3, 2] {
            body.extend(word.to_be_bytes());
        }
        let runs = read_stsc(Reader::new(FourCc::STSC, &body)).unwrap();
        assert_eq!((runs[0].samples_per_chunk, runs[1].first_chunk), (10, 5));
        assert_eq!(runs[1].sample_description_index, 2);
        let cut = read_stsc(Reader::new(FourCc::STSC, &body[..31]));
        assert!(matches!(cut, Err(Error::Truncated { .. })));
    }
}
