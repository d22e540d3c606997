// SPDX-License-Identifier: MPL-2.0
//! An element between two pads of a test, which are its upstream and its downstream.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

pub type Flow = Result<gst::FlowSuccess, gst::FlowError>;

/// What came downstream.
#[derive(Default)]
pub struct Received {
    /// The events of [`NAMED`], a segment with its format and start.
    pub events: Vec<String>,
    pub buffers: Vec<gst::Buffer>,
}

/// The events that a test is told of.
const NAMED: [gst::EventType; 7] = [
    gst::EventType::StreamStart,
    gst::EventType::Caps,
    gst::EventType::Segment,
    gst::EventType::Gap,
    gst::EventType::FlushStop,
    gst::EventType::Eos,
    gst::EventType::CustomDownstream,
];

/// A stream that a test sends.
#[derive(Clone)]
pub struct Stream {
    pub caps: Option<gst::Caps>,
    pub segment: gst::Segment,
    pub buffers: Vec<gst::Buffer>,
}

impl Stream {
    /// Bytes, in buffers of 4 KiB.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self {
            caps: None,
            segment: segment(gst::Format::Bytes),
            buffers: bytes
                .chunks(4096)
                .map(|chunk| gst::Buffer::from_slice(chunk.to_vec()))
                .collect(),
        }
    }

    /// Samples of an elementary stream.
    pub fn of_samples(caps: gst::Caps, buffers: Vec<gst::Buffer>) -> Self {
        Self {
            caps: Some(caps),
            segment: segment(gst::Format::Time),
            buffers,
        }
    }
}

/// A segment of a format, from its beginning.
pub fn segment(format: gst::Format) -> gst::Segment {
    let mut segment = gst::Segment::new();
    segment.reset_with_format(format);
    segment
}

/// The element and its two pads.
pub struct Between {
    pub pipeline: gst::Pipeline,
    pub element: gst::Element,
    /// None if the element reads a file itself.
    source: Option<gst::Pad>,
    sink: gst::Pad,
    received: Arc<Mutex<Received>>,
}

impl Between {
    /// Plays an element called `element`, or a pipeline that ends with it. `answer` is what downstream returns for a buffer.
    pub fn play(line: &str, answer: impl Fn(&Received) -> Flow + Send + Sync + 'static) -> Self {
        Self::play_into(line, false, answer)
    }

    /// As [`Self::play`]; downstream says whether earlier bytes can be rewritten.
    pub fn play_into(
        line: &str,
        is_seekable: bool,
        answer: impl Fn(&Received) -> Flow + Send + Sync + 'static,
    ) -> Self {
        let made = gst::parse::launch(line).unwrap();
        let pipeline = made.downcast().unwrap_or_else(|element| {
            let pipeline = gst::Pipeline::new();
            pipeline.add(&element).unwrap();
            pipeline
        });
        let element = pipeline.by_name("element").unwrap();
        let received = Arc::new(Mutex::new(Received::default()));
        let sink = downstream(Arc::clone(&received), is_seekable, answer);
        sink.set_active(true).unwrap();
        element.static_pad("src").unwrap().link(&sink).unwrap();
        let input = element.static_pad("sink").unwrap();
        let source = (!input.is_linked()).then(|| {
            let source = gst::Pad::new(gst::PadDirection::Src);
            source.set_active(true).unwrap();
            source.link(&input).unwrap();
            source
        });
        pipeline.set_state(gst::State::Playing).unwrap();
        Self {
            pipeline,
            element,
            source,
            sink,
            received,
        }
    }

    /// Sends an event to the element.
    pub fn event(&self, event: gst::Event) -> bool {
        self.source.as_ref().unwrap().push_event(event)
    }

    /// Sends the events at the start of a stream.
    pub fn start(&self, stream: &Stream) {
        self.event(gst::event::StreamStart::new("stream"));
        if let Some(caps) = &stream.caps {
            self.event(gst::event::Caps::new(caps));
        }
        self.event(gst::event::Segment::new(&stream.segment));
    }

    /// Sends a buffer.
    pub fn push(&self, buffer: gst::Buffer) -> Flow {
        self.source.as_ref().unwrap().push(buffer)
    }

    /// Sends a stream without its end, one by one until an error or as one list.
    pub fn send(&self, stream: Stream, as_list: bool) -> Flow {
        self.start(&stream);
        let mut buffers = stream.buffers.into_iter();
        match as_list {
            true => self.source.as_ref().unwrap().push_list(buffers.collect()),
            false => buffers.try_fold(gst::FlowSuccess::Ok, |_, buffer| self.push(buffer)),
        }
    }

    /// Sends the end of the stream.
    pub fn end(&self) -> bool {
        self.event(gst::event::Eos::new())
    }

    /// The events that came downstream since the last call.
    pub fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.received.lock().unwrap().events)
    }

    /// The buffers that came downstream since the last call.
    pub fn buffers(&self) -> Vec<gst::Buffer> {
        std::mem::take(&mut self.received.lock().unwrap().buffers)
    }

    /// Errors and warnings on the bus, by domain and code.
    pub fn messages(&self) -> Vec<String> {
        let bus = self.pipeline.bus().unwrap();
        let kinds = [gst::MessageType::Error, gst::MessageType::Warning];
        std::iter::from_fn(|| bus.pop_filtered(&kinds))
            .map(|message| match message.view() {
                gst::MessageView::Error(error) => code_of(&error.error()),
                gst::MessageView::Warning(warning) => {
                    format!("warning {}", code_of(&warning.error()))
                }
                _ => unreachable!("only messages of these kinds are taken"),
            })
            .collect()
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
        let output = self.element.static_pad("src").unwrap();
        let _ = output.unlink(&self.sink);
        let _ = self.sink.set_active(false);
    }
}

fn code_of(error: &gst::glib::Error) -> String {
    let stream = error.kind::<gst::StreamError>();
    let resource = error.kind::<gst::ResourceError>();
    stream
        .map(|code| format!("stream {code:?}"))
        .or_else(|| resource.map(|code| format!("resource {code:?}")))
        .unwrap_or_else(|| error.to_string())
}

fn downstream(
    received: Arc<Mutex<Received>>,
    is_seekable: bool,
    answer: impl Fn(&Received) -> Flow + Send + Sync + 'static,
) -> gst::Pad {
    let of_events = Arc::clone(&received);
    gst::Pad::builder(gst::PadDirection::Sink)
        .chain_function(move |_, _, buffer| {
            let mut received = received.lock().unwrap();
            received.buffers.push(buffer);
            answer(&received)
        })
        .event_function(move |pad, parent, event| {
            if NAMED.contains(&event.type_()) {
                of_events.lock().unwrap().events.push(named(&event));
            }
            gst::Pad::event_default(pad, parent, event)
        })
        .query_function(move |pad, parent, query| match query.view_mut() {
            gst::QueryViewMut::Seeking(seeking) if is_seekable => {
                let bytes = gst::format::Bytes::from_u64;
                seeking.set(true, bytes(0), bytes(u64::MAX - 1));
                true
            }
            _ => gst::Pad::query_default(pad, parent, query),
        })
        .build()
}

fn named(event: &gst::EventRef) -> String {
    match event.view() {
        gst::EventView::Segment(segment) => {
            let segment = segment.segment();
            format!("segment {:?} {}", segment.format(), segment.start().value())
        }
        gst::EventView::CustomDownstream(custom) => custom.structure().unwrap().name().to_string(),
        _ => event.type_().name().to_string(),
    }
}
