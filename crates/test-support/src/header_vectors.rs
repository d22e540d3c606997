// SPDX-License-Identifier: MPL-2.0
//! The vectors of codec-headers: samples, and the ranges of slice data, tiles and frames that other tools found in them.

use std::fs;
use std::ops::Range;
use std::path::Path;

use cenc_types::decode_hex;

/// The bytes by which a slice is made longer.
pub const LONGER: usize = 70;

/// One stream.
pub struct HeaderVector {
    /// Its file name.
    pub name: String,
    /// The type of its sample entry.
    pub format: [u8; 4],
    /// The payload of its decoder configuration.
    pub config: Vec<u8>,
    /// Its samples, in decoding order.
    pub samples: Vec<RangedSample>,
}

/// A sample with the ranges that may be protected.
#[derive(Clone)]
pub struct RangedSample {
    /// All of it.
    pub bytes: Vec<u8>,
    /// The data of its slices, tiles or frames; none of them is empty.
    pub ranges: Vec<Range<usize>>,
}

impl HeaderVector {
    /// Reads all vectors. Slices are long enough to be protected.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../codec-headers/tests/vectors");
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
            .collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let mut vector = Self {
            name: path.file_name().unwrap().display().to_string(),
            format: *b"    ",
            config: Vec::new(),
            samples: Vec::new(),
        };
        for line in fs::read_to_string(path).unwrap().lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["format", format] => vector.format = format.as_bytes().try_into().unwrap(),
                ["config", config] => vector.config = unhex(config),
                ["sample", bytes, found] => {
                    let sample = RangedSample {
                        bytes: unhex(bytes),
                        ranges: found.split(',').filter_map(range).collect(),
                    };
                    vector.samples.push(vector.with_long_slices(&sample));
                }
                _ => (),
            }
        }
        vector
    }

    /// The name of the box with its configuration.
    pub const fn config_box(&self) -> &'static [u8; 4] {
        match &self.format {
            b"avc1" | b"avc3" => b"avcC",
            b"hvc1" | b"hev1" => b"hvcC",
            b"vvc1" => b"vvcC",
            b"av01" => b"av1C",
            _ => b"vpcC",
        }
    }

    /// True if its samples are NAL units with lengths of four bytes.
    pub fn has_nal_units(&self) -> bool {
        let sizes = match self.config_box() {
            b"avcC" | b"vvcC" => self.config[4],
            b"hvcC" => self.config[21],
            _ => return false,
        };
        match self.config_box() {
            b"vvcC" => (sizes >> 1) & 3 == 3,
            _ => sizes & 3 == 3,
        }
    }

    /// Makes each slice longer: the vectors have the slices of encoders up to their headers and a few bytes.
    fn with_long_slices(&self, sample: &RangedSample) -> RangedSample {
        if !self.has_nal_units() {
            return sample.clone();
        }
        let mut long = RangedSample {
            bytes: Vec::new(),
            ranges: Vec::new(),
        };
        for unit in nal_units(&sample.bytes) {
            let before = long.bytes.len();
            long.bytes
                .extend_from_slice(&sample.bytes[unit.start - 4..unit.end]);
            if let Some(range) = sample.ranges.iter().find(|range| range.end == unit.end) {
                lengthen(&mut long.bytes, before);
                let end = long.bytes.len();
                long.ranges.push(end - LONGER - range.len()..end);
            }
        }
        long
    }
}

/// Appends to the last NAL unit, whose length is at `start`, bytes that occur nowhere else.
pub fn lengthen(sample: &mut Vec<u8>, start: usize) {
    let first = sample.len();
    sample.extend((0..LONGER).map(|at| (first * 31 + at * 7 + 13).to_le_bytes()[0] | 1));
    let len = u32::try_from(sample.len() - start - 4).unwrap();
    sample[start..start + 4].copy_from_slice(&len.to_be_bytes());
}

/// The NAL units of a sample whose lengths have four bytes.
pub fn nal_units(sample: &[u8]) -> Vec<Range<usize>> {
    let mut units = Vec::new();
    let mut at = 0;
    while let Some(len) = sample.get(at..).and_then(<[u8]>::first_chunk) {
        let end = at + 4 + u32::from_be_bytes(*len) as usize;
        units.push(at + 4..end);
        at = end;
    }
    units
}

fn unhex(text: &str) -> Vec<u8> {
    decode_hex(text).unwrap().to_vec()
}

/// `start:length`
fn range(text: &str) -> Option<Range<usize>> {
    let (start, len) = text.split_once(':')?;
    let start = start.parse().unwrap();
    let len: usize = len.parse().unwrap();
    Some(start..start + len)
}
