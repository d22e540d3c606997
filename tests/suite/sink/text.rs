// SPDX-License-Identifier: MPL-2.0
//! Text tracks: their samples beside those of Shaka Packager, read by qtdemux, and texts that come late.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use gst::prelude::*;

use super::{SECOND, checked, late, sink};
use crate::in_process;
use crate::launch::{self, Run};
use crate::periods::key_file;
use crate::scratch::Scratch;
use crate::tools::{self, skip};

const PICTURES: &str = "videotestsrc num-buffers=150 ! video/x-raw,width=64,height=36,framerate=25/1 \
                        ! x264enc speed-preset=ultrafast threads=1 key-int-max=25 ! h264parse ! out.video_0";

/// Cues that overlap, cross the starts of segments, and have an identifier, settings and tags.
const WEB_VTT: &str = "WEBVTT

1
00:00:00.500 --> 00:00:01.700 line:0
One <b>and</b>

00:00:01.000 --> 00:00:03.500
Two &amp; more
lines

00:00:05.000 --> 00:00:05.900
Three
";

/// Publishes texts beside 6 seconds of pictures, in segments of a second.
fn publish(folder: &Scratch, source: &str, properties: &str) {
    let sink = sink(folder, "out", properties);
    launch::pipeline(&format!("{sink} {PICTURES} {source} ! out.text_0")).succeeded();
}

/// The files of a track, one after the other, with the first init segment only.
fn track_file(folder: &Path, track: &str) -> Vec<u8> {
    let file = |name: &str| std::fs::read(folder.join(track).join(name));
    let segments = (1..).map_while(|number| file(&format!("{number}.m4s")).ok());
    [file("init-0.mp4").unwrap()]
        .into_iter()
        .chain(segments)
        .flatten()
        .collect()
}

/// What qtdemux says of an MP4 file of text: WebVTT with the times of each sample, or TTML documents.
fn demuxed(folder: &Scratch, mp4: &[u8]) -> String {
    let input = folder.write("demux.mp4", mp4);
    let output = folder.join("demuxed");
    let line = format!(
        "filesrc location={} ! qtdemux ! filesink location={}",
        input.display(),
        output.display()
    );
    launch::pipeline(&line).succeeded();
    std::fs::read_to_string(output).unwrap()
}

/// Shaka Packager centers all cues, and says so in each; 14496-30 does not ask for that.
const CENTERED: &str = "align:center";

#[test]
fn samples_of_web_vtt_are_those_of_another_packager() {
    let Some(packager) = tools::packager() else {
        return skip(
            "sink::text, WebVTT beside Shaka Packager",
            "no Shaka Packager",
        );
    };
    let folder = Scratch::new("sink-text");
    let input = folder.write("texts.vtt", WEB_VTT);
    publish(
        &folder,
        &format!("filesrc location={}", input.display()),
        "",
    );
    std::fs::create_dir(folder.join("peer")).unwrap();
    let stream = format!(
        "in={},stream=text,init_segment={peer}/init-0.mp4,segment_template={peer}/$Number$.m4s",
        input.display(),
        peer = folder.join("peer").display()
    );
    Run::of(Command::new(packager).args([&stream, "--segment_duration", "1"])).succeeded();
    let lines = |mp4: &[u8]| {
        let text = demuxed(&folder, mp4).replace(CENTERED, "");
        let lines = text.lines().map(|line| line.trim_end().to_owned());
        lines.collect::<Vec<_>>()
    };
    let own = lines(&track_file(&folder.join("out"), "text"));
    assert_eq!(own, lines(&track_file(&folder.path().join(""), "peer")));
    assert!(
        own.contains(&"00:00:01.000 --> 00:00:01.700 line:0".to_owned()),
        "{own:?}"
    );
}

#[test]
fn texts_of_all_encodings_become_cues() {
    let folder = Scratch::new("sink-text");
    let srt = folder.write(
        "texts.srt",
        "1\n00:00:00,500 --> 00:00:00,900\nA <i>b</i> & <font color=\"red\">c</font>\n\n2\n00:00:02,000 --> 00:00:02,500\nd\n",
    );
    publish(
        &folder,
        &format!("filesrc location={} ! subparse", srt.display()),
        "text_0::language=en text_0::role=caption",
    );
    let published = checked(&folder.join("out"));
    assert!(published.mpd.contains("contentType=\"text\""));
    assert!(published.mpd.contains("value=\"caption\""));
    assert!(
        published
            .playlists
            .contains("TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"en\"")
    );
    let text = demuxed(&folder, &track_file(&folder.join("out"), "text-en"));
    for cue in [
        "00:00:00.500 --> 00:00:00.900\nA <i>b</i> &amp; c\n",
        "00:00:02.000 --> 00:00:02.500\nd\n",
    ] {
        assert!(text.contains(cue), "{text}");
    }
}

#[test]
fn documents_have_the_texts_and_times_of_their_segments() {
    let folder = Scratch::new("sink-text");
    let paragraphs: String = (0..6)
        .map(|second| format!("<p begin=\"{second}.25s\" end=\"{second}.75s\">{second}</p>"))
        .collect();
    let document = format!(
        "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>{paragraphs}</div></body></tt>"
    );
    let input = folder.write("texts.ttml", document);
    let source = format!("filesrc location={}", input.display());
    let properties = "presentation-type=dynamic window=0 crypto-period=0";
    publish(&folder, &source, properties);
    // The times of the second run go on after those of the first.
    publish(&folder, &source, properties);
    let published = checked(&folder.join("out"));
    assert!(published.mpd.contains("codecs=\"stpp.ttml.im1t\""));
    let texts = demuxed(&folder, &track_file(&folder.join("out"), "text"));
    let begins = texts.split("<p begin=\"").skip(1).map(|rest| {
        let (begin, rest) = rest.split_once('"').unwrap();
        let text = rest.split(['>', '<']).nth(1).unwrap();
        (seconds(begin), text.parse::<f64>().unwrap())
    });
    let begins: Vec<(f64, f64)> = begins.collect();
    assert_eq!(begins.len(), 12, "{texts}");
    let (first, second) = begins.split_at(6);
    assert!(
        first
            .iter()
            .all(|(begin, text)| (begin - text - 0.25).abs() < 0.01),
        "{begins:?}"
    );
    let offset = second[0].0 - 0.25;
    assert!(offset >= 6.0, "{begins:?}");
    assert!(
        second
            .iter()
            .all(|(begin, text)| (begin - text - 0.25 - offset).abs() < 0.01),
        "{begins:?}"
    );
}

/// Reads a time of TTML: as in the document above, or hours:minutes:seconds.
fn seconds(time: &str) -> f64 {
    time.trim_end_matches('s')
        .split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}

#[test]
fn text_that_cannot_be_read_is_named() {
    let folder = Scratch::new("sink-text");
    for (file, remedy) in [
        (
            "1\n00:00:00,500 --> 00:00:00,900\nA\n",
            "put subparse before the element",
        ),
        (
            "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body>",
            "it has no </tt>",
        ),
        ("<tt><body></tt>", "not well-formed"),
    ] {
        let input = folder.write("texts", file);
        let sink = sink(&folder, "out", "");
        let line = format!(
            "{sink} {PICTURES} filesrc location={} ! out.text_0",
            input.display()
        );
        let run = Run::of(launch::command().arg("-q").args(launch::words(&line)));
        assert!(!run.status.success());
        assert!(
            run.stderr.contains("pad text_0") && run.stderr.contains(remedy),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn language_that_is_none_is_refused_before_it_names_a_file() {
    for pad in ["text_0", "audio_0"] {
        let folder = Scratch::new("sink-text");
        let sink = sink(&folder, "a/out", &format!("{pad}::language=../../escaped"));
        let line = format!(
            "{sink} audiotestsrc num-buffers=100 ! avenc_aac ! aacparse ! out.audio_0 fakesrc num-buffers=1 ! out.text_0"
        );
        let run = Run::of(launch::command().arg("-q").args(launch::words(&line)));
        assert!(run.stderr.contains("is no language tag"), "{}", run.stderr);
        assert!(!folder.join("a").exists() && !folder.join("escaped").exists());
    }
}

/// filesrc gives a timestamp to its first buffer in some runs, which says nothing of the texts in it.
#[test]
fn times_of_a_file_are_those_in_it() {
    let folder = Scratch::new("sink-text");
    let document = |text: &str, begin: u64| {
        let paragraph = format!("<p begin=\"{begin}s\" dur=\"1s\">{text}</p>");
        format!(
            "<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>{paragraph}</div></body></tt>\n"
        )
    };
    let input = folder.write("texts.ttml", document("one", 1) + &document("two", 3));
    for (run, timestamp) in ["", "! identity single-segment=false"]
        .into_iter()
        .enumerate()
    {
        let out = format!("out-{run}");
        let sink = sink(&folder, &out, "");
        let source = format!("filesrc location={} {timestamp}", input.display());
        launch::pipeline(&format!("{sink} {PICTURES} {source} ! out.text_0")).succeeded();
        let text = demuxed(&folder, &track_file(&folder.join(&out), "text"));
        assert!(text.contains(">one<") && text.contains(">two<"), "{text}");
    }
}

#[test]
fn texts_after_the_pictures_are_counted() {
    let folder = Scratch::new("sink-text");
    let late = "00:00:20.000 --> 00:00:21.000\nlate\n\n";
    let input = folder.write("texts.vtt", format!("{WEB_VTT}\n{late}{late}"));
    let sink = sink(&folder, "out", "");
    let source = format!(
        "filesrc location={} ! taginject tags=language-code=ger",
        input.display()
    );
    let line = format!("{sink} {PICTURES} {source} ! out.text_0");
    let run = Run::of(launch::command().args(launch::words(&line))).succeeded();
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(
        said.contains("pad text_0: 2 texts start after the end"),
        "{said}"
    );
    let published = checked(&folder.join("out"));
    assert!(
        published.mpd.contains("mediaPresentationDuration=\"PT6S\""),
        "{}",
        published.mpd
    );
    // The stream says its language.
    assert!(published.mpd.contains("lang=\"de\""));
}

#[test]
fn live_text_may_be_silent_and_late_text_is_named() {
    let folder = Scratch::new("sink-text");
    in_process::run("sink::text::late_text", folder.path().as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn late_text() {
    let _ = in_process::argument().unwrap();
    gst::init().unwrap();
    let folder = Scratch::new("sink-late-text");
    let pipeline = in_process::pipeline(&format!(
        "playreadysink name=out location={} segment-duration={} window=0 {} {} \
         appsrc name=texts is-live=true format=time caps=text/x-raw,format=utf8 ! out.text_0",
        folder.join("out").display(),
        SECOND / 2,
        key_file(&folder),
        late::PICTURES
    ));
    pipeline.set_state(gst::State::Playing).unwrap();
    thread::sleep(Duration::from_secs(3));
    // It is there without any text.
    assert!(checked(&folder.join("out")).mpd.contains("codecs=\"wvtt\""));
    let now = pipeline.current_running_time().unwrap();
    push_text(
        &pipeline,
        "in time",
        now + gst::ClockTime::from_mseconds(1000),
    );
    push_text(&pipeline, "late", gst::ClockTime::from_mseconds(100));
    thread::sleep(Duration::from_secs(3));
    let warnings = late::end(&pipeline);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("pad text_0: 1 texts came after"),
        "{warnings:?}"
    );
    let text = demuxed(&folder, &track_file(&folder.join("out"), "text"));
    assert!(text.contains("in time") && !text.contains("late"), "{text}");
    let parts = checked(&folder.join("out")).mpd.matches("<Period").count();
    assert_eq!(parts, 1);
}

#[test]
fn text_does_not_limit_the_latency_of_encoders() {
    let folder = Scratch::new("sink-text");
    in_process::run("sink::text::latency", folder.path().as_os_str());
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn latency() {
    let _ = in_process::argument().unwrap();
    gst::init().unwrap();
    let folder = Scratch::new("sink-latency");
    let pipeline = in_process::pipeline(&format!(
        "playreadysink name=out location={} {} \
         videotestsrc is-live=true ! video/x-raw,width=64,height=36 ! x264enc rc-lookahead=10 ! h264parse ! out.video_0 \
         appsrc is-live=true format=time caps=text/x-raw,format=utf8 ! out.text_0",
        folder.join("out").display(),
        key_file(&folder),
    ));
    pipeline.set_state(gst::State::Playing).unwrap();
    thread::sleep(Duration::from_secs(2));
    let mut latency = gst::query::Latency::new();
    assert!(pipeline.query(&mut latency));
    let (is_live, least, most) = latency.result();
    assert!(
        is_live && least > gst::ClockTime::from_mseconds(100) && most.is_none(),
        "{latency:?}"
    );
    assert_eq!(late::end(&pipeline), Vec::<String>::new());
}

fn push_text(pipeline: &gst::Pipeline, text: &str, start: gst::ClockTime) {
    let mut buffer = gst::Buffer::from_slice(text.to_owned());
    let fields = buffer.get_mut().unwrap();
    fields.set_pts(start);
    fields.set_duration(gst::ClockTime::from_mseconds(400));
    let source = pipeline.by_name("texts").unwrap();
    let flow: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
    assert_eq!(flow, gst::FlowReturn::Ok);
}
