// SPDX-License-Identifier: MPL-2.0
//! Several runs into one folder: what stays, and what is replaced or removed.

use std::fs;

use crate::folder::Folder;

// An older presentation plays on until the new one is there, and its files stay for those who play it.
#[test]
fn second_run_replaces_a_presentation() {
    let Some(folder) = Folder::new("second_run") else {
        return;
    };
    folder.film(
        "film.mp4",
        "160x90",
        4,
        "-c:v libx264 -preset ultrafast -g 50 -c:a aac",
    );
    fs::create_dir_all(folder.path("out/v0-notes")).unwrap();
    let run = || folder.package("film.mp4 --output out --segment-duration 2s");
    let named_version = || {
        let mpd = fs::read_to_string(folder.path("out/manifest.mpd")).unwrap();
        let playlist = fs::read_to_string(folder.path("out/manifest.m3u8")).unwrap();
        (1..9).find(|number| {
            let folder = format!("v{number}/");
            mpd.contains(&folder) && playlist.contains(&folder)
        })
    };
    run();
    assert_eq!(named_version(), Some(1));
    let (code, message) = folder.refused("package film.mp4 missing.mp4 --output out");
    assert_eq!((code, named_version()), (2, Some(1)), "{message}");
    run();
    assert_eq!(named_version(), Some(2));
    assert_eq!(
        folder.names("out"),
        ["manifest.m3u8", "manifest.mpd", "v0-notes", "v1", "v2"]
    );
    run();
    assert_eq!(named_version(), Some(3));
    assert_eq!(
        folder.names("out"),
        ["manifest.m3u8", "manifest.mpd", "v0-notes", "v2", "v3"]
    );
}

// A manifest that the last run did not write would show an older film, and soon name files that are gone.
#[test]
fn run_with_fewer_manifests_removes_those_of_the_run_before() {
    let Some(folder) = Folder::new("fewer_manifests") else {
        return;
    };
    folder.film(
        "film.mp4",
        "160x90",
        2,
        "-c:v libx264 -preset ultrafast -c:a aac",
    );
    let run = |manifests: &str| {
        folder.package(&format!("film.mp4 --output out --manifests {manifests}"));
        folder.names("out")
    };
    assert_eq!(
        run("dash,hls,smooth"),
        ["Manifest", "manifest.m3u8", "manifest.mpd", "v1"]
    );
    assert_eq!(run("dash,smooth"), ["Manifest", "manifest.mpd", "v1", "v2"]);
    assert_eq!(run("hls"), ["manifest.m3u8", "v2", "v3"]);
    // A file that no run wrote stays, whatever its name.
    fs::write(folder.path("out/Manifest"), "notes").unwrap();
    assert_eq!(run("hls"), ["Manifest", "manifest.m3u8", "v3", "v4"]);
    // A run that fails removes nothing.
    let (code, message) = folder.refused("package missing.mp4 --output out --manifests dash");
    assert_eq!(code, 2, "{message}");
    assert_eq!(
        folder.names("out"),
        ["Manifest", "manifest.m3u8", "v3", "v4"]
    );
}
