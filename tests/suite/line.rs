// SPDX-License-Identifier: MPL-2.0
//! An element between pads of a test, which needs no pipeline and no thread.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

/// An element between pads of the test.
pub struct Line {
    source: gst::Pad,
    sink: gst::Pad,
    element: gst::Element,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Line {
    /// Starts the element, described in gst-launch's language. Input without caps is a stream of bytes.
    pub fn new(element: &str, caps: Option<&gst::Caps>) -> Self {
        let element = gst::parse::launch(element).unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&output);
        let source = gst::Pad::builder(gst::PadDirection::Src).build();
        let sink = gst::Pad::builder(gst::PadDirection::Sink)
            .chain_function(move |_, _, buffer| {
                let bytes = buffer.map_readable().unwrap();
                collected.lock().unwrap().extend_from_slice(&bytes);
                Ok(gst::FlowSuccess::Ok)
            })
            .build();
        source.link(&element.static_pad("sink").unwrap()).unwrap();
        element.static_pad("src").unwrap().link(&sink).unwrap();
        sink.set_active(true).unwrap();
        source.set_active(true).unwrap();
        element.set_bus(Some(&gst::Bus::new()));
        element.set_state(gst::State::Playing).unwrap();
        source.push_event(gst::event::StreamStart::new("mutation"));
        if let Some(caps) = caps {
            source.push_event(gst::event::Caps::new(caps));
        }
        let is_file =
            caps.is_none_or(|caps| caps.iter().any(|caps| caps.name() == "video/quicktime"));
        let segment = match is_file {
            true => gst::FormattedSegment::<gst::format::Bytes>::new().upcast(),
            false => gst::FormattedSegment::<gst::ClockTime>::new().upcast(),
        };
        source.push_event(gst::event::Segment::new(&segment));
        Self {
            source,
            sink,
            element,
            output,
        }
    }

    /// Pushes a buffer; false if it is refused.
    pub fn push(&self, bytes: &[u8]) -> bool {
        let mut buffer = gst::Buffer::from_slice(bytes.to_vec());
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::ZERO);
        self.source.push(buffer).is_ok()
    }

    /// Ends the stream; false if the element posts an error.
    pub fn end(&self) -> bool {
        self.source.push_event(gst::event::Eos::new());
        let bus = self.element.bus().unwrap();
        bus.pop_filtered(&[gst::MessageType::Error]).is_none()
    }

    /// The caps of the output.
    pub fn caps(&self) -> gst::Caps {
        self.sink.current_caps().unwrap()
    }

    /// Takes the bytes that have left the element.
    pub fn output(&self) -> Vec<u8> {
        std::mem::take(&mut *self.output.lock().unwrap())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.element.set_state(gst::State::Null).unwrap();
    }
}
