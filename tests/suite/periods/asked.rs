// SPDX-License-Identifier: MPL-2.0
//! An application's questions to a running element, its answers, and the messages about key changes.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

use super::{SECOND, changes, key_of, moofs};
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::seen::{self, Item};

/// Runs a test of this file on the clear fragmented file.
fn on_the_fragmented_file(test: &str) {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
    in_process::run(&format!("periods::asked::{test}"), clear.as_os_str());
}

/// A pipeline from the file of this process through an element called `enc`, fragment by fragment.
fn pipeline(element: &str) -> Option<gst::Pipeline> {
    let file = in_process::argument()?;
    gst::init().unwrap();
    let line = format!(
        "filesrc location={} blocksize=512 ! queue ! {element} name=enc ! fakesink name=out",
        file.display()
    );
    Some(in_process::pipeline(&line))
}

/// Collects the structures of one name that the element posts.
fn messages(pipeline: &gst::Pipeline, name: &'static str) -> Arc<Mutex<Vec<gst::Structure>>> {
    let messages = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&messages);
    pipeline.bus().unwrap().set_sync_handler(move |_, message| {
        let structure = message.structure().filter(|s| s.name() == name);
        kept.lock()
            .unwrap()
            .extend(structure.map(ToOwned::to_owned));
        gst::BusSyncReply::Pass
    });
    messages
}

#[test]
fn application_is_asked_for_keys_and_told_of_changes() {
    on_the_fragmented_file("answers_request_key");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn answers_request_key() {
    let Some(pipeline) = pipeline(&format!("playreadyenc crypto-period={SECOND}")) else {
        return;
    };
    let element = pipeline.by_name("enc").unwrap();
    element.connect("request-key", false, |values| {
        let question: gst::Structure = values[1].get().unwrap();
        let period: u64 = question.get("period").unwrap();
        let [kid, key] = key_of(u8::try_from(period).unwrap(), 0);
        let answer = gst::Structure::builder("keys")
            .field("key-id", kid)
            .field("key", key)
            .field("license-store", "bGVhZiBsaWNlbmNl")
            .build();
        Some(Some(answer).to_value())
    });
    let messages = messages(&pipeline, "playready-key-change");
    let recorder = seen::record(&pipeline.by_name("out").unwrap().static_pad("sink").unwrap());
    in_process::run_to_the_end(&pipeline);
    let seen = seen::take(&recorder);
    let movie = Movie::parse(seen.bytes().concat());

    for track in &movie.tracks {
        let periods: Vec<_> = changes(track)
            .into_iter()
            .map(|(_, period)| period)
            .collect();
        assert_eq!(periods, [Some(0), Some(1), Some(2)]);
    }
    let messages = messages.lock().unwrap();
    let periods: Vec<u64> = messages.iter().map(|s| s.get("period").unwrap()).collect();
    assert_eq!(periods, [1, 2]);
    for (change, period) in messages.iter().zip(1..) {
        let kid = uuid(&key_of(period, 0)[0]);
        assert_eq!(change.get::<String>("key-id").unwrap(), kid);
        assert!(
            change
                .get::<String>("content-protection")
                .unwrap()
                .contains(&kid)
        );
        let time: gst::ClockTime = change.get("running-time").unwrap();
        let expected = gst::ClockTime::from_seconds(u64::from(period));
        assert!(
            time.absdiff(expected) < gst::ClockTime::from_mseconds(100),
            "{time}"
        );
    }
    let stats: gst::Structure = element.property("stats");
    assert_eq!(stats.get::<u64>("key-changes"), Ok(2));
    events_stand_before_their_fragments(&seen.0);
    let object = moofs(&movie)
        .iter()
        .find_map(|moof| Some(moof.child(b"pssh")?.body().to_vec()));
    let store = b"\x03\0\x0c\0leaf licence";
    let object = object.unwrap();
    assert!(
        object.windows(store.len()).any(|bytes| bytes == store),
        "no licence store"
    );
}

/// Checks that each event's box is in the very next buffer.
fn events_stand_before_their_fragments(items: &[Item]) {
    let mut waiting = Vec::new();
    let mut origins = Vec::new();
    for item in items {
        match item {
            Item::Protection(_, data, origin) => {
                waiting.push(data.clone());
                origins.push(origin.clone());
            }
            Item::Buffer(buffer) => {
                let bytes = buffer.map_readable().unwrap();
                for pssh in waiting.drain(..) {
                    assert!(bytes.windows(pssh.len()).any(|window| window == pssh));
                }
            }
            _ => (),
        }
    }
    assert_eq!(origins, ["isobmff/moov", "isobmff/moof", "isobmff/moof"]);
}

fn uuid(hex: &str) -> String {
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
    parts.join("-")
}

#[test]
fn protection_and_key_are_switched_while_the_stream_runs() {
    on_the_fragmented_file("switches_by_fragments");
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn switches_by_fragments() {
    let seed = "key-id=10000000-1000-1000-1000-100000000001 key-seed=XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
    let Some(pipeline) = pipeline(&format!("playreadyenc {seed}")) else {
        return;
    };
    let element = pipeline.by_name("enc").unwrap();
    let moofs_seen = Mutex::new(0);
    let controlled = element.clone();
    // mp4mux writes a moof for each track: the third and fourth moof are the second fragment.
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    let switch = move |buffer: &gst::BufferRef| {
        let bytes = buffer.map_readable().unwrap();
        if bytes.get(4..8) != Some(b"moof") {
            return;
        }
        let mut moofs = moofs_seen.lock().unwrap();
        *moofs += 1;
        match *moofs {
            2 => controlled.set_property("protect", false),
            4 => {
                controlled.set_property("protect", true);
                controlled.emit_by_name::<()>("rotate-key", &[]);
            }
            _ => (),
        }
    };
    let source = element.static_pad("src").unwrap();
    source.add_probe(kinds, move |_, info| {
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => switch(buffer),
            Some(gst::PadProbeData::BufferList(list)) => list.iter().for_each(&switch),
            _ => (),
        }
        gst::PadProbeReturn::Ok
    });
    let messages = messages(&pipeline, "playready-key-change");
    let recorder = seen::record(&pipeline.by_name("out").unwrap().static_pad("sink").unwrap());
    in_process::run_to_the_end(&pipeline);
    let movie = Movie::parse(seen::take(&recorder).bytes().concat());
    for track in &movie.tracks {
        let kids = track
            .samples
            .iter()
            .map(|sample| Some(sample.protection.as_ref()?.rules.kid));
        let mut kids: Vec<_> = kids.collect();
        kids.dedup();
        assert!(
            matches!(kids[..], [Some(first), None, Some(third)] if first != third),
            "{kids:?}"
        );
    }
    assert_eq!(messages.lock().unwrap().len(), 1);
    assert!(element.property::<bool>("protect"));
}
