// SPDX-License-Identifier: MPL-2.0
//! The playlists of packaged files as `hls_m3u8`, an independent parser, reads them, and the parts of files that they name.

use std::fs;

use hls_m3u8::{MasterPlaylist, MediaPlaylist};
use test_support::boxes::top_level;

use crate::folder::Folder;

const SECONDS: usize = 6;

/// The parts of files that a playlist names.
fn parts(folder: &Folder, version: &str, playlist: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(folder.path(&format!("{version}/{playlist}"))).unwrap();
    let read = MediaPlaylist::try_from(text.as_str());
    let read = read.unwrap_or_else(|error| panic!("{playlist}: {error}\n{text}"));
    assert!(read.has_end_list && read.unknown.is_empty(), "{text}");
    let base = playlist.rsplit_once('/').map_or("", |(base, _)| base);
    let mut end = 0;
    read.segments
        .values()
        .map(|segment| {
            assert!(!segment.keys.is_empty(), "{text}");
            let file = folder.path(&format!("{version}/{base}/{}", segment.uri()));
            let file = fs::read(file).unwrap();
            let Some(range) = &segment.byte_range else {
                return file;
            };
            let start = range.start().unwrap_or(end);
            end = range.end();
            file[start..end].to_vec()
        })
        .collect()
}

#[test]
fn playlists_lead_another_parser_to_whole_fragments() {
    let Some(folder) = Folder::new("playlists") else {
        return;
    };
    // A key frame each second.
    folder.film(
        "film.mp4",
        "160x90",
        u32::try_from(SECONDS).unwrap(),
        "-c:v libx264 -preset ultrafast -g 25 -keyint_min 25 -sc_threshold 0 -c:a aac",
    );
    for form in ["", "--single-file"] {
        folder.package(&format!(
            "film.mp4 --output out --scheme cbcs --segment-duration 2s {form}"
        ));
        let text = fs::read_to_string(folder.path("out/manifest.m3u8")).unwrap();
        let master = MasterPlaylist::try_from(text.as_str()).unwrap();
        assert!(master.unknown_tags.is_empty(), "{text}");
        assert!(!master.session_keys.is_empty(), "{text}");
        let [streams, iframes]: [Vec<_>; 2] = [false, true].map(|of_iframes| {
            let uris = master
                .variant_streams
                .iter()
                .filter_map(|stream| match stream {
                    hls_m3u8::tags::VariantStream::ExtXStreamInf { uri, .. } if !of_iframes => {
                        Some(uri)
                    }
                    hls_m3u8::tags::VariantStream::ExtXIFrame { uri, .. } if of_iframes => {
                        Some(uri)
                    }
                    _ => None,
                });
            uris.map(ToString::to_string).collect()
        });
        let sound = master.media.iter().filter_map(|media| media.uri());
        for playlist in streams
            .iter()
            .map(String::as_str)
            .chain(sound.map(AsRef::as_ref))
        {
            let parts = parts(&folder, "out", playlist);
            assert_eq!(parts.len(), SECONDS / 2, "{playlist}");
            assert!(parts.iter().all(|part| boxes(part) == ["moof", "mdat"]));
        }
        assert_eq!(iframes.len(), 1, "{text}");
        let pictures = parts(&folder, "out", &iframes[0]);
        assert!(pictures.len() >= SECONDS / 2, "{}", pictures.len());
        assert!(pictures.iter().all(|part| begins_with_moof(part)));
    }
}

/// True if `moof` is first, after `styp` in a file of its own. The box after it may end behind the part.
fn begins_with_moof(part: &[u8]) -> bool {
    let start = match &part[4..8] {
        b"styp" => u32::from_be_bytes(part[..4].try_into().unwrap()),
        _ => 0,
    };
    let start = usize::try_from(start).unwrap();
    part[start + 4..start + 8] == *b"moof"
}

/// The types of the boxes of a part, without those that say what is in it.
fn boxes(part: &[u8]) -> Vec<String> {
    top_level(part)
        .iter()
        .map(|found| String::from_utf8_lossy(&found.kind).into_owned())
        .filter(|kind| !["styp", "sidx", "emsg", "prft"].contains(&kind.as_str()))
        .collect()
}
