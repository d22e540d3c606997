// SPDX-License-Identifier: MPL-2.0
//! Counts the allocations for a buffer: GStreamer allocates its meta, and the plugin allocates nothing.

use allocation_counter::measure;
use cenc_types::Scheme;
use test_support::ring;

/// Sends a buffer through `cencenc`. GStreamer allocates the meta itself, outside the count.
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
