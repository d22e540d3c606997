// SPDX-License-Identifier: MPL-2.0
//! The output of a plain pipeline, item by item, as it was before the plugin was divided into crates. Users who link the
//! elements in gst-launch's language rely on it.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::enc;
use crate::in_process;
use crate::media::{Audio, MP4MUX, Recipe, Video};

/// The data of the event: a `pssh` box of version 0 with a PlayReady Object of the tests' KID.
const PSSH: &str = "\
    AAACJnBzc2gAAAAAmgTweZhAQoarkuZb4IhflQAAAgYGAgAAAQABAPwBPABXAFIATQBIAEUAQQBEAEUAUgAgAHgAbQBsAG4AcwA9\
    ACIAaAB0AHQAcAA6AC8ALwBzAGMAaABlAG0AYQBzAC4AbQBpAGMAcgBvAHMAbwBmAHQALgBjAG8AbQAvAEQAUgBNAC8AMgAwADAA\
    NwAvADAAMwAvAFAAbABhAHkAUgBlAGEAZAB5AEgAZQBhAGQAZQByACIAIAB2AGUAcgBzAGkAbwBuAD0AIgA0AC4AMAAuADAALgAw\
    ACIAPgA8AEQAQQBUAEEAPgA8AFAAUgBPAFQARQBDAFQASQBOAEYATwA+ADwASwBFAFkATABFAE4APgAxADYAPAAvAEsARQBZAEwA\
    RQBOAD4APABBAEwARwBJAEQAPgBBAEUAUwBDAFQAUgA8AC8AQQBMAEcASQBEAD4APAAvAFAAUgBPAFQARQBDAFQASQBOAEYATwA+\
    ADwASwBJAEQAPgA0ACsATABoADQATwBYAGsAUgAwAGEAWQBTAFUAcABMAFQARQAxAE8AVAB3AD0APQA8AC8ASwBJAEQAPgA8AEMA\
    SABFAEMASwBTAFUATQA+AFUAawBRAGwAZQBzAE8AegBjAFoAVQA9ADwALwBDAEgARQBDAEsAUwBVAE0APgA8AC8ARABBAFQAQQA+\
    ADwALwBXAFIATQBIAEUAQQBEAEUAUgA+AA==";

const STREAM: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::None);

#[test]
fn playreadyenc_after_a_muxer_gives_these_items_in_this_order() {
    in_process::run("plain_pipelines::playreadyenc", OsStr::new("play"));
}

#[test]
fn cencenc_after_a_parser_gives_these_items_in_this_order() {
    in_process::run("plain_pipelines::cencenc", OsStr::new("play"));
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn playreadyenc() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let element = format!("{} iv=0011223344556677", enc::one_key("cenc"));
    let line = STREAM.pipeline(&format!(
        "{element} ! appsink name=out sync=false wait-on-eos=false"
    ));
    assert_eq!(
        items(&line),
        [
            "1 x stream-start",
            "1 x caps video/quicktime variant=iso",
            "1 x segment Bytes",
            "1 x buffer ftyp",
            &format!("1 x protection 9a04f079-9840-4286-ab92-e65be0885f95 isobmff/moov {PSSH}"),
            "1 x custom-downstream",
            "1 x buffer moov",
            "1 x list of 26",
            "1 x buffer moof mdat",
            "1 x buffer pts dts duration DISCONT|MARKER|HEADER",
            "24 x buffer pts dts duration MARKER|DELTA_UNIT",
            "1 x list of 26",
            "1 x buffer moof mdat",
            "1 x buffer pts dts duration MARKER|HEADER",
            "24 x buffer pts dts duration MARKER|DELTA_UNIT",
            "1 x list of 26",
            "1 x buffer moof mdat",
            "1 x buffer pts dts duration MARKER|HEADER",
            "24 x buffer pts dts duration MARKER|DELTA_UNIT",
            "1 x eos",
        ]
    );
}

#[test]
#[ignore = "runs in a process of its own, started by a test above"]
fn cencenc() {
    if in_process::argument().is_none() {
        return;
    }
    gst::init().unwrap();
    let line = format!(
        "{} ! {} ! appsink name=out sync=false wait-on-eos=false",
        STREAM.stream(),
        crate::cencenc::cencenc("cenc")
    );
    assert_eq!(
        items(&line),
        [
            "1 x stream-start",
            "1 x caps application/x-cenc original-media-type=video/x-h264 cipher-mode=cenc protection-system=9a04f079-9840-4286-ab92-e65be0885f95",
            "1 x segment Time",
            &format!("1 x protection 9a04f079-9840-4286-ab92-e65be0885f95 isobmff/moov {PSSH}"),
            "1 x custom-downstream",
            "1 x buffer pts dts duration protection-meta DISCONT|MARKER|HEADER",
            "24 x buffer pts dts duration protection-meta MARKER|DELTA_UNIT",
            "1 x buffer pts dts duration protection-meta MARKER|HEADER",
            "24 x buffer pts dts duration protection-meta MARKER|DELTA_UNIT",
            "1 x buffer pts dts duration protection-meta MARKER|HEADER",
            "24 x buffer pts dts duration protection-meta MARKER|DELTA_UNIT",
            "1 x eos",
        ]
    );
}

/// The items that reach the sink called `out`. A run of items with equal text becomes one item with a count.
fn items(line: &str) -> Vec<String> {
    let pipeline = in_process::pipeline(line);
    let out = pipeline.by_name("out").unwrap();
    let items = record(&out.static_pad("sink").unwrap());
    in_process::run_to_the_end(&pipeline);
    let items = items.lock().unwrap();
    let runs = items.chunk_by(|one, next| one == next);
    runs.map(|run| format!("{} x {}", run.len(), run[0]))
        .collect()
}

fn record(pad: &gst::Pad) -> Arc<Mutex<Vec<String>>> {
    let items = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&items);
    let kinds = gst::PadProbeType::BUFFER
        | gst::PadProbeType::BUFFER_LIST
        | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| {
        let mut items = recorded.lock().unwrap();
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => items.push(of_buffer(buffer)),
            Some(gst::PadProbeData::BufferList(list)) => {
                items.push(format!("list of {}", list.len()));
                items.extend(list.iter().map(of_buffer));
            }
            // Parsers send tags when the measured bit rate changes.
            Some(gst::PadProbeData::Event(event)) if event.type_() != gst::EventType::Tag => {
                items.push(of_event(event));
            }
            _ => (),
        }
        gst::PadProbeReturn::Ok
    });
    items
}

fn of_event(event: &gst::Event) -> String {
    match event.view() {
        gst::EventView::Caps(event) => of_caps(event.caps()),
        gst::EventView::Segment(event) => format!("segment {:?}", event.segment().format()),
        gst::EventView::Protection(event) => {
            let (system, data, origin) = event.get();
            let data = gst::glib::base64_encode(&data.map_readable().unwrap());
            format!("protection {system} {} {data}", origin.unwrap_or_default())
        }
        _ => event.type_().name().to_string(),
    }
}

/// The names and texts of caps, without the values that an encoder chooses.
fn of_caps(caps: &gst::CapsRef) -> String {
    let structure = caps.structure(0).unwrap();
    let texts = [
        "variant",
        "original-media-type",
        "cipher-mode",
        "protection-system",
    ];
    let texts = texts.iter().filter_map(|name| {
        let text = structure.get::<&str>(*name).ok()?;
        Some(format!(" {name}={text}"))
    });
    let header = structure
        .has_field("streamheader")
        .then_some(" streamheader");
    format!(
        "caps {}{}{}",
        structure.name(),
        texts.collect::<String>(),
        header.unwrap_or_default()
    )
}

/// The flags of a buffer, which times it has, and the boxes at its start.
fn of_buffer(buffer: &gst::BufferRef) -> String {
    let flags: Vec<_> = buffer.flags().iter_names().map(|(name, _)| name).collect();
    let times = [
        buffer.pts().map(|_| " pts"),
        buffer.dts().map(|_| " dts"),
        buffer.duration().map(|_| " duration"),
    ];
    let times: String = times.into_iter().flatten().collect();
    let meta = buffer.meta::<gst::meta::ProtectionMeta>();
    let meta = meta.map_or("", |_| " protection-meta");
    let bytes = buffer.map_readable().unwrap();
    let item = format!("buffer{}{times}{meta} {}", boxes(&bytes), flags.join("|"));
    item.trim_end().to_owned()
}

/// The types of the boxes at the start of a buffer, if it begins with boxes.
fn boxes(mut bytes: &[u8]) -> String {
    let known = ["ftyp", "moov", "moof", "mdat"];
    let mut kinds = String::new();
    while let Some((size, rest)) = bytes.split_first_chunk()
        && let Some(kind) = known.iter().find(|kind| rest.starts_with(kind.as_bytes()))
    {
        kinds.push_str(&format!(" {kind}"));
        let size = u32::from_be_bytes(*size) as usize;
        bytes = bytes.get(size..).unwrap_or_default();
    }
    kinds
}
