// SPDX-License-Identifier: MPL-2.0
//! Times `cencenc` per buffer, next to `identity`, which does nothing, and next to its cipher alone. Buffers pass the
//! element again and again, without their meta, so that only the work of the element is timed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark, of its own data"
)]

use cenc_types::{ContentKey, Iv, Pattern, Scheme, Subsample};
use common_encryption::{EncryptionMethod, SampleCipher};
use test_support::measure::{Variant, compare};
use test_support::ring::{KEY, Ring, aac_caps, avc_caps, cencenc, slice};
use zeroize::Zeroizing;

/// The buffers in a turn: a turn takes as many microseconds as a buffer takes nanoseconds.
const COUNT: usize = 1000;

fn buffers(name: &str, sample: &[u8], (caps, scheme): (&gst::Caps, Scheme)) {
    let pattern = match sample.len() > 4096 && scheme.has_pattern() {
        true => Pattern::ONE_IN_TEN,
        false => Pattern::NONE,
    };
    let map = match sample.len() > 4096 {
        true => vec![Subsample {
            clear_bytes: 16,
            protected_bytes: u32::try_from(sample.len() - 16).unwrap(),
        }],
        false => Vec::new(),
    };
    let idle = Ring::new(gst::ElementFactory::make("identity").build().unwrap(), caps);
    let own = Ring::new(cencenc(scheme), caps);
    let cipher = SampleCipher::new(&ContentKey::from_bytes(Zeroizing::new(KEY)));
    let method = EncryptionMethod { scheme, pattern };
    let iv = Iv::new(&[7; 16]).unwrap();
    let mut data = sample.to_vec();
    let [mut one, mut other] = [(); 2].map(|()| Some(gst::Buffer::from_mut_slice(sample.to_vec())));
    let variants = vec![
        Variant::new("identity", || (0..COUNT).for_each(|_| idle.turn(&mut one))),
        Variant::new("cencenc", || (0..COUNT).for_each(|_| own.turn(&mut other))),
        Variant::new("its cipher alone", || {
            for _ in 0..COUNT {
                cipher.encrypt(method, &iv, &mut data, &map).unwrap();
            }
        }),
    ];
    compare(
        &format!("{scheme:?}, {COUNT} {name}"),
        sample.len() * COUNT,
        variants,
    );
}

fn main() {
    gst::init().unwrap();
    gstplayready::plugin_register_static().unwrap();
    for scheme in [Scheme::Cenc, Scheme::Cbcs] {
        buffers(
            "AAC buffers of 400 bytes",
            &[0x21; 400],
            (&aac_caps(), scheme),
        );
        buffers(
            "AVC buffers of 20 kB",
            &slice(20_000),
            (&avc_caps(), scheme),
        );
    }
    println!("a turn's microseconds are a buffer's nanoseconds");
}
