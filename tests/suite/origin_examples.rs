// SPDX-License-Identifier: MPL-2.0
//! The examples that store a live channel on an HTTP origin: what the origin has in the end, and what they do when it refuses a request.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_support::document_server::DocumentServer;

use crate::iv_ledger;
use crate::launch::{self, Run};
use crate::pipelines::all_protected;
use crate::samples;
use crate::scratch::Scratch;
use crate::sink::Published;
use crate::tools::{project, python, python_with_gstreamer};

/// The keys of the tracks: KID and key.
const VIDEO: [&str; 2] = [
    "6d1f0a5c-2b7e-4c39-9a84-51e0c7d3f286",
    "8f3b6e1d70a24c95b6d8e2f1a3c50947",
];
const AUDIO: [&str; 2] = [
    "c2a94e07-85d1-4f6b-b03e-9d7c41f6a852",
    "14d7c0b92e8f4a63957b0d6ec8f231a5",
];

#[test]
fn rust_example_stores_a_presentation() {
    let folder = launch::build(&["--example", "store_elsewhere"]);
    let example = || launch::program(folder.join("examples/store_elsewhere"));
    stores_a_presentation(example());
    refusals_are_errors(example);
}

#[test]
fn python_example_stores_a_presentation() {
    let test = "origin_examples::python_example_stores_a_presentation";
    let Some(python) = python_with_gstreamer(test) else {
        return;
    };
    let example = || {
        let mut example = launch::program(python);
        example.arg(project().join("examples/store_elsewhere.py"));
        example
    };
    stores_a_presentation(example());
    refusals_are_errors(example);
}

/// Starts an origin that stores files in a folder. It refuses requests whose method and path end as given.
fn origin(folder: &Path, refused: Option<&str>) -> DocumentServer {
    let script = project().join("tests/suite/origin_examples/origin.py");
    let mut server = Command::new(python());
    DocumentServer::start(server.arg(script).arg(folder).args(refused))
}

/// Runs an example with the origin, without a proxy that the environment names.
fn run(example: &mut Command, origin: &DocumentServer, keys: &Path) -> Run {
    let url = format!("http://127.0.0.1:{}/news", origin.port());
    let without_proxy = ["no_proxy", "NO_PROXY"].map(|variable| (variable, "*"));
    Run::of(example.envs(without_proxy).arg(url).arg(keys))
}

fn names<'a>(requests: &'a [Value], method: &str) -> BTreeSet<&'a str> {
    let requests = requests
        .iter()
        .filter(|request| request["method"] == method);
    requests
        .map(|request| request["name"].as_str().unwrap())
        .collect()
}

/// The names of all files below a folder.
fn files(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            match entry.path().is_dir() {
                true => files(&entry.path(), &format!("{name}/")),
                false => BTreeSet::from([name]),
            }
        })
        .collect()
}

fn stores_a_presentation(mut example: Command) {
    let (folder, stored) = (Scratch::new("origin"), Scratch::new("origin-stored"));
    iv_ledger::except("the segments are joined in other files too");
    let keys = format!("video {}\naudio {}\n", VIDEO.join(" "), AUDIO.join(" "));
    let keys = folder.write_secret("news.keys", &keys);
    let origin = origin(stored.path(), None);
    run(&mut example, &origin, &keys).succeeded();

    let requests = origin.rest();
    for request in &requests {
        assert!(request["status"].as_u64() < Some(300), "{request}");
    }
    // What is there is all that was put and not deleted.
    let (put, deleted) = (names(&requests, "PUT"), names(&requests, "DELETE"));
    let left: BTreeSet<String> = put.difference(&deleted).map(|&name| name.into()).collect();
    assert_eq!(files(stored.path(), ""), left);
    for track in ["video", "audio"] {
        let is_of_track = |name: &&str| name.starts_with(track);
        assert!(deleted.iter().any(is_of_track), "{track}: {deleted:?}");
    }

    let published = Published::read(stored.path());
    published.check_files();
    assert!(published.mpd.contains("type=\"static\""));
    assert!(published.playlists.contains("#EXT-X-ENDLIST"));
    for (handler, [kid, key], decoder) in [
        (b"vide", VIDEO, "h264parse ! avdec_h264"),
        (b"soun", AUDIO, "aacparse ! avdec_aac"),
    ] {
        let track = published.track(handler);
        assert!(track.segments >= 4);
        let [part] = track.parts.as_slice() else {
            panic!("{} init segments", track.parts.len());
        };
        all_protected(part, kid);
        let of_key = crate::decrypt::unhex(kid);
        let mut samples = part.tracks[0].samples.iter();
        assert!(samples.all(|sample| sample.protection.as_ref().unwrap().rules.kid == of_key));
        let file = folder.write(&format!("{kid}.mp4"), &part.file);
        samples::decodes_by_ffmpeg8(&file, key);
        launch::pipeline(&format!(
            "filesrc location={} ! clearkeydec key-uri=file://{} ! qtdemux ! {decoder} ! fakesink",
            file.display(),
            keys.display(),
        ))
        .succeeded();
    }
}

/// An example ends with an error that names the request which the origin refuses, and stores nothing that depends on it.
fn refusals_are_errors(example: impl Fn() -> Command) {
    for refused in ["PUT /news/audio/2.m4s", "DELETE /news/audio/1.m4s"] {
        let (folder, stored) = (Scratch::new("origin"), Scratch::new("origin-stored"));
        let origin = origin(stored.path(), Some(refused));
        let run = run(&mut example(), &origin, &folder.join("new.keys"));
        assert!(!run.status.success(), "{refused}");
        let (method, path) = refused.split_once(' ').unwrap();
        let url = format!("{method} http://127.0.0.1:{}{path}", origin.port());
        assert!(run.stderr.contains(&url), "{}", run.stderr);
        let requests = origin.rest();
        let last = requests
            .iter()
            .position(|request| request["status"] == 409)
            .unwrap();
        if method == "PUT" {
            assert_eq!(last + 1, requests.len(), "{requests:?}");
        }
    }
}
