// SPDX-License-Identifier: MPL-2.0
//! The element as an application sees it: its message at the start, and its values after a restart.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::boxes::top_level;
use crate::enc;
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::no_iv_repeats;

#[test]
fn the_element_tells_of_its_protection_and_keeps_its_ivs_apart_from_start_to_start() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
    in_process::run(
        "state::starts_the_given_file_again_and_again",
        clear.as_os_str(),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn starts_the_given_file_again_and_again() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let line = format!(
        "filesrc location={} ! {} iv=00112233445566ff name=enc ! fakesink name=out",
        file.display(),
        enc::one_key("cenc")
    );
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let element = pipeline.by_name("enc").unwrap();
    let seen = record(&element.static_pad("src").unwrap());
    let mut movies = Vec::new();
    for _ in 0..3 {
        let message = play(&pipeline);
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(message.get::<&str>("key-id"), Ok(enc::KID));
        for property in ["content-protection", "hls-key", "playready-object"] {
            let value = element.property::<String>(property);
            assert_eq!(message.get::<String>(property), Ok(value), "{property}");
        }
        let movie = Movie::parse(seen.bytes);
        assert_eq!(seen.events, [(0, pssh(&movie))], "protection events");
        movies.push(movie);
    }
    no_iv_repeats(&movies);
    for secret in ["key", "key-seed"] {
        let flags = element.find_property(secret).unwrap().flags();
        assert!(!flags.contains(gst::glib::ParamFlags::READABLE), "{secret}");
    }
}

/// The whole `pssh` box of a file.
fn pssh(movie: &Movie) -> Vec<u8> {
    let boxes = top_level(&movie.file);
    let moov = boxes.iter().find(|piece| &piece.kind == b"moov").unwrap();
    let pssh = moov.at(&[b"pssh"]);
    movie.file[pssh.start..pssh.end].to_vec()
}

/// Plays to the end and returns the structure of the message in which the element describes its protection.
fn play(pipeline: &gst::Pipeline) -> gst::Structure {
    let messages = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&messages);
    let bus = pipeline.bus().unwrap();
    bus.set_sync_handler(move |_, message| {
        let structure = message
            .structure()
            .filter(|s| s.name() == "playready-protection");
        kept.lock()
            .unwrap()
            .extend(structure.map(ToOwned::to_owned));
        gst::BusSyncReply::Pass
    });
    in_process::run_to_the_end(pipeline);
    bus.unset_sync_handler();
    let mut messages = messages.lock().unwrap();
    assert_eq!(messages.len(), 1, "messages: {messages:?}");
    messages.remove(0)
}

/// The output of a pad: its bytes, and the protection events with the number of bytes before each.
#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    events: Vec<(usize, Vec<u8>)>,
}

fn record(pad: &gst::Pad) -> Arc<Mutex<Seen>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let recorded = Arc::clone(&seen);
    let kinds = gst::PadProbeType::BUFFER
        | gst::PadProbeType::BUFFER_LIST
        | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| {
        let mut seen = recorded.lock().unwrap();
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => seen.take(buffer),
            Some(gst::PadProbeData::BufferList(list)) => list.iter().for_each(|b| seen.take(b)),
            Some(gst::PadProbeData::Event(event)) => {
                if let gst::EventView::Protection(event) = event.view() {
                    let place = seen.bytes.len();
                    let data = event.get().1.map_readable().unwrap().to_vec();
                    seen.events.push((place, data));
                }
            }
            _ => (),
        }
        gst::PadProbeReturn::Ok
    });
    seen
}

impl Seen {
    fn take(&mut self, buffer: &gst::BufferRef) {
        let map = buffer.map_readable().unwrap();
        self.bytes.extend_from_slice(&map);
    }
}
