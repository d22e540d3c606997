// SPDX-License-Identifier: MPL-2.0
//! The applications of examples/ that give keys at once and later, in plain Python and in C.

use std::process::Command;

use crate::launch::{self, Run};
use crate::pipelines::is_protected;
use crate::scratch::Scratch;
use crate::tools::{project, python_with_gstreamer};

#[test]
fn python_application_gives_keys_at_once_and_later() {
    let test = "key_applications::python_application_gives_keys_at_once_and_later";
    if let Some(python) = python_with_gstreamer(test) {
        gives_keys(launch::program(python).arg(project().join("examples/give_keys.py")));
    }
}

#[test]
fn c_application_gives_keys_at_once_and_later() {
    let folder = Scratch::new("give-keys-in-c");
    let flags = Run::of(Command::new("pkg-config").args(["--cflags", "--libs", "gstreamer-1.0"]));
    let program = folder.join("give_keys");
    Run::of(
        Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror"])
            .arg(project().join("examples/give_keys.c"))
            .arg("-o")
            .arg(&program)
            .args(flags.succeeded().stdout.split_whitespace()),
    )
    .succeeded();
    gives_keys(&mut launch::program(program));
}

/// Six seconds in three crypto periods: one key for both tracks, then one for each.
fn gives_keys(application: &mut Command) {
    let folder = Scratch::new("give-keys");
    let (clear, protected) = (folder.join("clear.mp4"), folder.join("protected.mp4"));
    launch::pipeline(&format!(
        "videotestsrc num-buffers=150 ! video/x-raw,format=I420,width=64,height=64,framerate=25/1 \
         ! x264enc key-int-max=25 ! h264parse ! mux. \
         audiotestsrc num-buffers=258 samplesperbuffer=1024 ! audio/x-raw,rate=44100 ! avenc_aac ! aacparse ! mux. \
         mp4mux name=mux fragment-duration=1000 ! filesink location={}",
        clear.display()
    ))
    .succeeded();
    let run = Run::of(application.args([&clear, &protected])).succeeded();
    let keys = folder.write_secret("given.keys", &run.stdout);

    let given = |period: &str| -> Vec<&str> {
        let lines = run.stdout.lines().filter(|line| !line.starts_with('#'));
        let of_period = lines.filter(|line| line.split(' ').next().unwrap().ends_with(period));
        of_period
            .map(|line| line.split(' ').nth(1).unwrap())
            .collect()
    };
    let told: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.starts_with('#'))
        .collect();
    let expected = [
        format!("# playready-protection {}", given("@0")[0]),
        format!("# playready-key-change {}", given("@1").join(" ")),
        format!("# playready-key-change {}", given("@2").join(" ")),
    ];
    assert_eq!(told, expected, "{}", run.stdout);
    assert_eq!(given("@1").len(), 2, "{}", run.stdout);

    let movie = is_protected(&protected, "give_keys");
    for track in &movie.tracks {
        let mut kids: Vec<[u8; 16]> = track
            .samples
            .iter()
            .map(|sample| sample.protection.as_ref().unwrap().rules.kid)
            .collect();
        kids.dedup();
        assert_eq!(kids.len(), 3);
    }
    for branch in [
        "video_0 ! h264parse ! avdec_h264",
        "audio_0 ! aacparse ! avdec_aac",
    ] {
        launch::pipeline(&format!(
            "filesrc location={} ! clearkeydec key-uri=file://{} ! qtdemux name=d d.{branch} ! fakesink",
            protected.display(),
            keys.display(),
        ))
        .succeeded();
    }
}
