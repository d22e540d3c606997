// SPDX-License-Identifier: MPL-2.0
//! Counts the allocations for a fragment: its boxes are allocated, and nothing else for its samples.

use allocation_counter::{AllocationInfo, measure};
use bytes::BytesMut;
use cenc_types::Scheme;
use test_support::build::{Base, ftyp, moof, moov, tfhd, traf, trun};
use test_support::channel::Channel;

/// The allocations for the third of three fragments, whose track has `samples` samples of 1000 bytes.
fn fragment(scheme: Scheme, samples: usize) -> AllocationInfo {
    let sizes = vec![1000; samples];
    let build = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), &sizes)])]);
    let payload = i32::try_from(build(0).len() + 8).unwrap();
    let size = u32::try_from(8 + 1000 * samples).unwrap();
    let boxes = [
        build(payload),
        size.to_be_bytes().to_vec(),
        b"mdat".to_vec(),
    ]
    .concat();
    let init = [ftyp(), moov(&[b"mp4a"])].concat();
    let mut channel = Channel::new(scheme, &init);
    let mut media = BytesMut::zeroed(1000 * samples);
    channel.protect(&boxes, &mut media);
    channel.protect(&boxes, &mut media);
    measure(|| channel.protect(&boxes, &mut media))
}

#[test]
fn fragment_allocates_its_boxes_and_nothing_for_samples() {
    for scheme in Scheme::ALL {
        let [few, many] = [20, 2000].map(|samples| fragment(scheme, samples));
        let more = many.count_total.saturating_sub(few.count_total);
        assert!(
            more < 20,
            "{scheme:?}: {more} allocations more for 1980 samples more"
        );
        let bytes = many.bytes_total;
        assert!(
            bytes < 2_000_000 / 5,
            "{scheme:?}: {bytes} bytes beside 2 MB of samples"
        );
    }
}
