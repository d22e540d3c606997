// SPDX-License-Identifier: MPL-2.0
//! The signaling of several systems: events, properties and boxes.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::{enc, in_process};

/// A box that Shaka Packager 3.8.0 wrote for another KID.
const GIVEN: &str = "AAAAOHBzc2gAAAAA7e+LqXnWSs6jyCfc1R0h7QAAABgSEBAAAAAQABAAEAAQAAAAAKpI88aJmwY=";
const WIDEVINE: &str = "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed";
const COMMON: &str = "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b";

#[test]
fn element_tells_of_each_system_and_of_given_boxes() {
    let clear = Recipe::new(MP4MUX, Video::Avc, Audio::Aac).clear();
    in_process::run(
        "signaling::protects_the_given_file_without_playready",
        clear.as_os_str(),
    );
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn protects_the_given_file_without_playready() {
    let Some(file) = in_process::argument() else {
        return;
    };
    gst::init().unwrap();
    let line = format!(
        "filesrc location={} ! {} systems=widevine+common+fairplay+marlin+clearkey pssh={GIVEN} name=enc ! fakesink",
        file.display(),
        enc::one_key("cbcs")
    );
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let element = pipeline.by_name("enc").unwrap();
    let events = record(&element.static_pad("src").unwrap());
    in_process::run_to_the_end(&pipeline);
    assert_eq!(*events.lock().unwrap(), [WIDEVINE, COMMON, WIDEVINE]);
    let text = |name| element.property::<Option<String>>(name);
    assert_eq!(text("playready-object"), None);
    assert_eq!(text("smooth-protection"), None);
    let mpd = text("content-protection").unwrap();
    assert_eq!(mpd.lines().count(), 7, "{mpd}");
    assert!(mpd.lines().last().unwrap().contains(GIVEN), "{mpd}");
    let lines = text("hls-key").unwrap();
    let formats = lines
        .lines()
        .map(|line| line.split(",KEYFORMAT=").nth(1).unwrap());
    let formats = formats.map(|format| format.split('"').nth(1).unwrap());
    let widevine = format!("urn:uuid:{WIDEVINE}");
    let expected = [
        &*widevine,
        "org.w3.clearkey",
        "com.apple.streamingkeydelivery",
        &*widevine,
    ];
    assert!(formats.eq(expected), "{lines}");
}

/// The SystemIDs of the protection events that pass a pad.
fn record(pad: &gst::Pad) -> Arc<Mutex<Vec<String>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &info.data
            && let gst::EventView::Protection(event) = event.view()
        {
            let (system_id, ..) = event.get();
            recorded.lock().unwrap().push(system_id.to_owned());
        }
        gst::PadProbeReturn::Ok
    });
    seen
}
