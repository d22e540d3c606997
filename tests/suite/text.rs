// SPDX-License-Identifier: MPL-2.0
//! Text tracks: they stay clear unless a selector includes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::decrypt::Keys;
use crate::enc::{self, KEY, KID};
use crate::launch::Run;
use crate::movie::Movie;
use crate::samples::Twin;
use crate::scratch::Scratch;
use crate::tools::{self, skip};

const SUBTITLES: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nfirst line of words\n\n\
    00:00:01.500 --> 00:00:02.900\nsecond line of words\n";

/// Subtitles as WebVTT in fragmented MP4, which Shaka Packager writes.
fn subtitles(folder: &Scratch) -> Option<PathBuf> {
    let packager = tools::packager()?;
    std::fs::write(folder.join("subtitles.vtt"), SUBTITLES).unwrap();
    let mut run = Command::new(packager);
    run.current_dir(folder.path());
    Run::of(run.arg("in=subtitles.vtt,stream=text,format=mp4,output=clear.mp4")).succeeded();
    Some(folder.join("clear.mp4"))
}

fn protect(clear: &Path, lines: &str, protected: &Path, folder: &Scratch) -> Run {
    let keys = folder.write_secret("some.keys", lines);
    let element = format!("playreadyenc key-uri=file://{}", keys.display());
    enc::protect_file(clear, 4096, &element, protected)
}

#[test]
fn text_is_protected_by_its_own_selector_only() {
    let folder = Scratch::new("text");
    let Some(clear) = subtitles(&folder) else {
        return skip("text tracks", "PLAYREADY_PACKAGER names none");
    };
    let protected = folder.join("protected.mp4");
    let refused = protect(&clear, &format!("* {KID} {KEY}\n"), &protected, &folder);
    assert!(!refused.status.success());
    assert!(
        refused.stderr.contains("clear-tracks=*"),
        "{}",
        refused.stderr
    );
    for (selector, protects) in [("*", false), ("text", true), ("track:1", true)] {
        let clear_line = if protects { "" } else { "text clear" };
        let lines = format!("{selector} {KID} {KEY}\n{clear_line}\n");
        protect(&clear, &lines, &protected, &folder).succeeded();
        let twin = Twin {
            clear: &clear,
            protected: &protected,
            keys: Keys::one(KID, KEY),
        };
        twin.check_own();
        twin.check_cencbox();
        let movie = Movie::open(&protected);
        let [text] = movie.tracks.as_slice() else {
            panic!("{} tracks", movie.tracks.len());
        };
        assert_eq!(&text.entries[0].format, b"wvtt");
        assert!(text.samples.len() >= 3);
        let mut samples = text.samples.iter();
        assert!(samples.all(|sample| sample.protection.is_some() == protects));
    }
}
