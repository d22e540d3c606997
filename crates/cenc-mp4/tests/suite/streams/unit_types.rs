// SPDX-License-Identifier: MPL-2.0
//! NAL units, OBUs and frames of every type: coded pictures, as the standards define them, leave encrypted or are refused.
//! Everything else stays as it is.

use std::collections::BTreeSet;

use cenc_mp4::IndexMode;
use cenc_types::Scheme;
use test_support::build::{
    Base, boxed, fragment, ftyp, mdat, moof, moov_of, tfhd, traf, trak_of, trex, trun, word,
};
use test_support::encrypted::protect;
use test_support::header_vectors::{HeaderVector, LONGER, RangedSample, lengthen, nal_units};

/// A movie with these samples in one fragment.
fn movie(vector: &HeaderVector, samples: &[&[u8]]) -> Vec<u8> {
    let config = boxed(vector.config_box(), &[&vector.config]);
    let entry = boxed(&vector.format, &[&[0; 78], &config]);
    let stsd = boxed(b"stsd", &[&[0; 4], &word(1), &entry]);
    let moov = moov_of(&[trak_of(1, b"vide", &stsd)], &[trex(1, 0)]);
    let size = |sample: &&[u8]| u32::try_from(sample.len()).unwrap();
    let sizes: Vec<u32> = samples.iter().map(size).collect();
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &sizes)])]);
    [ftyp(), moov, fragment(make, &[], &mdat(&samples.concat()))].concat()
}

/// Returns whether the bytes are unchanged in the output.
fn has(out: &[u8], bytes: &[u8]) -> bool {
    out.windows(bytes.len()).any(|found| found == bytes)
}

/// Checks that the data of a slice, tile or frame is encrypted. Patterns leave nine of ten blocks clear, the other schemes none; up to
/// 15 bytes stay clear at one end.
fn assert_encrypted(out: &[u8], data: &[u8], scheme: Scheme, name: &str) {
    if data.len() < 32 {
        return;
    }
    let len = match scheme.has_pattern() {
        true => 32,
        false => 16,
    };
    let ends = match scheme.has_pattern() {
        true => len,
        false => data.len() - 15,
    };
    let clear = data[..ends]
        .windows(len)
        .skip(if scheme.has_pattern() { 0 } else { 15 })
        .position(|block| has(out, block));
    assert_eq!(
        clear,
        None,
        "{name} {scheme}: a clear block of {}",
        data.len()
    );
}

#[test]
fn all_that_other_tools_find_coded_leaves_encrypted() {
    let vectors = HeaderVector::all();
    assert!(vectors.len() >= 61);
    let mut ranges = 0;
    for vector in &vectors {
        let samples: Vec<&[u8]> = vector.samples.iter().map(|s| s.bytes.as_slice()).collect();
        let clear = movie(vector, &samples);
        for scheme in Scheme::ALL {
            let out = protect(&clear, scheme, IndexMode::Hold, [])
                .unwrap_or_else(|error| panic!("{} {scheme}: {error}", vector.name));
            let media = &out[out.len() - samples.concat().len()..];
            let mut start = 0;
            for RangedSample {
                bytes,
                ranges: found,
            } in &vector.samples
            {
                let sample = &media[start..start + bytes.len()];
                for range in found {
                    let data = &bytes[range.clone()];
                    assert_encrypted(&sample[range.clone()], data, scheme, &vector.name);
                    ranges += usize::from(range.len() >= 32);
                }
                start += bytes.len();
            }
        }
    }
    assert!(ranges > 2000, "{ranges}");
}

/// The NAL unit types of a codec, after its standard.
struct Types {
    vector: &'static str,
    count: u8,
    /// Changes the type in a NAL unit header.
    set: fn(&mut [u8], u8),
    /// Those of coded slices that are protected where they parse.
    slices: &'static [u8],
    /// One of them that does.
    own: u8,
    /// Those that must be refused, since they hold slices in a form that cannot be protected.
    refused: &'static [u8],
    /// Parameter sets and picture headers, which a slice under their type damages.
    headers: &'static [u8],
}

const TYPES: [Types; 3] = [
    // 14496-10, table 7-1
    Types {
        vector: "x264-slices4.txt",
        count: 32,
        set: |nal, kind| nal[0] = nal[0] & 0xe0 | kind,
        slices: &[1, 2, 3, 4, 5, 19, 20],
        own: 5,
        refused: &[21, 22, 23, 30, 31],
        // The prefix of a slice of SVC is refused, as the slice would be.
        headers: &[7, 8, 14, 15],
    },
    // 23008-2, table 7-1; 14496-15 for 48 and 49; Dolby Vision for 63
    Types {
        vector: "x265-slices4.txt",
        count: 64,
        set: |nal, kind| nal[0] = nal[0] & 0x81 | kind << 1,
        slices: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21],
        own: 20,
        refused: &[
            10, 11, 12, 13, 14, 15, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 48, 49, 63,
        ],
        headers: &[32, 33, 34],
    },
    // 23090-3, table 5
    Types {
        vector: "crafted-vvc-1.txt",
        count: 32,
        set: |nal, kind| nal[1] = nal[1] & 7 | kind << 3,
        slices: &[0, 1, 2, 3, 7, 8, 9, 10],
        own: 7,
        refused: &[4, 5, 6, 11],
        headers: &[15, 16, 19],
    },
];

#[test]
fn nal_units_of_every_type_leave_encrypted_or_clear_as_the_standard_says() {
    let vectors = HeaderVector::all();
    for types in TYPES {
        let vector = vectors.iter().find(|v| v.name == types.vector).unwrap();
        let first = &vector.samples[0].bytes;
        let slice = nal_units(first).pop().unwrap();
        let mut encrypted = BTreeSet::new();
        for (kind, scheme) in
            (0..types.count).flat_map(|kind| Scheme::ALL.map(|scheme| (kind, scheme)))
        {
            let name = format!("{} type {kind}", types.vector);
            let mut sample = first.clone();
            let start = sample.len();
            sample.extend_from_slice(&first[slice.start - 4..slice.end]);
            lengthen(&mut sample, start);
            (types.set)(&mut sample[start + 4..], kind);
            let unit = sample[start + 4..].to_vec();
            match protect(&movie(vector, &[&sample]), scheme, IndexMode::Hold, []) {
                Ok(out) if types.slices.contains(&kind) => {
                    assert!(!out.ends_with(&unit), "{name} {scheme} leaves clear");
                    if !scheme.has_pattern() {
                        // The unit was made longer twice, so its data starts before that.
                        let longer = out.len() - 2 * LONGER;
                        let data = &unit[unit.len() - 2 * LONGER..];
                        assert_encrypted(&out[longer..], data, scheme, &name);
                    }
                    encrypted.insert(kind);
                }
                Ok(out) => {
                    assert!(!types.refused.contains(&kind), "{name} passes");
                    assert!(out.ends_with(&unit), "{name} is changed");
                }
                Err(error) => {
                    let is_known = types.refused.contains(&kind)
                        || types.slices.contains(&kind)
                        || types.headers.contains(&kind);
                    assert!(is_known, "{name}: {error}");
                    let by_name = !types.refused.contains(&kind);
                    assert!(by_name || error.contains("encode it without"), "{error}");
                }
            }
        }
        assert!(
            encrypted.contains(&types.own),
            "{} {encrypted:?}",
            types.vector
        );
    }
}

/// Table 5-1 of the AV1 specification: OBUs of each type after those of a key frame.
#[test]
fn obus_of_every_type_leave_clear_or_are_refused() {
    let vectors = HeaderVector::all();
    let vector = vectors.iter().find(|v| v.name == "aom-arf.txt").unwrap();
    for (kind, scheme) in (0..16).flat_map(|kind| Scheme::ALL.map(|scheme| (kind, scheme))) {
        let obu = [&[kind << 3 | 2, 70][..], &vector.samples[0].bytes[20..90]].concat();
        let sample = [vector.samples[0].bytes.as_slice(), &obu].concat();
        match protect(&movie(vector, &[&sample]), scheme, IndexMode::Hold, []) {
            // Sequence headers, temporal delimiters, metadata and padding.
            Ok(out) => {
                assert!(matches!(kind, 1 | 2 | 5 | 15), "type {kind} passes");
                assert!(out.ends_with(&obu), "type {kind} is changed");
            }
            Err(error) => {
                let is_reserved = matches!(kind, 0 | 8..=14);
                assert!(!matches!(kind, 2 | 5 | 15), "type {kind}: {error}");
                assert!(
                    !is_reserved || error.contains("encode it without"),
                    "{error}"
                );
            }
        }
    }
}
