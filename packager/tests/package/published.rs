// SPDX-License-Identifier: MPL-2.0
//! `playreadysink` publishes the presentation on demand that `package` makes of the same film.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use test_support::{launch, tools};

use crate::folder::Folder;

const DASH: &str = "urn:mpeg:dash:schema:mpd:2011";
/// Attributes of names and of units that the muxer chooses, and rates that follow from the rounding of a frame at the end.
const OF_FILES: [&str; 4] = ["initialization", "media", "timescale", "bandwidth"];

/// The elements of an MPD but those of the timelines: a line each, with the path and the attributes.
fn described(mpd: &Document<'_>) -> Vec<String> {
    let is_described = |node: &Node<'_, '_>| {
        node.is_element() && !["SegmentTimeline", "S"].contains(&node.tag_name().name())
    };
    mpd.descendants()
        .filter(is_described)
        .map(|node| {
            let attributes: BTreeMap<&str, &str> = node
                .attributes()
                .filter(|attribute| !OF_FILES.contains(&attribute.name()))
                .map(|attribute| (attribute.name(), attribute.value()))
                .collect();
            format!(
                "{} {attributes:?} {:?}",
                node.tag_name().name(),
                node.text().map(str::trim)
            )
        })
        .collect()
}

/// The start of each segment in milliseconds, for each track.
fn starts(mpd: &Document<'_>) -> Vec<Vec<u64>> {
    let templates = mpd
        .descendants()
        .filter(|node| node.has_tag_name((DASH, "SegmentTemplate")));
    templates
        .map(|template| {
            let number = |node: &Node<'_, '_>, name| node.attribute(name)?.parse::<u64>().ok();
            let timescale = number(&template, "timescale").unwrap();
            let mut at = 0;
            let mut starts = Vec::new();
            for s in template
                .descendants()
                .filter(|node| node.has_tag_name((DASH, "S")))
            {
                at = number(&s, "t").unwrap_or(at);
                for _ in 0..=number(&s, "r").unwrap_or(0) {
                    starts.push(at * 1000 / timescale);
                    at += number(&s, "d").unwrap();
                }
            }
            starts
        })
        .collect()
}

#[test]
fn the_element_publishes_what_the_command_makes() {
    let Some(folder) = Folder::new("published") else {
        return;
    };
    if let Some(element) = launch::missing(&["qtdemux", "h264parse", "aacparse"]) {
        return tools::skip("package::the_element", &format!("no element {element}"));
    }
    let codecs = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -pix_fmt yuv420p";
    folder.film("film.mp4", "160x90", 9, codecs);
    folder.package("film.mp4 --output packaged --segment-duration 2s");
    for (name, ranks) in [("cmafmux", ""), ("mp4mux", "cmafmux:NONE")] {
        let line = format!(
            "playreadysink name=out location={} key-uri=file://{} segment-duration=2000000000 \
             filesrc location={} ! qtdemux name=demux demux.video_0 ! queue ! h264parse ! out.video_0 \
             demux.audio_0 ! queue ! aacparse ! out.audio_0",
            folder.path(name).display(),
            folder.path("film.keys").display(),
            folder.path("film.mp4").display()
        );
        let mut command = launch::command();
        command
            .env("GST_PLUGIN_FEATURE_RANK", ranks)
            .arg("-q")
            .args(launch::words(&line));
        launch::Run::of(&mut command).succeeded();
        let [packaged, published] = ["packaged", name]
            .map(|out| std::fs::read_to_string(folder.path(out).join("manifest.mpd")).unwrap());
        let [packaged, published] =
            [&packaged, &published].map(|text| Document::parse(text).unwrap());
        assert_eq!(described(&packaged), described(&published), "{name}");
        let near = |(one, other): (&u64, &u64)| one.abs_diff(*other) <= 1;
        for (one, other) in starts(&packaged).iter().zip(&starts(&published)) {
            assert_eq!(one.len(), other.len(), "{name}");
            assert!(one.iter().zip(other).all(near), "{name}: {one:?} {other:?}");
        }
    }
}
