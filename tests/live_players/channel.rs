// SPDX-License-Identifier: MPL-2.0
//! A live channel: a pipeline with playreadysink that publishes into a folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_support::launch;
use test_support::players::write_keys;

use crate::forms::{Form, Scheme, TextFormat};

/// Seconds of a segment.
const SEGMENT: u64 = 1;
/// Seconds of a crypto period.
const CRYPTO_PERIOD: u64 = 2;
/// Seconds for which segments stay listed.
pub const WINDOW: u64 = 10;
/// More than a test needs.
const CRYPTO_PERIODS: usize = 100;
/// The longest time that a channel takes for its first segments, and between two.
const PATIENCE: Duration = Duration::from_secs(30);

/// The texts of a run of the pipeline: each is the number of the second in which it is shown.
const TEXTS: u64 = 600;

/// A pipeline under way.
pub struct Channel {
    form: &'static Form,
    scheme: Scheme,
    /// The folder with the presentation and the keys.
    place: PathBuf,
    pipeline: Child,
}

impl Channel {
    /// Starts a channel in a new folder below `folder`.
    pub fn start(folder: &Path, form: &'static Form, scheme: Scheme) -> Self {
        let place = folder.join(form.name);
        fs::create_dir_all(&place).unwrap();
        let selectors = (0..CRYPTO_PERIODS)
            .flat_map(|period| ["video", "audio"].map(|kind| format!("{kind}@{period}")));
        write_keys(&place.join("channel.keys"), form.series(scheme), selectors);
        fs::write(place.join("texts"), texts(form.text_format)).unwrap();
        Self {
            pipeline: launch(form, scheme, &place),
            form,
            scheme,
            place,
        }
    }

    /// Ends the pipeline by SIGKILL, and starts it again with the same properties.
    pub fn kill_and_start_again(&mut self) {
        self.kill();
        self.pipeline = launch(self.form, self.scheme, &self.place);
    }

    fn kill(&mut self) {
        self.pipeline.kill().unwrap();
        self.pipeline.wait().unwrap();
    }

    /// The folder of the presentation.
    pub fn folder(&self) -> PathBuf {
        self.place.join("live")
    }

    /// The key file.
    pub fn keys(&self) -> PathBuf {
        self.place.join("channel.keys")
    }

    /// What the pipeline said.
    fn log(&self) -> String {
        fs::read_to_string(self.place.join("log")).unwrap_or_default()
    }

    /// The number of the newest segment that a playlist lists; 0 without one.
    pub fn newest(&self) -> u64 {
        let playlist = fs::read_to_string(self.folder().join("audio.m3u8")).unwrap_or_default();
        let numbers = playlist.lines().filter_map(|line| {
            let name = line.strip_prefix("audio/")?;
            name.strip_suffix(".m4s")?.parse().ok()
        });
        numbers.max().unwrap_or(0)
    }

    /// Waits until a segment is listed.
    pub fn wait_for(&mut self, number: u64) {
        let limit = Instant::now() + Duration::from_secs(SEGMENT * number) + PATIENCE;
        while self.newest() < number {
            let ended = self.pipeline.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}\n{}", self.log());
            assert!(Instant::now() < limit, "no segment\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A text for each second of a run: its number.
fn texts(format: TextFormat) -> String {
    let time = |second: u64, tenths: u64| {
        let (hours, minutes) = (second / 3600, second / 60 % 60);
        format!("{hours:02}:{minutes:02}:{:02}.{tenths}00", second % 60)
    };
    let texts = (0..TEXTS).map(|second| {
        let (start, end) = (time(second, 0), time(second, 9));
        match format {
            TextFormat::WebVtt => format!("{start} --> {end}\n{second}\n\n"),
            TextFormat::Ttml => format!("<p begin=\"{start}\" end=\"{end}\">{second}</p>\n"),
        }
    });
    let texts: String = texts.collect();
    match format {
        TextFormat::WebVtt => format!("WEBVTT\n\n{texts}"),
        TextFormat::Ttml => {
            let root = "tt xmlns=\"http://www.w3.org/ns/ttml\" xml:lang=\"en\"";
            format!("<{root}><body><div>\n{texts}</div></body></tt>\n")
        }
    }
}

fn launch(form: &Form, scheme: Scheme, place: &Path) -> Child {
    let line = format!(
        "playreadysink name=out location={folder} key-uri=file://{keys} scheme={scheme} {properties} \
         text_0::language=en \
         segment-duration={SEGMENT}000000000 crypto-period={CRYPTO_PERIOD}000000000 window={WINDOW}000000000 \
         videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 ! h264parse ! out.video_0 \
         audiotestsrc is-live=true volume=0.1 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 \
         ! avenc_aac ! aacparse ! out.audio_0 \
         filesrc location={texts} ! out.text_0",
        texts = place.join("texts").display(),
        folder = place.join("live").display(),
        keys = place.join("channel.keys").display(),
        scheme = scheme.name(),
        properties = form.properties,
    );
    let log = File::options()
        .create(true)
        .append(true)
        .open(place.join("log"))
        .unwrap();
    launch::command()
        .arg("-q")
        .args(launch::words(&line))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
