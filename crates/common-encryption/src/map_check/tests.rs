// SPDX-License-Identifier: MPL-2.0
//! Wrong maps of real samples of each codec family, each with one fault: all are refused.

use cenc_types::decode_hex;
use codec_headers::Codec;
use test_support::header_vectors::HeaderVector;

use super::*;
use crate::{SampleRanges, map_subsamples};

/// A sample of a codec, as its reader finds it.
struct Found {
    name: String,
    alignment: Alignment,
    len: usize,
    units: Vec<CodedUnit>,
    ranges: Vec<ProtectableRange>,
}

impl Found {
    fn read(name: &str, codec: &mut Codec, sample: &[u8]) -> Self {
        let (mut ranges, mut units) = (Vec::new(), Vec::new());
        codec.protectable_ranges(sample, &mut ranges).unwrap();
        codec.coded_units(sample, &mut units).unwrap();
        Self {
            name: name.to_owned(),
            alignment: codec.alignment(),
            len: sample.len(),
            units,
            ranges,
        }
    }

    /// Reads the samples of a vector.
    fn all(vector: &HeaderVector) -> Vec<Self> {
        let mut codec = Codec::new(vector.format, Some(&vector.config)).unwrap();
        let samples = vector.samples.iter();
        samples
            .map(|sample| Self::read(&vector.name, &mut codec, &sample.bytes))
            .collect()
    }

    fn map(&self, scheme: Scheme, ranges: &[ProtectableRange]) -> Vec<Subsample> {
        let mut map = Vec::new();
        let ranges = SampleRanges {
            sample_len: self.len,
            ranges,
            alignment: self.alignment,
        };
        map_subsamples(scheme, &ranges, &mut map).unwrap();
        map
    }

    fn check(&self, scheme: Scheme, map: &[Subsample]) -> Result<u64, Error> {
        MappedSample {
            scheme,
            alignment: self.alignment,
            len: self.len,
            units: &self.units,
            ranges: &self.ranges,
            map,
        }
        .check()
    }

    /// Returns the map with these protected bytes, all of whose clear runs are short.
    fn of_runs(&self, runs: &[Range<usize>]) -> Option<Vec<Subsample>> {
        let mut map = Vec::new();
        let mut end = 0;
        for run in runs {
            map.push(Subsample {
                clear_bytes: u16::try_from(run.start.checked_sub(end)?).ok()?,
                protected_bytes: u32::try_from(run.len()).ok()?,
            });
            end = run.end;
        }
        map.push(Subsample {
            clear_bytes: u16::try_from(self.len.checked_sub(end)?).ok()?,
            protected_bytes: 0,
        });
        Some(map)
    }
}

/// The protected bytes of a map.
fn runs(map: &[Subsample]) -> Vec<Range<usize>> {
    ProtectedRuns {
        map: map.iter(),
        end: 0,
    }
    .collect()
}

/// A fault of a map at one of its runs.
type Fault = fn(&mut Vec<Range<usize>>, usize);

const FAULTS: [Fault; 10] = [
    // One unit stays clear, and all do.
    |runs, at| {
        runs.remove(at);
    },
    |runs, _| runs.clear(),
    // The first and the last block stay clear, and the first byte.
    |runs, at| runs[at].start += BLOCK,
    |runs, at| runs[at].end -= BLOCK,
    |runs, at| runs[at].start += 1,
    // The last byte stays clear, and all but a block.
    |runs, at| runs[at].end -= 1,
    |runs, at| runs[at].end = runs[at].start + BLOCK,
    // A block of the header is protected, and its last byte.
    |runs, at| runs[at].start = runs[at].start.saturating_sub(BLOCK),
    |runs, at| runs[at].start -= 1,
    // All protected bytes are one byte too early.
    |runs, at| runs[at] = runs[at].start - 1..runs[at].end - 1,
];

/// One vector or more for each way in which codecs divide samples.
const FAMILIES: [&str; 10] = [
    "x264-slices4.txt",
    "crafted-avc-partitions.txt",
    "crafted-mvc.txt",
    "x265-slices4.txt",
    "x265-mvhevc.txt",
    "crafted-vvc-subpictures.txt",
    "mp4ff-vvc.txt",
    "aom-tile-groups.txt",
    "vp9-tiles.txt",
    "vp9-resize.txt",
];

/// The samples of all families, and an AC-4 frame of the test streams of the Android media library.
fn families() -> Vec<Vec<Found>> {
    let mut frame = decode_hex("bfcee59c20022a0097e0b104cadd0150825c82d8f8009dac")
        .unwrap()
        .to_vec();
    frame.resize(360, 0);
    let mut ac4 = Codec::new(*b"ac-4", None).unwrap();
    let mut families = vec![vec![Found::read("AC-4", &mut ac4, &frame)]];
    let vectors = HeaderVector::all();
    families.extend(FAMILIES.map(|name| {
        let vector = vectors.iter().find(|vector| vector.name == name);
        Found::all(vector.unwrap())
    }));
    families
}

#[test]
fn right_maps_are_accepted_with_their_number_of_protected_bytes() {
    for found in families().iter().flatten() {
        for scheme in Scheme::ALL {
            let map = found.map(scheme, &found.ranges);
            let protected: usize = runs(&map).iter().map(Range::len).sum();
            let checked = found.check(scheme, &map);
            assert_eq!(checked, Ok(protected as u64), "{} {scheme}", found.name);
        }
    }
}

#[test]
fn every_fault_at_every_unit_of_every_codec_is_refused() {
    for family in families() {
        let mut faults = [0; FAULTS.len()];
        for (found, scheme) in family
            .iter()
            .flat_map(|found| Scheme::ALL.map(|scheme| (found, scheme)))
        {
            let right = runs(&found.map(scheme, &found.ranges));
            let long = (0..right.len()).filter(|&at| right[at].len() > 2 * BLOCK);
            for (at, (number, fault)) in
                long.flat_map(|at| FAULTS.iter().enumerate().map(move |fault| (at, fault)))
            {
                let mut wrong = right.clone();
                fault(&mut wrong, at);
                let Some(map) = found.of_runs(&wrong) else {
                    continue;
                };
                let refused = found.check(scheme, &map);
                assert!(
                    matches!(refused, Err(Error::WrongMap { .. })),
                    "{} {scheme}, fault {number} at {at}: {refused:?}",
                    found.name
                );
                faults[number] += 1;
            }
        }
        assert!(
            faults.iter().all(|&tried| tried > 0),
            "{} {faults:?}",
            family[0].name
        );
    }
}

#[test]
fn units_that_the_reader_of_headers_overlooks_or_cuts_are_refused() {
    for family in families() {
        let mut refused = 0;
        for found in &family {
            for at in 0..found.ranges.len() {
                let overlooked: fn(&mut Vec<ProtectableRange>, usize) = |ranges, at| {
                    ranges.remove(at);
                };
                let cut: fn(&mut Vec<ProtectableRange>, usize) = |ranges, at| ranges[at].len -= 1;
                for fault in [overlooked, cut] {
                    if found.ranges[at].len <= MAX_TILE_SIZE_BYTES {
                        continue;
                    }
                    let mut ranges = found.ranges.clone();
                    fault(&mut ranges, at);
                    let map = found.map(Scheme::Cenc, &ranges);
                    let checked = MappedSample {
                        scheme: Scheme::Cenc,
                        alignment: found.alignment,
                        len: found.len,
                        units: &found.units,
                        ranges: &ranges,
                        map: &map,
                    }
                    .check();
                    // A byte less of a tile before others could be a longer size of the next.
                    refused += usize::from(checked.is_err());
                    let is_last = found
                        .units
                        .iter()
                        .any(|unit| unit.end == found.ranges[at].start + found.ranges[at].len);
                    assert!(checked.is_err() || !is_last, "{} {at}", found.name);
                }
            }
        }
        assert!(refused > 0, "{}", family[0].name);
    }
}

#[test]
fn protected_bytes_outside_of_units_and_wrong_sums_are_refused() {
    for found in families().iter().flatten() {
        let right = found.map(Scheme::Cbcs, &found.ranges);
        let stray = runs(&right)
            .first()
            .filter(|first| first.start > BLOCK)
            .map(|_| 0..BLOCK);
        if let Some(stray) = stray {
            let mut wrong = runs(&right);
            wrong.insert(0, stray);
            if let Some(map) = found.of_runs(&wrong) {
                assert!(found.check(Scheme::Cbcs, &map).is_err(), "{}", found.name);
            }
        }
        let mut longer = right.clone();
        longer.push(Subsample {
            clear_bytes: 1,
            protected_bytes: 0,
        });
        let refused = found.check(Scheme::Cbcs, &longer);
        assert_eq!(refused, Err(Error::MapMismatch), "{}", found.name);
        longer.push(Subsample {
            clear_bytes: 0,
            protected_bytes: 16,
        });
        let refused = found.check(Scheme::Cbcs, &longer);
        assert!(
            matches!(refused, Err(Error::WrongMap { .. })),
            "{}",
            found.name
        );
    }
}
