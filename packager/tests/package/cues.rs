// SPDX-License-Identifier: MPL-2.0
//! Cues of SCTE 35 in the event messages of an input, which start keys and clear parts of a presentation and of a file.

use std::fs;

use roxmltree::Document;
use test_support::cues::{SCHEME, Start, emsg, made, with_boxes};
use test_support::movie::{Movie, Sample};
use test_support::tools;

use crate::folder::Folder;

/// A key frame in each second, decoded 80 ms before it is shown, since pictures are reordered.
const FRAGMENTS: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 25 -sc_threshold 0 -c:a aac \
                         -movflags +frag_keyframe+empty_moov+default_base_moof";

/// A folder with a film of four seconds whose second one, or third one by version 0, is a break. None without the tools.
fn film(test: &str) -> Option<Folder> {
    let Some(cues) = made(&["out id=7 time=0 duration=1"]) else {
        tools::skip(&format!("package::cues::{test}"), "no threefive");
        return None;
    };
    let folder = Folder::new(test)?;
    folder.film("clear.mp4", "160x90", 4, FRAGMENTS);
    let clear = fs::read(folder.path("clear.mp4")).unwrap();
    for (name, start) in [
        ("at.mp4", Start::At(1050)),
        ("after.mp4", Start::After(2000)),
    ] {
        let boxes = [(0, emsg(SCHEME, start, &cues[0]))];
        fs::write(folder.path(name), with_boxes(&clear, &boxes)).unwrap();
    }
    let line = |period: u8| format!("*@{period} {:032x} {:032x}\n", period + 1, period + 5);
    folder.write_keys(&(0..4).map(line).collect::<String>());
    Some(folder)
}

#[test]
fn cues_start_periods_of_a_presentation() {
    let Some(folder) = film("cue_periods") else {
        return;
    };
    for (options, expected) in [
        ("at.mp4 --cue-action key", "PT0S+ PT1.08S+ PT2.08S+"),
        ("after.mp4 --cue-action key", "PT0S+ PT2.08S+ PT3.08S+"),
        (
            "at.mp4 --cue-action clear --clear-signaling init",
            "PT0S+ PT1.08S- PT2.08S+",
        ),
        ("at.mp4", "PT0S+"),
    ] {
        folder.package(&format!("{options} --output out --segment-duration 1s"));
        let mpd = fs::read_to_string(folder.path("out/manifest.mpd")).unwrap();
        let document = Document::parse(&mpd).unwrap();
        let periods = document
            .descendants()
            .filter(|node| node.tag_name().name() == "Period");
        let found: Vec<_> = periods
            .map(|period| {
                let is_protected = period
                    .descendants()
                    .any(|node| node.tag_name().name() == "ContentProtection");
                let start = period.attribute("start").unwrap_or("PT0S");
                format!("{start}{}", if is_protected { '+' } else { '-' })
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{options}");
    }
}

/// The KIDs of the first pictures of each second.
fn kids(file: &std::path::Path) -> String {
    let movie = Movie::open(file);
    let shown = |sample: &Sample| {
        let kid = sample.protection.as_ref()?.rules.kid;
        Some(u128::from_be_bytes(kid).to_string())
    };
    let samples = movie.track(b"vide").samples.iter().step_by(25);
    samples
        .map(|sample| shown(sample).unwrap_or("-".to_owned()))
        .collect()
}

#[test]
fn cues_change_the_key_or_the_protection_within_a_file() {
    let Some(folder) = film("cue_files") else {
        return;
    };
    for (options, expected) in [
        ("at.mp4 out.mp4 --cue-action key", "1233"),
        ("at.mp4 out.mp4 --cue-action clear", "1-11"),
        ("after.mp4 out.mp4 --cue-action key", "1123"),
        ("after.mp4 out.mp4 --cue-action clear --fragment 1s", "11-1"),
        ("at.mp4 out.mp4 --cue-action key --fragment 1s", "1233"),
        ("at.mp4 out.mp4", "1111"),
    ] {
        let run = folder.run(&format!("protect {options}"));
        assert!(run.status.success(), "{options}: {run:?}");
        assert_eq!(kids(&folder.path("out.mp4")), expected, "{options}");
    }
}
