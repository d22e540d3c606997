// SPDX-License-Identifier: MPL-2.0
//! An encoder application: it writes live test pictures as protected HLS, with a new key after two seconds.
//!
//! The application answers `request-key` with keys of its own, asks for a new crypto period by `rotate-key`, and writes the
//! EXT-X-KEY lines that the element posts on the bus into the playlist.
//!
//! usage: encoder FOLDER, with GST_PLUGIN_PATH naming the folder of libgstplayready.so

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::*;

const PIPELINE: &str = "
    videotestsrc is-live=true num-buffers=125 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1
    ! x264enc tune=zerolatency key-int-max=25 ! h264parse ! mp4mux fragment-duration=1000 streamable=true
    ! playreadyenc name=encryptor scheme=cbcs ! appsink name=sink sync=false";
const FIRST_KEY: Duration = Duration::from_secs(2);

struct Segment {
    name: String,
    start: Option<gst::ClockTime>,
    duration: gst::ClockTime,
}

/// EXT-X-KEY lines and the running time from which they apply.
struct KeyLines {
    start: gst::ClockTime,
    lines: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: encoder FOLDER")?);
    gst::init()?;
    let pipeline = gst::parse::launch(PIPELINE)?
        .downcast::<gst::Pipeline>()
        .map_err(|_| "not a pipeline")?;
    let encryptor = pipeline.by_name("encryptor").ok_or("no encryptor")?;
    encryptor.connect("request-key", false, {
        let folder = folder.clone();
        move |values| {
            let request = values.get(1)?.get::<gst::Structure>().ok()?;
            // Without an answer the element posts an error and protects nothing.
            Some(answer_request(&folder, &request).ok()?.to_value())
        }
    });
    let segments = Arc::<Mutex<Vec<Segment>>>::default();
    pipeline
        .by_name("sink")
        .and_downcast::<gst_app::AppSink>()
        .ok_or("no appsink")?
        .set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample({
                    let (folder, segments) = (folder.clone(), Arc::clone(&segments));
                    move |sink| {
                        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                        let buffer = sample.buffer().ok_or(gst::FlowError::Error)?;
                        let mut segments = segments.lock().map_err(|_| gst::FlowError::Error)?;
                        store(&folder, &mut segments, buffer)
                            .map(|()| gst::FlowSuccess::Ok)
                            .map_err(|_| gst::FlowError::Error)
                    }
                })
                .build(),
        );
    pipeline.set_state(gst::State::Playing)?;
    let ended = run(&pipeline, &encryptor);
    pipeline.set_state(gst::State::Null)?;
    let segments = segments
        .lock()
        .map_err(|_| "the streaming thread panicked")?;
    fs::write(folder.join("playlist.m3u8"), playlist(&segments, &ended?))?;
    Ok(())
}

/// Makes the key of a crypto period. Before the key is used, it is saved where only this user can read it.
fn answer_request(
    folder: &Path,
    request: &gst::StructureRef,
) -> Result<gst::Structure, Box<dyn Error>> {
    let period: u64 = request.get("period")?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (kid, key) = digits.split_at(32);
    let mut keys = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(folder.join("channel.keys"))?;
    writeln!(keys, "video@{period} {kid} {key}")?;
    Ok(gst::Structure::builder("keys")
        .field("key-id", kid)
        .field("key", key)
        .build())
}

/// Appends a buffer to the init segment or to the last media segment.
fn store(folder: &Path, segments: &mut Vec<Segment>, buffer: &gst::BufferRef) -> io::Result<()> {
    let data = buffer.map_readable().map_err(io::Error::other)?;
    match data.get(4..8) {
        // An `mfra` lists the fragments of one whole file.
        Some(b"mfra") => return Ok(()),
        Some(b"moof") => segments.push(Segment {
            name: format!("segment{}.m4s", segments.len()),
            start: None,
            duration: gst::ClockTime::ZERO,
        }),
        _ => {}
    }
    if let (Some(segment), Some(pts)) = (segments.last_mut(), buffer.pts()) {
        segment.start.get_or_insert(pts);
        segment.duration += buffer.duration().unwrap_or_default();
    }
    let name = segments.last().map_or("init.mp4", |segment| &segment.name);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(name))?
        .write_all(&data)
}

/// Changes the key once, and returns the key lines when the stream has ended.
fn run(
    pipeline: &gst::Pipeline,
    encryptor: &gst::Element,
) -> Result<Vec<KeyLines>, Box<dyn Error>> {
    let bus = pipeline.bus().ok_or("no bus")?;
    let begin = Instant::now();
    let mut is_rotated = false;
    let mut key_lines = Vec::new();
    loop {
        if !is_rotated && begin.elapsed() >= FIRST_KEY {
            encryptor.emit_by_name::<()>("rotate-key", &[]);
            is_rotated = true;
        }
        let Some(message) = bus.timed_pop(gst::ClockTime::from_mseconds(100)) else {
            continue;
        };
        match message.view() {
            gst::MessageView::Eos(_) => return Ok(key_lines),
            gst::MessageView::Error(error) => return Err(error.error().into()),
            gst::MessageView::Element(element) => {
                key_lines.extend(element.structure().and_then(key_lines_of));
            }
            _ => {}
        }
    }
}

fn key_lines_of(structure: &gst::StructureRef) -> Option<KeyLines> {
    let start = match structure.name().as_str() {
        "playready-protection" => gst::ClockTime::ZERO,
        "playready-key-change" => structure.get("running-time").ok()?,
        _ => return None,
    };
    let lines = structure.get("hls-key").ok()?;
    Some(KeyLines { start, lines })
}

/// The playlist, with key lines before the first segment to which they apply.
fn playlist(segments: &[Segment], key_lines: &[KeyLines]) -> String {
    let longest = segments
        .iter()
        .map(|segment| segment.duration)
        .max()
        .unwrap_or_default();
    let target = (longest.mseconds() + 500) / 1000;
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n");
    let mut key_lines = key_lines.iter().peekable();
    for (index, segment) in segments.iter().enumerate() {
        while let Some(key) = key_lines.next_if(|key| Some(key.start) <= segment.start) {
            text += &format!("{}\n", key.lines);
        }
        if index == 0 {
            text += "#EXT-X-MAP:URI=\"init.mp4\"\n";
        }
        let seconds = segment.duration.mseconds() as f64 / 1000.0;
        text += &format!("#EXTINF:{seconds:.3},\n{}\n", segment.name);
    }
    text + "#EXT-X-ENDLIST\n"
}
