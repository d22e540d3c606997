// SPDX-License-Identifier: MPL-2.0
//! Headers of slices and frames: for any configuration and samples, the protectable ranges are inside the sample and in
//! order.
//!
//! The input is the configuration record and then samples. Each follows its length in two bytes.

use cenc_types::Scheme;
use codec_headers::Codec;
use common_encryption::{SampleRanges, map_subsamples};

/// `dac4`, then samples of `ac-4`.
pub fn codec_ac4(data: &[u8]) {
    check(*b"ac-4", data);
}

/// `av1C`, then samples of `av01`.
pub fn codec_av1(data: &[u8]) {
    check(*b"av01", data);
}

/// `avcC`, then samples of `avc1`.
pub fn codec_avc(data: &[u8]) {
    check(*b"avc1", data);
}

/// `hvcC`, then samples of `hvc1`.
pub fn codec_hevc(data: &[u8]) {
    check(*b"hvc1", data);
}

/// `vpcC`, then samples of `vp09`.
pub fn codec_vp9(data: &[u8]) {
    check(*b"vp09", data);
}

/// `vvcC`, then samples of `vvc1`.
pub fn codec_vvc(data: &[u8]) {
    check(*b"vvc1", data);
}

fn check(format: [u8; 4], mut data: &[u8]) {
    let Some(config) = take(&mut data) else {
        return;
    };
    let Ok(mut codec) = Codec::new(format, Some(config)) else {
        return;
    };
    while let Some(sample) = take(&mut data) {
        check_sample(&mut codec, sample);
    }
}

fn check_sample(codec: &mut Codec, sample: &[u8]) {
    let mut ranges = Vec::new();
    if codec.protectable_ranges(sample, &mut ranges).is_err() {
        return;
    }
    let mut end = 0;
    for range in &ranges {
        assert!(range.start >= end, "{ranges:?}");
        end = range.start + range.len;
    }
    assert!(end <= sample.len(), "{ranges:?}");
    for scheme in Scheme::ALL {
        let mut map = Vec::new();
        map_subsamples(
            scheme,
            &SampleRanges {
                sample_len: sample.len(),
                ranges: &ranges,
                alignment: codec.alignment(),
            },
            &mut map,
        )
        .expect("the ranges are in order");
        let mapped: u64 = map
            .iter()
            .map(|s| u64::from(s.clear_bytes) + u64::from(s.protected_bytes))
            .sum();
        assert_eq!(mapped, sample.len() as u64, "{scheme}");
    }
}

/// Returns the next part; the last one may be shorter than it says.
fn take<'d>(data: &mut &'d [u8]) -> Option<&'d [u8]> {
    let (len, rest) = data.split_first_chunk::<2>()?;
    let (part, rest) = rest.split_at(usize::from(u16::from_be_bytes(*len)).min(rest.len()));
    *data = rest;
    Some(part)
}
