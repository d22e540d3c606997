// SPDX-License-Identifier: MPL-2.0
//! Builds small progressive files by hand, after ISO/IEC 14496-12, without the crate's own writer.

use crate::build::{boxed, count, full, handler, stsd, trak_with};

/// A track with these tables: of sound for `mp4a`, else of text.
pub fn trak(id: u32, format: &[u8; 4], tables: &[Vec<u8>]) -> Vec<u8> {
    trak_with(id, handler(format), &[&stsd(format), &tables.concat()])
}

/// An `stsz` of these sizes.
pub fn stsz(sizes: &[u32]) -> Vec<u8> {
    full(b"stsz", &[&[0, 0, count(sizes)], sizes].concat())
}

/// An `stsc` of runs of first_chunk, samples_per_chunk and sample_description_index.
pub fn stsc(runs: &[[u32; 3]]) -> Vec<u8> {
    full(b"stsc", &[&[0, count(runs)], runs.as_flattened()].concat())
}

/// An `stco` of these offsets.
pub fn stco(offsets: &[usize]) -> Vec<u8> {
    let mut words = vec![0, count(offsets)];
    words.extend(offsets.iter().map(|&at| u32::try_from(at).unwrap()));
    full(b"stco", &words)
}

/// A `co64` of these offsets.
pub fn co64(offsets: &[u64]) -> Vec<u8> {
    let entries: Vec<u8> = offsets.iter().flat_map(|o| o.to_be_bytes()).collect();
    boxed(b"co64", &[&[0; 4], &count(offsets).to_be_bytes(), &entries])
}

/// A `moov` of these boxes after its `mvhd`.
pub fn moov(parts: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"moov", &[&full(b"mvhd", &[0; 25]), &parts.concat()])
}
