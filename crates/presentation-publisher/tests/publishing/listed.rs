// SPDX-License-Identifier: MPL-2.0
//! What the manifests in a folder list.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use test_support::scratch::Scratch;

/// What an MPD and the playlists say.
pub struct Listed {
    pub availability_start: Option<String>,
    pub publish_time: Option<String>,
    pub period_starts: Vec<String>,
    /// The init segments, and the numbers of the segments, of each track.
    inits: Vec<String>,
    numbers: BTreeMap<String, Range<u64>>,
    /// All files in playlists.
    playlist_files: Vec<String>,
}

impl Listed {
    pub fn read_if_there(folder: &Scratch) -> Option<Self> {
        folder
            .join("manifest.mpd")
            .exists()
            .then(|| Self::read(folder))
    }

    pub fn read(folder: &Scratch) -> Self {
        let text = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
        let mpd = roxmltree::Document::parse(&text).unwrap();
        let root = mpd.root_element();
        let attribute = |name| root.attribute(name).map(str::to_owned);
        let mut inits = Vec::new();
        let mut numbers: BTreeMap<String, Range<u64>> = BTreeMap::new();
        for template in mpd
            .descendants()
            .filter(|node| node.has_tag_name(("urn:mpeg:dash:schema:mpd:2011", "SegmentTemplate")))
        {
            inits.push(template.attribute("initialization").unwrap().to_owned());
            let media = template.attribute("media").unwrap();
            let start: u64 = template.attribute("startNumber").unwrap().parse().unwrap();
            let count: u64 = template
                .descendants()
                .filter(|node| node.tag_name().name() == "S")
                .map(|s| {
                    s.attribute("r")
                        .map_or(1, |r| r.parse::<u64>().unwrap() + 1)
                })
                .sum();
            let track = media.split('/').next().unwrap().to_owned();
            let known = numbers.entry(track).or_insert(start..start);
            assert_eq!(known.end, start, "numbers go on from Period to Period");
            known.end += count;
        }
        let periods = mpd
            .descendants()
            .filter(|node| node.tag_name().name() == "Period");
        Self {
            availability_start: attribute("availabilityStartTime"),
            publish_time: attribute("publishTime"),
            period_starts: periods
                .map(|period| period.attribute("start").unwrap().to_owned())
                .collect(),
            inits,
            numbers,
            playlist_files: playlist_files(folder),
        }
    }

    /// Returns the numbers of the listed segments of a track.
    pub fn numbers(&self, track: &str) -> Range<u64> {
        self.numbers[track].clone()
    }

    /// Returns the names of all files that are listed.
    pub fn files(&self) -> Vec<String> {
        let segments = self.numbers.iter().flat_map(|(track, numbers)| {
            numbers
                .clone()
                .map(move |number| format!("{track}/{number}.m4s"))
        });
        let inits = self.inits.iter().cloned();
        segments
            .chain(inits)
            .chain(self.playlist_files.iter().cloned())
            .collect()
    }

    /// Checks that all files that are listed exist.
    pub fn check_files(&self, folder: &Scratch) {
        for name in self.files() {
            assert!(folder.join(&name).exists(), "{name} is listed and missing");
        }
    }
}

fn playlist_files(folder: &Scratch) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "m3u8") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let in_map = line
                .strip_prefix("#EXT-X-MAP:URI=\"")
                .map(|rest| rest.trim_end_matches('"'));
            let uri = (!line.starts_with('#')).then_some(line);
            files.extend(in_map.or(uri).map(str::to_owned));
        }
    }
    files
}
