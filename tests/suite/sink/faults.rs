// SPDX-License-Identifier: MPL-2.0
//! What goes wrong, and what the element says.

use super::{SECOND, channel, checked, sink};
use crate::launch::{self, Run};
use crate::media::{Audio, Video};
use crate::scratch::Scratch;

fn error_of(line: &str) -> String {
    let run = Run::of(launch::command().arg("-q").args(launch::words(line)));
    assert!(!run.status.success());
    run.stderr
}

#[test]
fn folder_is_needed_and_must_be_writable() {
    let folder = Scratch::new("sink");
    let audio = "audiotestsrc num-buffers=100 ! avenc_aac ! aacparse ! out.audio_0";
    let keys = crate::periods::key_file(&folder);
    let error = error_of(&format!("playreadysink name=out {keys} {audio}"));
    assert!(error.contains("set location="), "{error}");
    let file = folder.write("file", "text");
    let error = error_of(&format!(
        "playreadysink name=out {keys} location={} {audio}",
        file.display()
    ));
    assert!(error.contains(file.to_str().unwrap()), "{error}");
}

#[test]
fn folder_has_one_presentation_at_a_time() {
    let folder = Scratch::new("sink");
    let audio = "audiotestsrc is-live=true num-buffers=100 ! avenc_aac ! aacparse";
    let first = sink(&folder, "out", "");
    let second = first.replace("name=out", "name=other");
    let error = error_of(&format!(
        "{first} {audio} ! out.audio_0 {second} {audio} ! other.audio_0"
    ));
    let reason = "/out: another presentation is being published into this folder";
    assert!(error.contains(reason), "{error}");
}

#[test]
fn window_that_is_too_short_is_refused_at_the_start() {
    let folder = Scratch::new("sink");
    let line = format!(
        "{} audiotestsrc num-buffers=100 ! avenc_aac ! aacparse ! out.audio_0",
        sink(&folder, "out", &format!("window={}", 3 * SECOND))
    );
    let error = error_of(&line);
    assert!(error.contains("not longer than three segments"), "{error}");
    assert!(!folder.join("out").exists());
}

#[test]
fn boxes_of_smooth_streaming_are_refused() {
    let folder = Scratch::new("sink");
    let line = format!(
        "{} audiotestsrc num-buffers=100 ! avenc_aac ! aacparse ! out.audio_0",
        sink(&folder, "out", "flavor=piff")
    );
    let error = error_of(&line);
    assert!(
        error.contains("flavor=piff is of Smooth Streaming"),
        "{error}"
    );
}

#[test]
fn damaged_state_is_named() {
    let folder = Scratch::new("sink");
    std::fs::create_dir(folder.join("out")).unwrap();
    folder.write("out/.playready-presentation.json", "{");
    let line = format!(
        "{} audiotestsrc num-buffers=100 ! avenc_aac ! aacparse ! out.audio_0",
        sink(&folder, "out", "")
    );
    let error = error_of(&line);
    assert!(
        error.contains(".playready-presentation.json, from which"),
        "{error}"
    );
    assert!(error.contains("Move the folder away"), "{error}");
}

#[test]
fn role_that_does_not_exist_is_named() {
    let folder = Scratch::new("sink");
    let line = format!(
        "{} audiotestsrc num-buffers=100 ! avenc_aac ! aacparse ! out.audio_0",
        sink(&folder, "out", "audio_0::role=star")
    );
    let error = error_of(&line);
    assert!(
        error.contains("pad audio_0: \"star\" is no role"),
        "{error}"
    );
}

#[test]
fn missing_key_leaves_a_manifest_that_is_valid() {
    let folder = Scratch::new("sink");
    // The key file has eight crypto periods.
    let sink = sink(
        &folder,
        "out",
        &format!("presentation-type=dynamic crypto-period={}", SECOND / 10),
    );
    let Some(mut command) = channel(1, &sink, Video::Avc, Audio::Aac) else {
        return;
    };
    let run = Run::of(&mut command);
    assert!(!run.status.success());
    assert!(run.stderr.contains("crypto period"), "{}", run.stderr);
    if folder.join("out/manifest.mpd").exists() {
        checked(&folder.join("out"));
    }
}
