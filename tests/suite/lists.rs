// SPDX-License-Identifier: MPL-2.0
//! The buffers that leave the element: lists, flags and times are the muxer's, samples are encrypted in place, and caps
//! carry the protected header.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::enc;
use crate::in_process;
use crate::media::{Audio, CHUNKED_CMAFMUX, ISOFMP4MUX, Recipe, Video};
use crate::tools::skip;

const MUXERS: [&str; 2] = [ISOFMP4MUX, CHUNKED_CMAFMUX];

#[test]
fn buffer_lists_of_the_muxer_go_through_in_their_shape() {
    for muxer in MUXERS {
        let recipe = Recipe::new(muxer, Video::Avc, Audio::None);
        match recipe.missing() {
            Some(element) => skip("buffer lists", &format!("no element {element}")),
            None => in_process::run(
                "lists::compares_what_enters_with_what_leaves",
                OsStr::new(muxer),
            ),
        }
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn compares_what_enters_with_what_leaves() {
    let Some(argument) = in_process::argument() else {
        return;
    };
    let muxer = MUXERS.into_iter().find(|muxer| *muxer == argument).unwrap();
    gst::init().unwrap();
    let tail = format!("{} name=enc ! fakesink name=out", enc::one_key("cenc"));
    let line = Recipe::new(muxer, Video::Avc, Audio::None).pipeline(&tail);
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let element = pipeline.by_name("enc").unwrap();
    let entering = record(&element.static_pad("sink").unwrap());
    let leaving = record(&element.static_pad("src").unwrap());
    let caps = caps_of(&element.static_pad("src").unwrap());
    in_process::run_to_the_end(&pipeline);
    let (entering, leaving) = (entering.lock().unwrap(), leaving.lock().unwrap());
    let shapes = |lists: &[Vec<Shape>]| -> Vec<usize> { lists.iter().map(Vec::len).collect() };
    assert_eq!(shapes(&entering), shapes(&leaving), "buffers of each list");
    for (before, after) in entering.iter().flatten().zip(leaving.iter().flatten()) {
        before.compare(after);
    }
    let header = &leaving[0][0];
    let flags = gst::BufferFlags::DISCONT | gst::BufferFlags::HEADER;
    assert!(header.flags.contains(flags), "{:?}", header.flags);
    let caps = caps.lock().unwrap();
    let stream_header = caps.last().expect("caps leave the element");
    assert!(
        *stream_header == header.bytes,
        "streamheader is not the protected header"
    );
    assert!(contains(stream_header, b"encv") && !contains(stream_header, b"avc1\0\0\0\0\0\0"));
}

fn contains(bytes: &[u8], searched: &[u8]) -> bool {
    bytes
        .windows(searched.len())
        .any(|window| window == searched)
}

/// A buffer as downstream sees it.
struct Shape {
    times: [Option<gst::ClockTime>; 3],
    flags: gst::BufferFlags,
    bytes: Vec<u8>,
    /// The address of the bytes.
    address: usize,
}

impl Shape {
    fn of(buffer: &gst::BufferRef) -> Self {
        let map = buffer.map_readable().unwrap();
        Self {
            times: [buffer.pts(), buffer.dts(), buffer.duration()],
            flags: buffer.flags(),
            bytes: map.to_vec(),
            address: map.as_ptr().addr(),
        }
    }

    /// Checks that times and flags are the same, and that a sample keeps its size and its address.
    fn compare(&self, after: &Self) {
        assert_eq!(self.times, after.times);
        let kept = self.flags.difference(gst::BufferFlags::TAG_MEMORY);
        assert_eq!(kept, after.flags.difference(gst::BufferFlags::TAG_MEMORY));
        if !self.flags.contains(gst::BufferFlags::HEADER) && !self.bytes[4..].starts_with(b"moof") {
            assert_eq!(self.bytes.len(), after.bytes.len(), "size of a sample");
            assert_eq!(self.address, after.address, "a sample was copied");
        }
    }
}

type Lists = Arc<Mutex<Vec<Vec<Shape>>>>;

fn record(pad: &gst::Pad) -> Lists {
    let lists = Lists::default();
    let recorded = Arc::clone(&lists);
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(kinds, move |_, info| {
        let shapes = match &info.data {
            Some(gst::PadProbeData::BufferList(list)) => list.iter().map(Shape::of).collect(),
            other => panic!("not a buffer list: {other:?}"),
        };
        recorded.lock().unwrap().push(shapes);
        gst::PadProbeReturn::Ok
    });
    lists
}

/// The bytes of the streamheader of each caps that a pad sends.
fn caps_of(pad: &gst::Pad) -> Arc<Mutex<Vec<Vec<u8>>>> {
    let headers = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&headers);
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &info.data
            && let gst::EventView::Caps(caps) = event.view()
        {
            let structure = caps.caps().structure(0).unwrap();
            let header = structure.get::<gst::Array>("streamheader").unwrap();
            let buffer = header[0].get::<gst::Buffer>().unwrap();
            recorded
                .lock()
                .unwrap()
                .push(buffer.map_readable().unwrap().to_vec());
        }
        gst::PadProbeReturn::Ok
    });
    headers
}
