// SPDX-License-Identifier: MPL-2.0
//! What is allocated while a stream runs: nothing for a sample, but the meta of a buffer by GStreamer, and of a fragment nothing
//! but its boxes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![expect(dead_code, reason = "the suite's builder of streams has more")]

#[path = "suite/mp4_stream/build.rs"]
mod build;
#[path = "../benches/mp4/packager.rs"]
mod packager;
#[path = "../benches/cencenc/ring.rs"]
mod ring;

use allocation_counter::{AllocationInfo, measure};
use bytes::BytesMut;
use cenc_types::{ContentKey, Iv, Pattern, Scheme};
use codec_headers::Codec;
use common_encryption::{IvSource, Method, SampleCipher, SampleProtector};
use zeroize::Zeroizing;

use build::{Base, ftyp, moof, moov, tfhd, traf, trun};
use packager::Channel;

/// An `avcC` with parameter sets as short as they get, and a sample of two slices of an IDR picture.
fn avc() -> (Codec, Vec<u8>) {
    let config = [
        1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 7, 0x67, 0x42, 0, 0x1e, 0xf8, 0x41, 0xa2, 1, 0, 4, 0x68,
        0xce, 0x38, 0x80,
    ];
    let slice = [&[0, 0, 16, 0, 0x65, 0x88, 0x84], [0x5a; 4093].as_slice()].concat();
    let codec = Codec::new(*b"avc1", Some(&config)).unwrap();
    (codec, [slice.clone(), slice].concat())
}

#[test]
fn sample_in_the_steady_state_allocates_nothing() {
    let cipher = SampleCipher::new(&ContentKey::from_bytes(Zeroizing::new([7; 16])));
    for scheme in Scheme::ALL {
        for (mut codec, mut sample) in [avc(), (Codec::new(*b"mp4a", None).unwrap(), vec![5; 400])]
        {
            let pattern = match scheme.has_pattern() {
                true => Pattern::ONE_IN_TEN,
                false => Pattern::NONE,
            };
            let method = Method { scheme, pattern };
            let mut ivs = IvSource::new(scheme, Iv::new(&[1; 16]).unwrap()).unwrap();
            let mut protector = SampleProtector::default();
            let mut protect = || {
                let how = (&mut codec, method);
                protector
                    .protect(&mut sample, how, (&cipher, &mut ivs))
                    .unwrap();
            };
            protect();
            assert_eq!(measure(protect).count_total, 0, "{scheme:?}");
        }
    }
}

/// What the third of three fragments allocates, of a track with this many samples of 1000 bytes.
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

/// A buffer through `cencenc`; GStreamer allocates the meta by itself, which is not counted.
#[test]
fn buffer_in_the_steady_state_allocates_nothing_but_its_meta() {
    gst::init().unwrap();
    gstplayready::plugin_register_static().unwrap();
    for scheme in Scheme::ALL {
        for (caps, sample) in [
            (ring::aac_caps(), vec![0x21; 400]),
            (ring::avc_caps(), ring::slice(20_000)),
        ] {
            let ring = ring::Ring::new(ring::cencenc(scheme), &caps);
            let mut buffer = Some(gst::Buffer::from_mut_slice(sample));
            ring.turn(&mut buffer);
            ring.turn(&mut buffer);
            let info = measure(|| ring.turn(&mut buffer));
            assert_eq!(info.count_total, 0, "{scheme:?}, {caps}");
        }
    }
}
