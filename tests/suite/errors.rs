// SPDX-License-Identifier: MPL-2.0
//! Failures stop the pipeline with their cause and remedy, and leave nothing that looks like a whole file.

use std::os::unix::fs::PermissionsExt;

use crate::decrypt::Keys;
use crate::enc::{self, KEY, KID};
use crate::launch::{self, Run};
use crate::layout;
use crate::media::{Audio, MP4MUX, Recipe, Video};
use crate::movie::Movie;
use crate::samples::Twin;
use crate::scratch::Scratch;
use crate::tools::skip;

const FRAGMENTED: Recipe = Recipe::new(MP4MUX, Video::Avc, Audio::Aac);

/// Checks that the run failed with an error of the element that contains all the words, whatever their case.
fn says(run: &Run, words: &[&str]) {
    // gst-launch-1.0 returns 255 if a pipeline does not start, and 1 if it fails later. None stands for a signal.
    let code = run.status.code();
    assert!(
        matches!(code, Some(1 | 255)),
        "{}\n{}",
        run.status,
        run.stderr
    );
    let said = run.stderr.to_lowercase();
    assert!(
        said.contains("playreadyenc"),
        "not from the element: {said}"
    );
    assert!(!said.contains("panic"), "{said}");
    for word in words {
        let mut either = word.split('|');
        assert!(
            either.any(|word| said.contains(word)),
            "no {word:?} in: {said}"
        );
    }
}

/// Checks that the element refuses these properties for the fragmented file, with these words, and that no byte leaves it.
fn refuses_properties(properties: &str, words: &[&str]) {
    let folder = Scratch::new("errors");
    let output = folder.join("protected.mp4");
    let element = format!("playreadyenc {properties}");
    let run = enc::protect_file(&FRAGMENTED.clear(), 4096, &element, &output);
    says(&run, words);
    layout::nothing_plays(&output);
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
    let short = format!("key-id={KID} key=0011223344556677");
    refuses_properties(&short, &["key", "16 bytes", "32 hexadecimal"]);
}

#[test]
fn a_key_is_never_repeated_in_its_error() {
    let folder = Scratch::new("errors");
    let element = format!("playreadyenc key-id={KID} key=c0ffee00c0ffee00c0ffee00");
    let output = folder.join("protected.mp4");
    let run = enc::protect_file(&FRAGMENTED.clear(), 4096, &element, &output);
    assert!(!run.status.success());
    assert!(!run.stderr.contains("c0ffee"), "{}", run.stderr);
}

#[test]
fn a_key_id_that_is_no_uuid_is_refused() {
    refuses_properties(
        &format!("key-id=house key={KEY}"),
        &["key id|key-id|kid", "uuid"],
    );
}

#[test]
fn the_nil_key_id_is_refused() {
    let nil = format!("key-id=00000000-0000-0000-0000-000000000000 key={KEY}");
    refuses_properties(&nil, &["nil|zero", "give"]);
}

#[test]
fn no_key_at_all_is_refused_with_the_ways_to_give_one() {
    refuses_properties("", &["key", "key-id", "key-uri"]);
}

#[test]
fn a_key_without_its_key_id_is_refused() {
    refuses_properties(&format!("key={KEY}"), &["key-id"]);
}

#[test]
fn an_iv_of_the_wrong_length_is_refused() {
    let properties = format!("key-id={KID} key={KEY} iv=001122");
    refuses_properties(&properties, &["iv", "8 or 16 bytes"]);
}

#[test]
fn an_iv_of_eight_bytes_is_refused_under_cbcs() {
    let properties = format!("scheme=cbcs key-id={KID} key={KEY} iv=0011223344556677");
    refuses_properties(&properties, &["iv", "16"]);
}

#[test]
fn a_keys_file_in_a_folder_that_is_not_there_is_refused() {
    refuses_properties(
        "key-uri=file:///nowhere/at/all.keys",
        &["/nowhere/at/all.keys", "folder|directory"],
    );
}

#[test]
fn a_keys_file_that_others_may_read_is_refused() {
    let folder = Scratch::new("errors");
    let file = folder.write_secret("open.keys", &format!("* {KID} {KEY}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let properties = format!("key-uri=file://{}", file.display());
    refuses_properties(&properties, &["open.keys", "chmod 600|0600"]);
}

#[test]
fn a_keys_file_with_a_bad_line_is_refused_by_the_number_of_the_line() {
    let folder = Scratch::new("errors");
    let file = folder.write_secret("bad.keys", &format!("# a comment\n* {KID} 0011\n"));
    let properties = format!("key-uri=file://{}", file.display());
    refuses_properties(&properties, &["bad.keys", "line 2"]);
}

#[test]
fn a_track_that_no_key_matches_is_refused() {
    let folder = Scratch::new("errors");
    let file = folder.write_secret("video.keys", &format!("video {KID} {KEY}\n"));
    let properties = format!("key-uri=file://{}", file.display());
    refuses_properties(&properties, &["key", "audio|track"]);
}

#[test]
fn a_file_that_is_protected_already_is_refused() {
    let folder = Scratch::new("errors");
    let [once, twice] = ["once.mp4", "twice.mp4"].map(|name| folder.join(name));
    enc::protect_file(&FRAGMENTED.clear(), 4096, &enc::one_key("cenc"), &once).succeeded();
    let run = enc::protect_file(&once, 4096, &enc::one_key("cbcs"), &twice);
    says(&run, &["already protected"]);
    layout::nothing_plays(&twice);
}

/// Checks that the element refuses the live output of a muxer with these words.
fn refuses_muxer(muxer: &'static str, words: &[&str]) {
    let folder = Scratch::new("errors");
    let output = folder.join("protected.mp4");
    let tail = format!(
        "{} ! filesink location={}",
        enc::one_key("cenc"),
        output.display()
    );
    let run = launch::pipeline(&Recipe::new(muxer, Video::Avc, Audio::Aac).pipeline(&tail));
    says(&run, words);
    layout::nothing_plays(&output);
}

#[test]
fn a_muxer_that_writes_no_fragments_is_refused_with_the_remedy() {
    refuses_muxer("mp4mux", &["fragment", "fragment-duration"]);
}

#[test]
fn a_muxer_that_goes_back_to_finalise_is_refused_with_the_remedy() {
    let muxer = "mp4mux fragment-duration=1000 fragment-mode=first-moov-then-finalise";
    refuses_muxer(muxer, &["fragment-mode=dash-or-mss"]);
}

#[test]
fn a_file_with_its_moov_at_the_end_is_refused_with_the_remedy() {
    let folder = Scratch::new("errors");
    let output = folder.join("protected.mp4");
    let progressive = Recipe::new("mp4mux", Video::Avc, Audio::Aac).clear();
    let run = enc::protect_file(&progressive, 4096, &enc::one_key("cenc"), &output);
    says(&run, &["moov", "fragment"]);
    layout::nothing_plays(&output);
}

#[test]
fn a_video_codec_that_we_cannot_protect_is_refused_by_name() {
    let name = "a_video_codec_that_we_cannot_protect_is_refused_by_name";
    if let Some(element) = launch::missing(&["avenc_mpeg4", "mpeg4videoparse"]) {
        return skip(name, &format!("no element {element}"));
    }
    let folder = Scratch::new("errors");
    let output = folder.join("protected.mp4");
    let run = launch::pipeline(&format!(
        "videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120 ! avenc_mpeg4 ! mpeg4videoparse \
         ! mp4mux fragment-duration=500 ! {} ! filesink location={}",
        enc::one_key("cbcs"),
        output.display()
    ));
    says(&run, &["mp4v"]);
    layout::nothing_plays(&output);
}

#[test]
fn a_file_that_breaks_off_ends_in_an_error_after_its_whole_fragments() {
    let clear = Movie::open(&FRAGMENTED.clear());
    for kept in [clear.file.len() / 2, 2000, 700, 20] {
        let folder = Scratch::new("errors");
        let cut = folder.write("cut.mp4", &clear.file[..kept]);
        let output = folder.join("protected.mp4");
        let run = enc::protect_file(&cut, 4096, &enc::one_key("cenc"), &output);
        says(&run, &["truncated|ends in|breaks off|incomplete|cut"]);
        let protected = Movie::open(&output);
        for track in &protected.tracks {
            assert!(track.entries[0].scheme.is_some(), "a clear sample entry");
            assert!(
                track
                    .samples
                    .iter()
                    .all(|sample| sample.protection.is_some())
            );
        }
    }
}

#[test]
fn a_keys_file_that_is_not_there_is_made_for_its_owner_only_and_used_again() {
    let folder = Scratch::new("made");
    let keys = folder.join("made.keys");
    let element = format!("playreadyenc key-uri=file://{}", keys.display());
    let outputs = ["first.mp4", "second.mp4"].map(|name| folder.join(name));
    let mut contents = Vec::new();
    for output in &outputs {
        enc::protect_file(&FRAGMENTED.clear(), 4096, &element, output).succeeded();
        contents.push(std::fs::read_to_string(&keys).unwrap());
    }
    assert_eq!(contents[0], contents[1], "the second run changed the file");
    let mode = std::fs::metadata(&keys).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let known = keys_in(&contents[0]);
    for output in &outputs {
        let twin = Twin {
            clear: &FRAGMENTED.clear(),
            protected: output,
            keys: known.clone(),
        };
        twin.check_own();
    }
    let [first, second] = outputs.map(|output| Movie::open(&output));
    let iv = |movie: &Movie| {
        let sample = &movie.tracks[0].samples[0];
        sample.protection.as_ref().unwrap().iv.clone()
    };
    assert_ne!(iv(&first), iv(&second), "both runs begin with the same IV");
}

/// The keys of a `.keys` file: lines of `selector kid key [iv]`.
fn keys_in(content: &str) -> Keys {
    let lines = content.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.fold(Keys::default(), |keys, line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        keys.with(fields[1], fields[2])
    })
}
