// SPDX-License-Identifier: MPL-2.0
//! An element between two pads of a test, which are its upstream and its downstream.

use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// The number of seeks that came upstream.
    seeks: Arc<AtomicUsize>,
    received: Arc<Mutex<Received>>,
    posted: Arc<Mutex<Vec<gst::Message>>>,
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
        // A muxer has pads on request only. One in a pipeline has its own already, and would wait for the stream of another.
        let has_input = !element.sink_pads().is_empty();
        let input = match has_input {
            true => element.static_pad("sink"),
            false => element.request_pad_simple("video_%u"),
        };
        let seeks = Arc::new(AtomicUsize::new(0));
        let source = input.filter(|input| !input.is_linked()).map(|input| {
            let source = upstream(Arc::clone(&seeks));
            source.set_active(true).unwrap();
            source.link(&input).unwrap();
            source
        });
        let posted = posted(&pipeline);
        pipeline.set_state(gst::State::Playing).unwrap();
        Self {
            pipeline,
            element,
            source,
            sink,
            seeks,
            received,
            posted,
        }
    }

    /// Sends an event to the element.
    pub fn event(&self, event: gst::Event) -> bool {
        self.source.as_ref().unwrap().push_event(event)
    }

    /// Sends an event to the element from downstream.
    pub fn event_from_downstream(&self, event: gst::Event) -> bool {
        self.sink.push_event(event)
    }

    /// The number of seeks that came to the source, which takes none.
    pub fn seeks(&self) -> usize {
        self.seeks.load(Ordering::Relaxed)
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

    /// The states of protection that came downstream since the last call, each with the number of buffers before it. The bus must have
    /// the same.
    pub fn states(&self) -> Vec<String> {
        let posted: Vec<String> = self
            .take_posted(&[gst::MessageType::Element])
            .into_iter()
            .filter_map(|message| message.structure().map(ToOwned::to_owned))
            .filter(|structure| structure.name() == "playready-protection-state")
            .map(|structure| state_of(&structure))
            .collect();
        let events = self.events();
        let states = events.into_iter().filter(|event| event.contains(" at "));
        let states: Vec<String> = states.collect();
        assert_eq!(posted.len(), states.len(), "{posted:?}, {states:?}");
        for (posted, sent) in posted.iter().zip(&states) {
            assert!(sent.starts_with(posted.as_str()), "{posted}, {sent}");
        }
        states
    }

    /// The messages of some kinds that were posted since the last call for these.
    fn take_posted(&self, kinds: &[gst::MessageType]) -> Vec<gst::Message> {
        let mut posted = self.posted.lock().unwrap();
        posted
            .extract_if(.., |message| kinds.contains(&message.type_()))
            .collect()
    }

    /// Waits for the end of the stream.
    pub fn until_end(&self) {
        let has_ended = || {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let received = self.received.lock().unwrap();
            received.events.iter().any(|event| event == "eos")
        };
        let ended = (0..4000).any(|_| has_ended());
        assert!(ended, "no end: {:?}", self.messages());
    }

    /// Waits until an event came downstream or an error was posted.
    pub fn until_event_or_error(&self, event: &str) {
        let has_come = || {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let received = self.received.lock().unwrap();
            let posted = self.posted.lock().unwrap();
            received.events.iter().any(|other| other == event)
                || posted
                    .iter()
                    .any(|message| message.type_() == gst::MessageType::Error)
        };
        assert!(
            (0..4000).any(|_| has_come()),
            "neither {event} nor an error"
        );
    }

    /// Errors and warnings on the bus, by domain and code.
    pub fn messages(&self) -> Vec<String> {
        let kinds = [gst::MessageType::Error, gst::MessageType::Warning];
        self.take_posted(&kinds)
            .into_iter()
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

/// Collects the messages of a pipeline.
fn posted(pipeline: &gst::Pipeline) -> Arc<Mutex<Vec<gst::Message>>> {
    let posted = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&posted);
    pipeline.bus().unwrap().set_sync_handler(move |_, message| {
        kept.lock().unwrap().push(message.clone());
        gst::BusSyncReply::Drop
    });
    posted
}

impl Drop for Between {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
        let output = self.element.static_pad("src").unwrap();
        let _ = output.unlink(&self.sink);
        let _ = self.sink.set_active(false);
        self.pipeline.bus().unwrap().unset_sync_handler();
        self.posted.lock().unwrap().clear();
    }
}

/// True for the events of keys, of which a test is not told.
fn is_message_of_keys(name: &str) -> bool {
    ["playready-protection", "playready-key-change"].contains(&name)
}

/// The state of protection in a structure, and the milliseconds at which it begins.
fn state_of(structure: &gst::StructureRef) -> String {
    assert_eq!(structure.name(), "playready-protection-state");
    let at: gst::ClockTime = structure.get("running-time").unwrap();
    let state = match structure.get("protected").unwrap() {
        true => "protected",
        false => "clear",
    };
    assert_eq!(structure.has_field("key-id"), state == "protected");
    format!("{state} at {}", at.mseconds())
}

fn code_of(error: &gst::glib::Error) -> String {
    let stream = error.kind::<gst::StreamError>();
    let resource = error.kind::<gst::ResourceError>();
    stream
        .map(|code| format!("stream {code:?}"))
        .or_else(|| resource.map(|code| format!("resource {code:?}")))
        .unwrap_or_else(|| error.to_string())
}

fn upstream(seeks: Arc<AtomicUsize>) -> gst::Pad {
    gst::Pad::builder(gst::PadDirection::Src)
        .event_function(move |_, _, event| {
            let is_seek = event.type_() == gst::EventType::Seek;
            seeks.fetch_add(usize::from(is_seek), Ordering::Relaxed);
            !is_seek
        })
        .build()
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
            let is_other = event
                .structure()
                .is_some_and(|structure| is_message_of_keys(structure.name()));
            if NAMED.contains(&event.type_()) && !is_other {
                let mut received = of_events.lock().unwrap();
                let name = named(&event, received.buffers.len());
                received.events.push(name);
            }
            gst::Pad::event_default(pad, parent, event)
        })
        .query_function(move |pad, parent, query| match query.view_mut() {
            gst::QueryViewMut::Seeking(seeking) if is_seekable => {
                let bytes = gst::format::Bytes::from_u64;
                seeking.set(true, bytes(0), bytes(u64::MAX - 1));
                true
            }
            // By default a pad without a template takes no caps but its first.
            gst::QueryViewMut::Caps(caps) => {
                let any = gst::Caps::new_any();
                caps.set_result(&caps.filter_owned().unwrap_or(any));
                true
            }
            _ => gst::Pad::query_default(pad, parent, query),
        })
        .build()
}

/// The name of an event that comes after some buffers, with what a test wants to know of it.
fn named(event: &gst::EventRef, after: usize) -> String {
    match event.view() {
        gst::EventView::Segment(segment) => {
            let segment = segment.segment();
            format!("segment {:?} {}", segment.format(), segment.start().value())
        }
        gst::EventView::CustomDownstream(custom) => {
            format!("{} after {after}", state_of(custom.structure().unwrap()))
        }
        _ => event.type_().name().to_string(),
    }
}
