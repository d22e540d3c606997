// SPDX-License-Identifier: MPL-2.0
//! Builds small progressive files by hand, after ISO/IEC 14496-12, without the crate's own writer.

use crate::build::{boxed, full, word};

/// A track with these tables: of sound for `mp4a`, else of text.
pub fn trak(id: u32, format: &[u8; 4], tables: &[Vec<u8>]) -> Vec<u8> {
    let sound = format == b"mp4a";
    let handler: &[u8] = if sound { b"soun" } else { b"text" };
    let entry = boxed(format, &[&vec![0; if sound { 28 } else { 8 }]]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]]);
    let stbl = boxed(b"stbl", &[&stsd, &tables.concat()]);
    let mdia = boxed(b"mdia", &[&hdlr, &boxed(b"minf", &[&stbl])]);
    let mut tkhd = [0; 21];
    tkhd[3] = id;
    boxed(b"trak", &[&full(b"tkhd", &tkhd), &mdia])
}

/// An `stsz` of these sizes.
pub fn stsz(sizes: &[u32]) -> Vec<u8> {
    let count = u32::try_from(sizes.len()).unwrap();
    full(b"stsz", &[&[0, 0, count], sizes].concat())
}

/// An `stsc` of runs of first_chunk, samples_per_chunk and sample_description_index.
pub fn stsc(runs: &[[u32; 3]]) -> Vec<u8> {
    let count = u32::try_from(runs.len()).unwrap();
    full(b"stsc", &[&[0, count], runs.as_flattened()].concat())
}

/// An `stco` of these offsets.
pub fn stco(offsets: &[usize]) -> Vec<u8> {
    let offsets = offsets.iter().map(|&offset| u32::try_from(offset).unwrap());
    let offsets: Vec<u32> = offsets.collect();
    let count = u32::try_from(offsets.len()).unwrap();
    full(b"stco", &[&[0, count], offsets.as_slice()].concat())
}

/// A `co64` of these offsets.
pub fn co64(offsets: &[u64]) -> Vec<u8> {
    let count = u32::try_from(offsets.len()).unwrap();
    let entries: Vec<u8> = offsets.iter().flat_map(|o| o.to_be_bytes()).collect();
    boxed(b"co64", &[&[0; 4], &count.to_be_bytes(), &entries])
}

/// A `moov` of these boxes after its `mvhd`.
pub fn moov(parts: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"moov", &[&full(b"mvhd", &[0; 25]), &parts.concat()])
}
