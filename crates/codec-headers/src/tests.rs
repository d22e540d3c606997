// SPDX-License-Identifier: MPL-2.0
//! Compares ranges with the offsets that other tools found, and damages the streams of
//! tests/vectors.

mod layers;

use std::fs;
use std::path::Path;

use super::sample_bytes::SampleInPieces;
use super::{Codec, Error, ProtectableRange};

struct Vector {
    name: String,
    format: [u8; 4],
    config: Vec<u8>,
    samples: Vec<(Vec<u8>, Vec<ProtectableRange>)>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let mut vector = Self {
            name: path.display().to_string(),
            format: *b"    ",
            config: Vec::new(),
            samples: Vec::new(),
        };
        for line in fs::read_to_string(path).unwrap().lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            match fields[..] {
                ["format", format] => vector.format = format.as_bytes().try_into().unwrap(),
                ["config", config] => vector.config = unhex(config),
                ["sample", bytes, expected] => {
                    vector.samples.push((unhex(bytes), ranges(expected)));
                }
                _ => assert!(line.starts_with("# "), "{}: {line}", vector.name),
            }
        }
        vector
    }

    fn codec(&self) -> Codec {
        Codec::new(self.format, Some(&self.config)).unwrap()
    }
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let texts = paths.filter(|path| path.extension().is_some_and(|kind| kind == "txt"));
    texts.map(|path| Vector::read(&path)).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn ranges(text: &str) -> Vec<ProtectableRange> {
    let range = |text: &str| {
        let (start, len) = text.split_once(':').unwrap();
        ProtectableRange {
            start: start.parse().unwrap(),
            len: len.parse().unwrap(),
        }
    };
    let ranges = text.split(',').filter(|range| !range.is_empty());
    ranges.map(range).collect()
}

#[test]
fn slice_data_starts_where_other_tools_find_it() {
    let vectors = vectors();
    assert!(vectors.len() >= 61);
    for vector in vectors {
        let (mut codec, mut of_pieces) = (vector.codec(), vector.codec());
        for (index, (sample, expected)) in vector.samples.iter().enumerate() {
            let mut found = Vec::new();
            let result = codec.protectable_ranges(sample, &mut found);
            result.unwrap_or_else(|error| panic!("{} {index}: {error}", vector.name));
            assert_eq!(
                &with_data(&found),
                expected,
                "{} sample {index}",
                vector.name
            );
            let mut again = Vec::new();
            let result = of_pieces.protectable_ranges(SampleInPieces(sample), &mut again);
            assert_eq!((result, again), (Ok(()), found), "{} {index}", vector.name);
        }
    }
}

/// Returns the ranges of coded units that have more than a header, which other tools list.
fn with_data(ranges: &[ProtectableRange]) -> Vec<ProtectableRange> {
    let with_data = ranges.iter().filter(|range| range.len > 0);
    with_data.copied().collect()
}

/// Each coded unit has ranges, the last of which ends with it, and no range is elsewhere.
#[test]
fn every_coded_unit_has_ranges_up_to_its_end() {
    let mut units = 0;
    for vector in vectors() {
        let mut codec = vector.codec();
        for (sample, _) in &vector.samples {
            let (mut ranges, mut coded, mut in_pieces) = (Vec::new(), Vec::new(), Vec::new());
            codec.protectable_ranges(sample, &mut ranges).unwrap();
            codec.coded_units(sample, &mut coded).unwrap();
            let pieces = SampleInPieces(sample);
            codec.coded_units(pieces, &mut in_pieces).unwrap();
            assert_eq!(coded, in_pieces, "{}", vector.name);
            units += coded.len();
            for unit in coded {
                let found = ranges.partition_point(|range| range.start <= unit.end);
                let last = ranges.drain(..found).next_back().unwrap();
                assert!(last.start >= unit.start, "{}", vector.name);
                assert_eq!(last.start + last.len, unit.end, "{}", vector.name);
            }
            assert_eq!(ranges, [], "{}", vector.name);
        }
    }
    assert!(units > 300, "{units}");
}

/// Reads a damaged sample. The damage may go unnoticed, but ranges stay inside the sample and in order.
fn feed(codec: &mut Codec, sample: &[u8]) {
    let mut found = Vec::new();
    let result = codec.protectable_ranges(sample, &mut found);
    let mut end = 0;
    for range in found {
        assert!(range.start >= end, "{range:?} {result:?}");
        end = range.start + range.len;
    }
    assert!(end <= sample.len());
}

#[test]
fn every_prefix_of_a_sample_or_configuration_is_handled() {
    for vector in vectors() {
        let mut codec = vector.codec();
        for (sample, _) in &vector.samples {
            for end in 0..sample.len() {
                feed(&mut codec.clone(), &sample[..end]);
            }
            feed(&mut codec, sample);
        }
        for end in 0..vector.config.len() {
            if let Ok(mut codec) = Codec::new(vector.format, Some(&vector.config[..end])) {
                feed(&mut codec, &vector.samples[0].0);
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_sample_or_configuration_is_handled() {
    for vector in vectors() {
        for bit in 0..vector.config.len() * 8 {
            let mut config = vector.config.clone();
            config[bit / 8] ^= 0x80 >> (bit % 8);
            if let Ok(mut codec) = Codec::new(vector.format, Some(&config)) {
                vector
                    .samples
                    .iter()
                    .for_each(|(sample, _)| feed(&mut codec, sample));
            }
        }
        let mut codec = vector.codec();
        for (sample, _) in &vector.samples {
            // 37 is prime to 8, so that every bit position of a byte occurs
            for bit in (0..sample.len() * 8).step_by(37) {
                let mut damaged = sample.clone();
                damaged[bit / 8] ^= 0x80 >> (bit % 8);
                feed(&mut codec.clone(), &damaged);
            }
            feed(&mut codec, sample);
        }
    }
}

/// Removes the obu_size, of one byte, of the last OBU of an AV1 sample.
fn without_last_size(sample: &[u8]) -> Option<Vec<u8>> {
    let (mut at, mut last) = (0, 0);
    while at < sample.len() {
        let two = usize::from(sample[at + 1]) & 0x7f;
        let size = match sample[at + 1] < 0x80 {
            true => 2 + two,
            false => 3 + two + (usize::from(sample[at + 2]) << 7),
        };
        (last, at) = (at, at + size);
    }
    (sample[last + 1] < 0x80).then(|| {
        let mut cut = sample.to_vec();
        cut[last] &= !2;
        cut.remove(last + 1);
        cut
    })
}

#[test]
fn the_last_obu_of_a_sample_needs_no_size() {
    let mut cuts = 0;
    for vector in vectors().iter().filter(|vector| vector.format == *b"av01") {
        let mut codec = vector.codec();
        for (sample, expected) in &vector.samples {
            let (cut, mut found) = (without_last_size(sample), Vec::new());
            cuts += usize::from(cut.is_some());
            let removed = sample.len() - cut.as_ref().map_or(sample.len(), Vec::len);
            let sample = cut.as_deref().unwrap_or(sample);
            codec.protectable_ranges(sample, &mut found).unwrap();
            let ends = |ranges: &[ProtectableRange]| ranges.last().map(|r| r.start + r.len);
            assert_eq!(found.len(), expected.len(), "{}", vector.name);
            let end = ends(expected).map(|end| end - removed);
            assert_eq!(ends(&found), end, "{}", vector.name);
            let lens =
                |ranges: &[ProtectableRange]| ranges.iter().map(|r| r.len).collect::<Vec<_>>();
            assert_eq!(lens(&found), lens(expected), "{}", vector.name);
        }
    }
    assert!(cuts > 100, "{cuts}");
}

#[test]
fn an_av1_frame_needs_its_sequence_header_its_references_and_its_tiles() {
    let vectors = vectors();
    let stream = |name: &str| vectors.iter().find(|v| v.name.ends_with(name)).unwrap();
    let arf = stream("aom-arf.txt");
    let mut bare = Codec::new(*b"av01", Some(&arf.config[..4])).unwrap();
    let inter = &arf.samples[1].0;
    let found = bare.protectable_ranges(inter, &mut Vec::new());
    assert!(matches!(found, Err(Error::Missing { .. })), "{found:?}");
    let found = arf.codec().protectable_ranges(inter, &mut Vec::new());
    assert!(matches!(found, Err(Error::Missing { .. })), "{found:?}");
    let (key, _) = &arf.samples[0];
    assert!(bare.protectable_ranges(key, &mut Vec::new()).is_ok());
    assert!(bare.protectable_ranges(inter, &mut Vec::new()).is_ok());
    // a tile list OBU, and a tile group without a frame header
    for (obu, is_feature) in [([0x42, 1, 0], true), ([0x22, 1, 0], false)] {
        let found = bare.protectable_ranges(&obu, &mut Vec::new()).unwrap_err();
        let feature = matches!(found, Error::UnsupportedFeature { .. });
        assert_eq!(feature, is_feature, "{found:?}");
    }
    // without the last tile group
    let groups = stream("aom-tile-groups.txt");
    let (sample, ranges) = &groups.samples[0];
    let tail = ranges[ranges.len() - 1].len;
    let found = groups
        .codec()
        .protectable_ranges(&sample[..sample.len() - tail], &mut Vec::new());
    assert!(matches!(found, Err(Error::Truncated { .. })), "{found:?}");
}

/// Table 5-1 of the AV1 specification: every type is read, skipped because it has no tiles, or refused.
#[test]
fn every_obu_type_has_a_treatment() {
    let vectors = vectors();
    let stream = |name: &str| vectors.iter().find(|v| v.name.ends_with(name)).unwrap();
    let arf = stream("aom-arf.txt");
    let (key, ranges) = &arf.samples[0];
    for obu_type in 0..16u8 {
        // a payload of two bytes, after the OBUs of a key frame
        let sample = [key.as_slice(), &[obu_type << 3 | 2, 2, 0, 0]].concat();
        let mut found = Vec::new();
        let result = arf.codec().protectable_ranges(&sample, &mut found);
        match obu_type {
            // temporal delimiters, metadata, padding
            2 | 5 | 15 => {
                result.unwrap();
                assert_eq!(&found, ranges, "{obu_type}");
            }
            // reserved types, tile lists
            0 | 8..=14 => {
                let error = result.unwrap_err().to_string();
                assert!(error.contains("encode it without"), "{obu_type}: {error}");
            }
            // headers and tiles that are damaged
            _ => assert!(result.is_err(), "{obu_type}"),
        }
    }
}

#[test]
fn a_slice_without_its_parameter_sets_is_refused() {
    // IDR slice with first_mb_in_slice 0, slice_type 7, pic_parameter_set_id 0; HEVC likewise
    let mut avc = Codec::new(*b"avc3", Some(&[1, 66, 0, 10, 0xff, 0xe0, 0])).unwrap();
    let missing = Error::MissingParameterSet { kind: "PPS", id: 0 };
    let found = avc.protectable_ranges(&[0, 0, 0, 3, 0x65, 0x88, 0xff], &mut Vec::new());
    assert_eq!(found, Err(missing.clone()));
    let mut config = [0; 23];
    config[0] = 1;
    config[21] = 3;
    let mut hevc = Codec::new(*b"hev1", Some(&config)).unwrap();
    let found = hevc.protectable_ranges(&[0, 0, 0, 3, 0x26, 1, 0xaf], &mut Vec::new());
    assert_eq!(found, Err(missing));
}

#[test]
fn audio_is_protectable_as_a_whole() {
    let mut codec = Codec::new(*b"mp4a", None).unwrap();
    let mut found = Vec::new();
    codec.protectable_ranges(&[1, 2, 3], &mut found).unwrap();
    codec.protectable_ranges(&[], &mut found).unwrap();
    assert_eq!(found, [ProtectableRange { start: 0, len: 3 }]);
    assert!(!codec.maps_subsamples());
}

#[test]
fn formats_without_a_rule_are_refused_by_name() {
    for format in [*b"evc1", *b"wvtx", *b"\0\xff01"] {
        let error = Codec::new(format, None).unwrap_err();
        assert_eq!(error, Error::Unsupported { format });
    }
    let error = Codec::new(*b"avc1", None).unwrap_err();
    assert_eq!(error, Error::MissingConfig { format: *b"avc1" });
    assert!(error.to_string().contains("\"avc1\""));
}

#[test]
fn codecs_without_layers_refuse_their_configuration() {
    let mut codec = Codec::new(*b"vp09", None).unwrap();
    assert!(matches!(
        codec.add_layers(&[]),
        Err(Error::UnsupportedFeature { .. })
    ));
    let vectors = layers::of_formats(&[*b"hvc1"]);
    assert!(vectors[0].codec().add_layers(&[1, 0, 0, 0]).is_err());
    assert!(
        vectors[0]
            .codec()
            .add_layers(&[1, 0xf0, 0, 0xfc, 0xcb, 0])
            .is_ok()
    );
}
