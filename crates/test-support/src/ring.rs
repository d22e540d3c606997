// SPDX-License-Identifier: MPL-2.0
//! Sends buffers through an element again and again.

use std::sync::{Arc, Mutex};

use cenc_types::Scheme;
use gst::prelude::*;

/// The content key of the element.
pub const KEY: [u8; 16] = [0x3a; 16];
const KID: &str = "10101010-1010-1010-1010-101010101010";

/// A slice of an IDR picture, cut to `len` bytes. It consists of length, NAL unit header, slice header and data.
pub fn slice(len: usize) -> Vec<u8> {
    let mut sample = u32::try_from(len - 4).unwrap().to_be_bytes().to_vec();
    sample.extend([0x65, 0x88, 0x84, 0xff, 0xff]);
    sample.resize(len, 0x5a);
    sample
}

/// Caps of H.264 in MP4 form.
pub fn avc_caps() -> gst::Caps {
    format!(
        "video/x-h264, stream-format=avc, alignment=au, width=16, height=16, codec_data=(buffer){AVCC}"
    ).parse().unwrap()
}

/// The configuration of a picture of 16 x 16 pixels, which x264 wrote in baseline profile.
const AVCC: &str =
    "0142c015ffe1001a6742c015da7b016a0c0c0d4a000003000200000300791e2c5d4001000468ce3c80";

/// Caps of AAC.
pub fn aac_caps() -> gst::Caps {
    gst::Caps::builder("audio/mpeg")
        .field("mpegversion", 4)
        .field("stream-format", "raw")
        .field("framed", true)
        .field("rate", 48_000)
        .field("channels", 2)
        .field("codec_data", gst::Buffer::from_slice([0x11, 0x90]))
        .build()
}

/// An element between a source and a sink that return each buffer to the caller.
pub struct Ring {
    source: gst::Pad,
    _sink: gst::Pad,
    element: gst::Element,
    back: Arc<Mutex<Option<gst::Buffer>>>,
}

impl Ring {
    /// Links the element and starts it with these caps.
    pub fn new(element: gst::Element, caps: &gst::Caps) -> Self {
        let back = Arc::new(Mutex::new(None));
        let source = gst::Pad::builder(gst::PadDirection::Src).build();
        let taken = Arc::clone(&back);
        let sink = gst::Pad::builder(gst::PadDirection::Sink)
            .chain_function(move |_, _, buffer| {
                *taken.lock().unwrap() = Some(buffer);
                Ok(gst::FlowSuccess::Ok)
            })
            .build();
        source.link(&element.static_pad("sink").unwrap()).unwrap();
        element.static_pad("src").unwrap().link(&sink).unwrap();
        sink.set_active(true).unwrap();
        source.set_active(true).unwrap();
        element.set_bus(Some(&gst::Bus::new()));
        element.set_state(gst::State::Playing).unwrap();
        source.push_event(gst::event::StreamStart::new("bench"));
        source.push_event(gst::event::Caps::new(caps));
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        source.push_event(gst::event::Segment::new(&segment));
        Self {
            source,
            _sink: sink,
            element,
            back,
        }
    }

    /// Sends a buffer through the element, and removes the meta that the element has added.
    pub fn turn(&self, buffer: &mut Option<gst::Buffer>) {
        if self.source.push(buffer.take().unwrap()).is_err() {
            panic!(
                "{:?}",
                self.element
                    .bus()
                    .unwrap()
                    .pop_filtered(&[gst::MessageType::Error])
            );
        }
        let mut back = self.back.lock().unwrap().take().unwrap();
        let meta = back.make_mut().meta_mut::<gst::meta::ProtectionMeta>();
        if let Some(meta) = meta {
            meta.remove().unwrap();
        }
        *buffer = Some(back);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.element.set_state(gst::State::Null).unwrap();
    }
}

/// A `cencenc` with this key.
pub fn cencenc(scheme: Scheme) -> gst::Element {
    gst::ElementFactory::make("cencenc")
        .property_from_str("scheme", scheme.name())
        .property("key-id", KID)
        .property("key", "3a".repeat(16))
        .build()
        .unwrap()
}
