// SPDX-License-Identifier: MPL-2.0
//! Allocations for each sample.

use allocation_counter::measure;
use cenc_types::{ContentKey, Iv, Pattern, Scheme};
use codec_headers::Codec;
use common_encryption::{EncryptionMethod, IvSource, SampleCipher, SampleProtector};
use zeroize::Zeroizing;

/// An `avcC` with the shortest parameter sets, and a sample of two slices of an IDR picture.
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
            let method = EncryptionMethod { scheme, pattern };
            let mut ivs = IvSource::new(scheme, Iv::new(&[1; 16]).unwrap()).unwrap();
            let mut protector = SampleProtector::default();
            let mut protect = || {
                protector
                    .protect(&mut sample, &mut codec, method, &cipher, &mut ivs)
                    .unwrap();
            };
            protect();
            assert_eq!(measure(protect).count_total, 0, "{scheme:?}");
        }
    }
}
