// SPDX-License-Identifier: MPL-2.0
//! What is in a folder, read through its MPD and its playlists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::movie::Movie;
use crate::pipelines::all_protected;

/// A presentation in a folder.
pub struct Published {
    folder: PathBuf,
    pub mpd: String,
    /// The text of all playlists.
    pub playlists: String,
    /// The parts of each track in the MPD.
    tracks: BTreeMap<String, Vec<PublishedPart>>,
}

/// The segments under one init segment.
struct PublishedPart {
    init: String,
    segments: Vec<String>,
}

/// A track with a file for each init segment.
pub struct PublishedTrack {
    pub segments: usize,
    pub parts: Vec<Movie>,
}

impl Published {
    pub fn read(folder: &Path) -> Self {
        let mpd = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
        let mut playlists = String::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "m3u8")
            {
                playlists.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
        Self {
            folder: folder.to_owned(),
            tracks: tracks(&mpd),
            mpd,
            playlists,
        }
    }

    /// Checks that all listed files exist.
    pub fn check_files(&self) {
        let parts = self.tracks.values().flatten();
        for name in parts.flat_map(|part| part.segments.iter().chain([&part.init])) {
            assert!(self.folder.join(name).exists(), "{name} of the MPD");
        }
        for name in self.playlists.lines().filter(|line| !line.starts_with('#')) {
            assert!(self.folder.join(name).exists(), "{name} of a playlist");
        }
    }

    /// The track with this handler.
    pub fn track(&self, handler: &[u8; 4]) -> PublishedTrack {
        let kind = match handler {
            b"vide" => "video",
            _ => "audio",
        };
        let (_, parts) = self
            .tracks
            .iter()
            .find(|(name, _)| name.starts_with(kind))
            .unwrap();
        PublishedTrack {
            segments: parts.iter().map(|part| part.segments.len()).sum(),
            parts: parts.iter().map(|part| self.movie(part)).collect(),
        }
    }

    /// The parts of all tracks, of which each must be protected.
    pub fn protected_parts(&self) -> Vec<Movie> {
        let parts = self.tracks.values().flatten();
        parts
            .map(|part| {
                let movie = self.movie(part);
                all_protected(&movie, &part.init);
                movie
            })
            .collect()
    }

    /// The playlist of the track whose name starts with `kind`.
    pub fn media_playlist(&self, kind: &str) -> String {
        let name = self.tracks.keys().find(|name| name.starts_with(kind));
        let file = format!("{}.m3u8", name.unwrap());
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn movie(&self, part: &PublishedPart) -> Movie {
        let files = [&part.init].into_iter().chain(&part.segments);
        let bytes = files.flat_map(|name| fs::read(self.folder.join(name)).unwrap());
        Movie::parse(bytes.collect())
    }
}

fn tracks(mpd: &str) -> BTreeMap<String, Vec<PublishedPart>> {
    let mut tracks: BTreeMap<String, Vec<PublishedPart>> = BTreeMap::new();
    for template in mpd.split("<SegmentTemplate ").skip(1) {
        let attribute = |name: &str| {
            let rest = template.split(&format!("{name}=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let media = attribute("media");
        let start: usize = attribute("startNumber").parse().unwrap();
        let timeline = template.split("</SegmentTimeline>").next().unwrap();
        let count: usize = timeline
            .split("<S ")
            .skip(1)
            .map(|s| match s.split("r=\"").nth(1) {
                Some(repeated) => {
                    1 + repeated
                        .split('"')
                        .next()
                        .unwrap()
                        .parse::<usize>()
                        .unwrap()
                }
                None => 1,
            })
            .sum();
        let name = media.split('/').next().unwrap().to_owned();
        tracks.entry(name).or_default().push(PublishedPart {
            init: attribute("initialization"),
            segments: (start..start + count)
                .map(|number| media.replace("$Number$", &number.to_string()))
                .collect(),
        });
    }
    tracks
}
