// SPDX-License-Identifier: MPL-2.0
//! Views of AVC and layers of HEVC: the streams of tests/vectors, relabelled so that their slice headers keep their lengths.

use super::{Vector, vectors, with_data};
use crate::{Codec, Error, ProtectableRange};

/// The NAL unit header extension of an MVC slice: view_id 1, reserved_one_bit.
const IDR_VIEW: [u8; 3] = [0, 0, 0x41];
const OTHER_VIEW: [u8; 3] = [0x40, 0, 0x41];

/// A sample whose NAL units are replaced, and the protectable ranges of the new sample.
#[derive(Default)]
struct Relabelled {
    sample: Vec<u8>,
    ranges: Vec<ProtectableRange>,
}

impl Relabelled {
    /// Replaces each NAL unit of `sample` by those that `replace` returns, the slice last.
    fn new(
        vector: &Vector,
        sample: &[u8],
        ranges: &[ProtectableRange],
        replace: impl Fn(&[u8]) -> Vec<Vec<u8>>,
    ) -> Self {
        let length_size = length_size(vector);
        let mut new = Self::default();
        let mut at = 0;
        while at < sample.len() {
            let start = at + length_size;
            let end = start + number(&sample[at..start]);
            let nals = replace(&sample[start..end]);
            let added = nals.last().map_or(0, Vec::len) - (end - start);
            for nal in nals {
                push(&mut new.sample, length_size, &nal);
            }
            let new_start = new.sample.len() - (end - start) - added;
            let here = ranges.iter().filter(|r| r.start > start && r.start < end);
            new.ranges.extend(here.map(|range| ProtectableRange {
                start: new_start + added + range.start - start,
                len: range.len,
            }));
            at = end;
        }
        new
    }
}

/// Appends a NAL unit after its length.
fn push(sample: &mut Vec<u8>, length_size: usize, nal: &[u8]) {
    let length = nal.len().to_be_bytes();
    sample.extend(&length[length.len() - length_size..]);
    sample.extend(nal);
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte))
}

fn length_size(vector: &Vector) -> usize {
    let at = match &vector.format {
        b"avc1" | b"avc3" => 4,
        _ => 21,
    };
    usize::from(vector.config[at] & 3) + 1
}

pub(super) fn of_formats(formats: &[[u8; 4]]) -> Vec<Vector> {
    let mut vectors = vectors();
    vectors.retain(|vector| formats.contains(&vector.format));
    assert!(vectors.len() > 10);
    vectors
}

/// Moves slices without data partitioning to another view, and copies each SPS to a subset SPS.
fn to_mvc(nal: &[u8]) -> Vec<Vec<u8>> {
    let with_type = |unit_type: u8| nal[0] & 0xe0 | unit_type;
    match nal[0] & 31 {
        1 => vec![[&[with_type(20)], &OTHER_VIEW[..], &nal[1..]].concat()],
        5 => vec![[&[with_type(20)], &IDR_VIEW[..], &nal[1..]].concat()],
        7 => vec![nal.to_vec(), [&[with_type(15)], &nal[1..]].concat()],
        _ => vec![nal.to_vec()],
    }
}

/// An `mvcC` with the parameter sets of an `avcC`.
fn mvcc(avcc: &[u8]) -> Vec<u8> {
    let mut record = avcc.to_vec();
    record[5] &= 0x1f;
    let mut at = 6;
    for _ in 0..record[5] {
        record[at + 2] = record[at + 2] & 0xe0 | 15;
        at += 2 + number(&avcc[at..at + 2]);
    }
    record
}

#[test]
fn slices_of_other_views_are_protected_after_their_headers() {
    for vector in of_formats(&[*b"avc1", *b"avc3"]) {
        let mut codec = vector.codec();
        codec.add_layers(&mvcc(&vector.config)).unwrap();
        for (sample, ranges) in &vector.samples {
            let mvc = Relabelled::new(&vector, sample, ranges, to_mvc);
            let mut found = Vec::new();
            codec.protectable_ranges(&mvc.sample, &mut found).unwrap();
            assert_eq!(with_data(&found), mvc.ranges, "{}", vector.name);
        }
    }
}

#[test]
fn slices_of_another_view_need_its_subset_sps() {
    for vector in of_formats(&[*b"avc1"]) {
        let (sample, ranges) = &vector.samples[0];
        let only_slices = |nal: &[u8]| match nal[0] & 31 {
            7 => vec![nal.to_vec()],
            _ => to_mvc(nal),
        };
        let mvc = Relabelled::new(&vector, sample, ranges, only_slices);
        let found = vector
            .codec()
            .protectable_ranges(&mvc.sample, &mut Vec::new());
        if mvc.sample.len() > sample.len() {
            let error = found.unwrap_err().to_string();
            assert!(error.starts_with("a slice needs subset SPS "), "{error}");
        }
    }
}

#[test]
fn auxiliary_pictures_have_the_headers_of_their_primary_pictures() {
    for vector in of_formats(&[*b"avc1", *b"avc3"]) {
        let (mut codec, mut alone) = (vector.codec(), vector.codec());
        for (sample, ranges) in &vector.samples {
            let auxiliary = |nal: &[u8]| match nal[0] & 31 {
                1 | 5 => vec![nal.to_vec(), [&[nal[0] & 0xe0 | 19], &nal[1..]].concat()],
                _ => vec![nal.to_vec()],
            };
            let with_alpha = Relabelled::new(&vector, sample, ranges, auxiliary);
            let mut found = Vec::new();
            codec
                .protectable_ranges(&with_alpha.sample, &mut found)
                .unwrap();
            for range in &with_alpha.ranges {
                assert!(found.contains(range), "{}: {range:?}", vector.name);
            }
            let alpha_only = Relabelled::new(&vector, sample, ranges, |nal| {
                auxiliary(nal).split_off(auxiliary(nal).len() - 1)
            });
            let found = alone.protectable_ranges(&alpha_only.sample, &mut Vec::new());
            let has_slices = sample.len() > 20 && alpha_only.sample != *sample;
            assert_eq!(found.is_err(), has_slices, "{}: {found:?}", vector.name);
        }
    }
}

/// vps_extension() of an independent layer 1 that has no picture order count in IDR pictures.
const EXTENSION: &str = concat!(
    // profile_tier_level(0, 0); splitting_flag, scalability_mask_flag of views, dimension_id_len_minus1
    "00011110 0 0100000000000000 000",
    // vps_nuh_layer_id_present_flag, dimension_id, view_id_len, direct_dependency_flag, num_add_layer_sets
    " 0 1 0000 0 1",
    // two presence flags, default_ref_layers_active_flag, vps_num_profile_tier_level_minus1 1
    " 0 0 0 010",
    // num_add_olss 0, default_output_layer_idc 1, profile_tier_level_idx of the one necessary layer
    " 1 01 1",
    // vps_num_rep_formats_minus1, rep_format(): 64x64, 4:2:0, 8 bits, no window
    " 1 0000000001000000 0000000001000000 1 01 0000 0000 0",
    // max_one_active_ref_layer_flag, vps_poc_lsb_aligned_flag, poc_lsb_not_present_flag
    " 0 0 1",
);

/// A VPS with this id, of two layers if it has an extension.
fn vps(id: u8, extension: Option<&str>) -> Vec<u8> {
    let profile = format!("{:0>88}00011110", "");
    let start = format!(
        // internal and available base layer, two layers, one sub-layer; ordering info; vps_max_layer_id 1, one more layer set of
        // both layers; no timing info
        "{id:04b} 11 000001 000 1 1111111111111111 {profile} 1 1 1 1 000001 010 11 0 {}",
        u8::from(extension.is_some())
    );
    let start: String = start.chars().filter(|c| *c != ' ').collect();
    let padding = "1".repeat((8 - start.len() % 8) % 8);
    let rest = match extension {
        Some(extension) => format!("{padding}{extension}1"),
        None => "1".to_owned(),
    };
    nal_unit(32, &format!("{start}{rest}"))
}

/// A NAL unit of these bits, with emulation prevention bytes.
fn nal_unit(unit_type: u8, bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').collect();
    let mut nal = vec![unit_type << 1, 1];
    for byte in bits.chunks(8) {
        let byte = (0..8).fold(0, |value, at| {
            value << 1 | (byte.get(at) == Some(&b'1')) as u8
        });
        if nal.ends_with(&[0, 0]) && byte <= 3 {
            nal.push(3);
        }
        nal.push(byte);
    }
    nal
}

#[test]
fn slices_of_upper_layers_are_protected_after_their_headers() {
    let mut vectors = of_formats(&[*b"hvc1", *b"hev1"]);
    // These have layers already, with a VPS of their own.
    let layered = [
        "x265-mvhevc.txt",
        "x265-alpha.txt",
        "crafted-hevc-layers.txt",
    ];
    vectors.retain(|vector| layered.iter().all(|name| !vector.name.ends_with(name)));
    for vector in vectors {
        for extension in [None, Some(EXTENSION)] {
            let mut codec = vector.codec();
            let mut all_vps = Vec::new();
            for id in 0..16 {
                push(&mut all_vps, length_size(&vector), &vps(id, extension));
            }
            let mut found = Vec::new();
            codec.protectable_ranges(&all_vps, &mut found).unwrap();
            assert_eq!(found, []);
            for (sample, ranges) in &vector.samples {
                let layered = Relabelled::new(&vector, sample, ranges, |nal| {
                    let mut nal = nal.to_vec();
                    if nal[0] >> 1 < 32 || nal[0] >> 1 == 34 {
                        nal[1] |= 1 << 3;
                    }
                    vec![nal]
                });
                let mut found = Vec::new();
                match codec.protectable_ranges(&layered.sample, &mut found) {
                    Ok(()) => assert_eq!(with_data(&found), layered.ranges, "{}", vector.name),
                    Err(error) => {
                        assert!(vector.name.contains("scc"), "{}: {error}", vector.name);
                        assert!(
                            error
                                .to_string()
                                .contains("reference to the current picture")
                        );
                    }
                }
            }
        }
    }
}

/// A codec that has read a VPS with this extension.
fn codec_with_vps(vector: &Vector, extension: &str) -> Codec {
    let mut codec = vector.codec();
    let mut sample = Vec::new();
    push(&mut sample, length_size(vector), &vps(0, Some(extension)));
    codec.protectable_ranges(&sample, &mut Vec::new()).unwrap();
    codec
}

#[test]
fn slices_of_upper_layers_need_a_vps_that_is_understood() {
    let vectors = of_formats(&[*b"hvc1"]);
    let vector = vectors.iter().find(|v| v.name.ends_with("x265-nosao.txt"));
    let vector = vector.unwrap();
    let (sample, ranges) = &vector.samples[0];
    let layered = Relabelled::new(vector, sample, ranges, |nal| {
        vec![in_layer(1, nal.to_vec())]
    });
    // The configurations of these vectors have no VPS.
    let found = vector
        .codec()
        .protectable_ranges(&layered.sample, &mut Vec::new());
    assert_eq!(
        found,
        Err(Error::MissingParameterSet { kind: "VPS", id: 0 })
    );
    // The mask is that of depth, with two additional layer sets.
    let depth = EXTENSION.replacen("0100000000000000", "1000000000000000", 1);
    let layer_sets = EXTENSION.replacen("0 1 0000 0 1", "0 1 0000 0 011", 1);
    for (extension, expected) in [(depth, "3D-HEVC"), (layer_sets, "additional layer sets")] {
        let mut codec = codec_with_vps(vector, &extension);
        let found = codec.protectable_ranges(&layered.sample, &mut Vec::new());
        let error = found.unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains("encode it without"),
            "{error}"
        );
        assert!(codec.protectable_ranges(sample, &mut Vec::new()).is_ok());
    }
    // The same in a stream with alpha, as early encoders wrote it: the rest of the VPS extension is not used.
    let alpha = EXTENSION.replacen("0100000000000000", "0001000000000000", 1);
    let broken = alpha.replacen("0 1 0000 0 1", "0 1 0000 0 011", 1);
    for extension in [alpha, broken] {
        let mut codec = codec_with_vps(vector, &extension);
        let mut found = Vec::new();
        codec
            .protectable_ranges(&layered.sample, &mut found)
            .unwrap();
        assert_eq!(with_data(&found), layered.ranges);
    }
}

/// Three layers of 64x64 pixels, after 7.3.2.1, F.7.3.2.1.1, F.7.3.2.2.1 and 7.3.2.3: nuh_layer_id 1 refers to the base layer, 3 to
/// both others.
fn dependent_layers() -> [Vec<u8>; 4] {
    let profile = "0".repeat(88);
    let start = format!("0000 11 000010 000 1 1111111111111111 {profile}00011110 1 1 1 1");
    let layer_sets = "000011 010 1101 0 1";
    let start: String = [&start, layer_sets].concat().replace(' ', "");
    let padding = "1".repeat((8 - start.len() % 8) % 8);
    let extension = concat!(
        // level; no splitting, views in two bits; vps_nuh_layer_id_present_flag, layers 1 and 3 with views 1 and 2
        "00011110 0 0100000000000000 001 1 000001 01 000011 10",
        // view_id_len 2 and three views; direct_dependency_flag of both layers
        "0010 00 01 10 1 11",
        // sub_layers_vps_max_minus1 and max_tid_il_ref_pics_plus1, default_ref_layers_active_flag
        "1 000 000 000 1 111 111 111 0",
        // two profiles; num_add_olss 0, default_output_layer_idc 1, profile_tier_level_idx of three layers, alt_output_layer_flag
        "010 1 01 111 0",
        // rep_format(); max_one_active_ref_layer_flag, vps_poc_lsb_aligned_flag; the start of dpb_size()
        "1 0000000001000000 0000000001000000 1 01 0000 0000 0 0 0 1",
    );
    let sps = format!(
        "0000 000 1 {profile}00011110 1 010 0000001000001 0000001000001 0 1 1 1 1 1 1 1 1 010 1111 0 0 1 0 1 0 1 0 0 0 1"
    );
    // MultiLayerExtSpsFlag, id 1, update_rep_format_flag 0, inferred scaling lists
    let upper_sps = "0000 111 010 0 1 1 010 1111 1 1 000000 0 1 0 1 0 1 0 0 0 1";
    // PPS 1 of SPS 1: two extra slice header bits, lists_modification_present_flag
    let pps = "010 010 0 0 010 0 0 1 1 1 0 0 0 1 1 0 0 0 0 0 0 0 0 0 1 1 0 0 1";
    [
        nal_unit(32, &[&start, &padding, extension].concat()),
        nal_unit(33, &sps),
        in_layer(1, nal_unit(33, upper_sps)),
        in_layer(1, nal_unit(34, pps)),
    ]
}

fn in_layer(layer: u8, mut nal: Vec<u8>) -> Vec<u8> {
    nal[1] |= layer << 3;
    nal
}

#[test]
fn slices_with_inter_layer_prediction_are_read_to_their_end() {
    let mut codec = Codec::new(*b"hev1", Some(&[&[1][..], &[0; 20], &[3, 0]].concat())).unwrap();
    let slices = [
        // IDR P slice: POC although it is IDR, inter_layer_pred_enabled_flag, SAO
        (1, 19, "1 0 010 00 010 0000 1 11 0 1 1"),
        // the same at slice_segment_address 5 of 16
        (1, 19, "0 0 010 0101 00 010 0000 1 11 0 1 1"),
        // IDR I slice without inter-layer prediction
        (1, 20, "1 0 010 11 011 0000 0 11 1"),
        // B slices of a layer with two references: one of them, the second; both, with modified lists
        (3, 1, "1 010 00 1 0001 0 1 1 0 1 0 1 11 0 0 1 1"),
        (3, 1, "1 010 00 1 0001 0 1 1 0 1 1 11 0 10 10 0 1 1"),
    ];
    let mut sample = Vec::new();
    for nal in dependent_layers() {
        push(&mut sample, 4, &nal);
    }
    let mut expected = Vec::new();
    for (layer, unit_type, bits) in slices {
        // byte_alignment()
        let header = in_layer(layer, nal_unit(unit_type, &[bits, "1"].concat()));
        push(&mut sample, 4, &[header.as_slice(), &[0xff; 30]].concat());
        expected.push(ProtectableRange {
            start: sample.len() - 30,
            len: 30,
        });
    }
    let mut found = Vec::new();
    codec.protectable_ranges(&sample, &mut found).unwrap();
    assert_eq!(found, expected);
}
