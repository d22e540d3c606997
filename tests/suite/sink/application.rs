// SPDX-License-Identifier: MPL-2.0
//! An application that stores the presentation itself, and starts and stops of one element.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gio::prelude::*;
use gst::prelude::*;
use hls_m3u8::{MasterPlaylist, MediaPlaylist};
use test_support::dash_schema;

use super::{SECOND, checked, sink};
use crate::in_process;
use crate::scratch::Scratch;
use crate::tools::skip;

/// Copies a manifest that is about to be replaced.
fn keep_version(manifest: &Path, versions: &Path) {
    if let Ok(text) = fs::read(manifest) {
        fs::create_dir_all(versions).unwrap();
        let number = fs::read_dir(versions).unwrap().count();
        let name = manifest.file_name().unwrap().to_string_lossy();
        fs::write(versions.join(format!("{number}-{name}")), text).unwrap();
    }
}

/// Checks each version of each manifest by the schema and by another parser, which does not know SAMPLE-AES-CTR.
fn check_versions(folder: &Path) {
    let files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    let with = |end: &'static str| {
        files
            .iter()
            .filter(move |file| file.to_string_lossy().ends_with(end))
    };
    match dash_schema::validate(folder) {
        Ok(said) => assert_eq!(
            said,
            with(".mpd").count().to_string(),
            "errors of the schema"
        ),
        Err(why) => skip("the schema of live MPDs", why),
    }
    assert!(with(".mpd").count() > 10);
    for file in with(".m3u8") {
        let text = fs::read_to_string(file).unwrap();
        let is_media = text.contains("#EXT-X-MEDIA-SEQUENCE");
        let parsed = match is_media {
            true => MediaPlaylist::try_from(text.as_str()).map(drop),
            false => MasterPlaylist::try_from(text.as_str()).map(drop),
        };
        assert!(parsed.is_ok(), "{}: {parsed:?}\n{text}", file.display());
    }
}

const SOURCE: &str = "videotestsrc num-buffers=500 ! video/x-raw,width=64,height=36,framerate=25/1 \
                      ! x264enc speed-preset=ultrafast tune=zerolatency threads=1 ! h264parse ! out.video_0";

#[test]
fn application_stores_the_files() {
    let folder = Scratch::new("sink-application");
    folder.write_secret(
        "one.keys",
        "* 11111111-1111-4111-8111-111111111111 00112233445566778899aabbccddeeff\n",
    );
    in_process::run("sink::application::stores", folder.path().as_os_str());
    check_versions(&folder.join("versions"));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn stores() {
    let folder = in_process::argument().unwrap();
    let keys = Path::new(&folder).join("one.keys");
    gst::init().unwrap();
    let line = format!(
        "playreadysink name=out scheme=cbcs key-uri=file://{} segment-duration={SECOND} presentation-type=dynamic window={} {SOURCE}",
        keys.display(),
        4 * SECOND
    );
    let pipeline = in_process::pipeline(&line);
    let out = pipeline.by_name("out").unwrap();
    let kept = Path::new(&folder).join("kept");
    for signal in ["get-segment-stream", "get-manifest-stream"] {
        let kept = kept.clone();
        out.connect(signal, false, move |values| {
            let name = values[1].get::<String>().unwrap();
            assert_eq!(name.contains('/'), signal == "get-segment-stream");
            let path = kept.join(&name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            keep_version(&path, &kept.with_file_name("versions"));
            let file = gio::File::for_path(path);
            let flags = gio::FileCreateFlags::NONE;
            let stream = file.replace(None, false, flags, gio::Cancellable::NONE);
            Some(Some(stream.unwrap().upcast::<gio::OutputStream>()).to_value())
        });
    }
    let deleted = Arc::new(AtomicUsize::new(0));
    let (counter, place) = (Arc::clone(&deleted), kept.clone());
    out.connect("delete-segment", false, move |values| {
        fs::remove_file(place.join(values[1].get::<String>().unwrap())).unwrap();
        counter.fetch_add(1, Ordering::Relaxed);
        None
    });
    in_process::run_to_the_end(&pipeline);
    assert!(deleted.load(Ordering::Relaxed) > 0);
    // What the application kept is a presentation, without the element's own state.
    assert!(checked(&kept).track(b"vide").segments >= 3);
    assert!(!kept.join(".playready-presentation.json").exists());
}

#[test]
fn element_starts_again_and_again() {
    let folder = Scratch::new("sink-application");
    in_process::run_traced("sink::application::starts", OsStr::new(folder.path()));
}

#[test]
#[ignore = "runs in a process of its own, started by the test above"]
fn starts() {
    let folder = in_process::argument().unwrap();
    let scratch = Scratch::new("sink-starts");
    gst::init().unwrap();
    let line = format!(
        "{} {SOURCE}",
        sink(&scratch, "out", "presentation-type=dynamic window=0")
    );
    let pipeline = in_process::pipeline(&line);
    for run in 1..=3 {
        in_process::run_to_the_end(&pipeline);
        let published = checked(&scratch.join("out"));
        assert_eq!(published.track(b"vide").parts.len(), run);
    }
    // It stops in the middle of a stream, and before one.
    for state in [gst::State::Playing, gst::State::Paused, gst::State::Ready] {
        pipeline.set_state(state).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30));
        pipeline.set_state(gst::State::Null).unwrap();
    }
    assert!(Path::new(&folder).exists());
}
