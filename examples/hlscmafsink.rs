// SPDX-License-Identifier: MPL-2.0
//! Protected HLS: puts `playreadyenc` into hlscmafsink and its EXT-X-KEY lines into the playlist.
//!
//! hlscmafsink (gst-plugins-rs, plugin hlssink3) contains a cmafmux named `muxer` and an appsink named `sink`, and takes no
//! other elements. Before it starts, an application may unlink the two and link an element between them that keeps buffer
//! lists whole. hlscmafsink requests the playlist's stream by a signal: this example gives it a draft file, which takes the
//! playlist's name once it contains the key lines.
//!
//! usage: hlscmafsink FOLDER [SCHEME [SECONDS [PROPERTY=VALUE...]]], with GST_PLUGIN_PATH naming the folders of both plugins
//!
//! After each SECONDS the key changes: FOLDER/hls.keys must then have a line for each crypto period. With key-change=init,
//! hlscmafsink writes an init segment and EXT-X-MAP for each key.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use gio::prelude::*;
use gst::prelude::*;

/// Draft playlists without the key lines, oldest first.
type Drafts = Arc<Mutex<VecDeque<PathBuf>>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give the folder for the output")?);
    let folder = folder.canonicalize()?;
    let scheme = arguments.next().unwrap_or_else(|| "cbcs".to_owned());
    let seconds = arguments.next().map_or(Ok(0), |text| text.parse::<u64>())?;
    gst::init()?;
    let sink = gst::ElementFactory::make("hlscmafsink")
        .property("target-duration", 2u32)
        .property("sync", false)
        .property("playlist-length", 0u32)
        .property("playlist-location", text(&folder.join("playlist.m3u8"))?)
        .property("init-location", text(&folder.join("init%05d.mp4"))?)
        .property("location", text(&folder.join("segment%05d.m4s"))?)
        .build()?;
    let encryptor = gst::ElementFactory::make("playreadyenc")
        .property_from_str("scheme", &scheme)
        .property("key-uri", format!("file://{}/hls.keys", text(&folder)?))
        .property("crypto-period", seconds * gst::ClockTime::SECOND.nseconds())
        .build()?;
    for setting in arguments {
        let (property, value) = setting.split_once('=').ok_or("give PROPERTY=VALUE")?;
        encryptor.set_property_from_str(property, value);
    }
    put_into(
        &encryptor,
        sink.downcast_ref().ok_or("hlscmafsink is no bin")?,
    )?;
    let playlist = Playlist {
        file: folder.join("playlist.m3u8"),
        drafts: collect_playlists(&sink, &folder),
        key_lines: BTreeMap::new(),
        starts: BTreeMap::new(),
    };
    play(&sink, playlist)
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// Links `encryptor` between the muxer and the sink inside hlscmafsink.
fn put_into(encryptor: &gst::Element, hlscmafsink: &gst::Bin) -> Result<(), Box<dyn Error>> {
    let inner = |name| {
        hlscmafsink
            .by_name(name)
            .ok_or(format!("hlscmafsink has no {name}"))
    };
    let (muxer, sink) = (inner("muxer")?, inner("sink")?);
    // The encoder makes key frames where segments begin. A requested key frame would come late, and so would a short
    // segment.
    muxer.set_property("send-force-keyunit", false);
    muxer.unlink(&sink);
    hlscmafsink.add(encryptor)?;
    gst::Element::link_many([&muxer, encryptor, &sink])?;
    Ok(())
}

/// Gives hlscmafsink a file of its own for each playlist that it writes.
fn collect_playlists(hlscmafsink: &gst::Element, folder: &Path) -> Drafts {
    let drafts = Drafts::default();
    let collected = Arc::clone(&drafts);
    let folder = folder.to_owned();
    let count = AtomicU32::new(0);
    hlscmafsink.connect("get-playlist-stream", false, move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let draft = folder.join(format!("playlist.{number}.draft"));
        let stream = gio::File::for_path(&draft)
            .replace(
                None,
                false,
                gio::FileCreateFlags::NONE,
                gio::Cancellable::NONE,
            )
            .ok()?;
        collected.lock().ok()?.push_back(draft);
        Some(stream.upcast::<gio::OutputStream>().to_value())
    });
    drafts
}

/// Plays a test picture into the sink to its end.
fn play(sink: &gst::Element, mut playlist: Playlist) -> Result<(), Box<dyn Error>> {
    let picture = gst::parse::bin_from_description(
        "videotestsrc num-buffers=200 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
         ! x264enc key-int-max=50 ! h264parse",
        true,
    )?;
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([picture.upcast_ref(), sink])?;
    picture.link(sink)?;
    pipeline.set_state(gst::State::Playing)?;
    let watched = watch(&pipeline, &mut playlist);
    // hlscmafsink writes the last playlist, with its end tag, when it stops.
    pipeline.set_state(gst::State::Null)?;
    playlist.write_all()?;
    watched
}

/// Writes the playlist after each segment.
fn watch(pipeline: &gst::Pipeline, playlist: &mut Playlist) -> Result<(), Box<dyn Error>> {
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    for message in bus.iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(error) => {
                return Err(format!("{}: {:?}", error.error(), error.debug()).into());
            }
            gst::MessageView::Element(element) => {
                if let Some(structure) = element.structure() {
                    playlist.take(structure)?;
                }
            }
            _ => (),
        }
    }
    Ok(())
}

/// The playlist on disk.
struct Playlist {
    file: PathBuf,
    drafts: Drafts,
    /// EXT-X-KEY lines by the running time from which they count.
    key_lines: BTreeMap<gst::ClockTime, String>,
    /// The running time of each segment by the name of its file.
    starts: BTreeMap<String, gst::ClockTime>,
}

impl Playlist {
    /// Takes the message of a key or of a segment.
    fn take(&mut self, message: &gst::StructureRef) -> Result<(), Box<dyn Error>> {
        match message.name().as_str() {
            "playready-protection" => {
                self.key_lines
                    .insert(gst::ClockTime::ZERO, message.get("hls-key")?);
            }
            "playready-key-change" => {
                self.key_lines
                    .insert(message.get("running-time")?, message.get("hls-key")?);
            }
            "playready-protection-state" => {
                let line = match message.get("protected")? {
                    true => message.get("hls-key")?,
                    false => "#EXT-X-KEY:METHOD=NONE".to_owned(),
                };
                self.key_lines.insert(message.get("running-time")?, line);
            }
            "hls-segment-added" => {
                self.starts.insert(
                    file_name(message.get("location")?).to_owned(),
                    message.get("running-time")?,
                );
                self.write_next()?;
            }
            _ => (),
        }
        Ok(())
    }

    /// Writes the oldest playlist that is complete; false when there is none.
    fn write_next(&self) -> Result<bool, Box<dyn Error>> {
        let next = self.drafts.lock().ok().and_then(|mut all| all.pop_front());
        let Some(draft) = next else {
            return Ok(false);
        };
        let clear = std::fs::read_to_string(&draft)?;
        // The file is renamed into place: a player never sees half of it.
        std::fs::write(&draft, self.with_keys(&clear)?)?;
        std::fs::rename(&draft, &self.file)?;
        Ok(true)
    }

    fn write_all(&self) -> Result<(), Box<dyn Error>> {
        while self.write_next()? {}
        Ok(())
    }

    /// Returns the EXT-X-KEY lines of a segment.
    fn lines_of(&self, segment: &str) -> Result<&str, Box<dyn Error>> {
        let start = self.starts.get(file_name(segment));
        let start = start.ok_or_else(|| format!("no message of segment {segment}"))?;
        let lines = self.key_lines.range(..=start).next_back();
        let (_, lines) = lines.ok_or("nothing was protected before the first segment")?;
        Ok(lines)
    }

    /// Returns the playlist with EXT-X-KEY lines before each segment whose key is not that of the segment before, and before that
    /// segment's tags.
    fn with_keys(&self, playlist: &str) -> Result<String, Box<dyn Error>> {
        const SEGMENT_TAGS: [&str; 3] = ["#EXT-X-MAP", "#EXT-X-PROGRAM-DATE-TIME", "#EXTINF"];
        let (mut text, mut tags, mut last) = (String::new(), String::new(), None);
        for line in playlist.lines() {
            let is_tag = SEGMENT_TAGS.iter().any(|tag| line.starts_with(tag));
            if is_tag || line == "#EXT-X-DISCONTINUITY" {
                tags += &format!("{line}\n");
            } else if line.starts_with('#') {
                text += &format!("{line}\n");
            } else {
                let lines = self.lines_of(line)?;
                if last.replace(lines) != Some(lines) {
                    text += &format!("{lines}\n");
                }
                text += &format!("{}{line}\n", std::mem::take(&mut tags));
            }
        }
        Ok(text)
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
