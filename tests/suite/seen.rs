// SPDX-License-Identifier: MPL-2.0
//! The output of a pipeline of one stream: caps, protection events and buffers, in their order.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::in_process;

/// An item that passed a pad.
pub enum Item {
    Caps(gst::Caps),
    Segment,
    /// The SystemID, data and origin of a protection event.
    Protection(String, Vec<u8>, String),
    Buffer(gst::Buffer),
}

/// The items in their order.
#[derive(Default)]
pub struct Seen(pub Vec<Item>);

/// The items that a probe collects while the pipeline runs.
pub type Recorder = Arc<Mutex<Seen>>;

/// Plays a pipeline to its end and returns the items at its sink called `out`.
pub fn of(line: &str) -> Seen {
    let pipeline = in_process::pipeline(line);
    let out = pipeline.by_name("out").unwrap();
    let recorder = record(&out.static_pad("sink").unwrap());
    in_process::run_to_the_end(&pipeline);
    drop((out, pipeline));
    take(&recorder)
}

/// Collects the items that pass a pad.
pub fn record(pad: &gst::Pad) -> Recorder {
    let recorder = Recorder::default();
    let items = Arc::clone(&recorder);
    let kinds = gst::PadProbeType::BUFFER
        | gst::PadProbeType::BUFFER_LIST
        | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| {
        // Copies the memory: decoders reuse the memory of buffers.
        let copy = |buffer: &gst::BufferRef| Item::Buffer(buffer.copy_deep().unwrap());
        let seen: Vec<_> = match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => vec![copy(buffer)],
            Some(gst::PadProbeData::BufferList(list)) => list.iter().map(copy).collect(),
            Some(gst::PadProbeData::Event(event)) => item_of(event).into_iter().collect(),
            _ => Vec::new(),
        };
        items.lock().unwrap().0.extend(seen);
        gst::PadProbeReturn::Ok
    });
    recorder
}

pub fn take(recorder: &Recorder) -> Seen {
    std::mem::take(&mut recorder.lock().unwrap())
}

fn item_of(event: &gst::Event) -> Option<Item> {
    match event.view() {
        gst::EventView::Caps(caps) => Some(Item::Caps(caps.caps_owned())),
        gst::EventView::Segment(_) => Some(Item::Segment),
        gst::EventView::Protection(event) => {
            let (system, data, origin) = event.get();
            let data = data.map_readable().unwrap().to_vec();
            let origin = origin.unwrap_or_default().to_owned();
            Some(Item::Protection(system.to_owned(), data, origin))
        }
        _ => None,
    }
}

impl Seen {
    pub fn buffers(&self) -> Vec<&gst::Buffer> {
        let buffers = self.0.iter().filter_map(|item| match item {
            Item::Buffer(buffer) => Some(buffer),
            _ => None,
        });
        buffers.collect()
    }

    /// The bytes of each buffer.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let buffers = self.buffers().into_iter();
        buffers
            .map(|b| b.map_readable().unwrap().to_vec())
            .collect()
    }

    /// The number of bytes of each buffer.
    pub fn lengths(&self) -> Vec<usize> {
        self.buffers().iter().map(|buffer| buffer.size()).collect()
    }

    /// The last caps.
    pub fn caps(&self) -> &gst::Caps {
        let caps = self.0.iter().rev().find_map(|item| match item {
            Item::Caps(caps) => Some(caps),
            _ => None,
        });
        caps.expect("caps come before all else")
    }

    /// The protection events.
    pub fn events(&self) -> Vec<(&str, &[u8], &str)> {
        let events = self.0.iter().filter_map(|item| match item {
            Item::Protection(system, data, origin) => {
                Some((system.as_str(), data.as_slice(), origin.as_str()))
            }
            _ => None,
        });
        events.collect()
    }

    /// The kinds of the items. A run of buffers counts as one.
    pub fn order(&self) -> Vec<&'static str> {
        let kinds = self.0.iter().map(|item| match item {
            Item::Caps(_) => "caps",
            Item::Segment => "segment",
            Item::Protection(..) => "protection",
            Item::Buffer(_) => "buffers",
        });
        let mut kinds: Vec<_> = kinds.collect();
        kinds.dedup();
        kinds
    }

    /// The fields of each buffer's protection meta as text, sorted. A buffer in a field appears as its bytes.
    pub fn metas(&self) -> Vec<Vec<String>> {
        self.buffers().into_iter().map(|b| meta(b)).collect()
    }
}

/// The fields of a buffer's protection meta. Empty without a meta.
pub fn meta(buffer: &gst::BufferRef) -> Vec<String> {
    let metas: Vec<_> = buffer.iter_meta::<gst::meta::ProtectionMeta>().collect();
    assert!(metas.len() <= 1, "several protection metas");
    let fields = metas.iter().flat_map(|meta| meta.info().iter());
    let field = |(name, value): (_, &gst::glib::SendValue)| match value.get::<gst::Buffer>() {
        Ok(buffer) => format!("{name}={:02x?}", buffer.map_readable().unwrap().as_slice()),
        Err(_) => format!("{name}={value:?}"),
    };
    let mut fields: Vec<_> = fields.map(field).collect();
    fields.sort();
    fields
}

/// Sends buffers through an element. Returns its output and the error that ended it.
pub fn feed(
    element: &str,
    parts: Vec<(gst::Caps, Vec<gst::Buffer>)>,
) -> (Seen, Option<gst::Message>) {
    let line = format!("appsrc name=in format=time ! {element} name=element ! fakesink name=out");
    let pipeline = in_process::pipeline(&line);
    let source = pipeline.by_name("in").unwrap();
    let sink = pipeline.by_name("out").unwrap().static_pad("sink").unwrap();
    let recorder = record(&sink);
    for (caps, buffers) in parts {
        for buffer in buffers {
            let sample = gst::Sample::builder().caps(&caps).buffer(&buffer).build();
            // The reference that the sample holds would make the buffer shared.
            drop(buffer);
            let pushed: gst::FlowReturn = source.emit_by_name("push-sample", &[&sample]);
            assert_eq!(pushed, gst::FlowReturn::Ok);
        }
    }
    let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    let _ = pipeline.set_state(gst::State::Playing);
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds);
    let message = message.expect("the pipeline ends within 30 seconds");
    pipeline.set_state(gst::State::Null).unwrap();
    let error = (message.type_() == gst::MessageType::Error).then_some(message);
    (take(&recorder), error)
}
