// SPDX-License-Identifier: MPL-2.0
//! The updates of a channel while its window moves over a Period boundary, a gap and a discontinuity: what is said of a segment, a
//! Period or a set once is said of it in all updates (ISO/IEC 23009-1, 5.4; RFC 8216, 6.2.1 and 6.2.2).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use hls_m3u8::MediaPlaylist;
use presentation::model::Presentation;
use presentation::writer::dash::{MpdOptions, mpd};
use presentation::writer::hls::{HlsOptions, media};
use roxmltree::{Document, Node};

use super::{CHANNEL, Channel, ChannelKeys, windows};

/// What was said before, by the thing of which it was said.
#[derive(Debug, Default)]
struct Statements(BTreeMap<String, String>);

impl Statements {
    /// Adds a statement, which must be the same each time.
    fn add(&mut self, thing: String, said: impl Debug) {
        let said = format!("{said:?}");
        if let Some(before) = self.0.get(&thing) {
            assert_eq!(*before, said, "{thing}");
        }
        self.0.insert(thing, said);
    }
}

const fn channel(keys: ChannelKeys, keeps_parts: bool) -> Channel {
    Channel {
        keys,
        keeps_parts,
        ..CHANNEL
    }
}

const CHANNELS: [Channel; 6] = [
    channel(ChannelKeys::Clear, false),
    channel(ChannelKeys::Clear, true),
    channel(ChannelKeys::Init, false),
    channel(ChannelKeys::Init, true),
    channel(ChannelKeys::ClearLead, false),
    channel(ChannelKeys::ClearLead, true),
];

/// All texts of a presentation.
fn texts(presentation: &Presentation) -> Vec<String> {
    let playlists = presentation
        .tracks
        .iter()
        .map(|track| media(presentation, track, &HlsOptions::default()).unwrap());
    let mpd = mpd(presentation, &MpdOptions::default()).unwrap();
    std::iter::once(mpd).chain(playlists).collect()
}

#[test]
fn parts_without_segments_change_nothing() {
    for keys in [
        ChannelKeys::Clear,
        ChannelKeys::Init,
        ChannelKeys::ClearLead,
    ] {
        for listed in windows() {
            let [dropped, kept] =
                [false, true].map(|keeps| texts(&channel(keys, keeps).listing(listed.clone())));
            assert_eq!(dropped, kept, "{listed:?}");
        }
    }
}

#[test]
fn playlists_say_the_same_of_each_segment() {
    // A clear lead whose key is not known from the start changes: see the tests of keys.
    for channel in CHANNELS
        .iter()
        .filter(|channel| channel.keys != ChannelKeys::ClearLead)
    {
        let mut statements = Statements::default();
        for (update, listed) in windows().enumerate() {
            let presentation = channel.listing(listed.clone());
            for track in &presentation.tracks {
                let text = media(&presentation, track, &HlsOptions::default()).unwrap();
                let read = MediaPlaylist::try_from(text.as_str()).unwrap();
                let numbers: Vec<_> = read_segments(&read, &text, &mut statements);
                let expected: Vec<_> = listed.clone().collect();
                assert_eq!(numbers, expected, "update {update}: {text}");
            }
        }
        // Three tracks of nine segments.
        assert_eq!(statements.0.len(), 27);
    }
}

/// Adds what a playlist says of its segments, and returns their numbers.
fn read_segments(read: &MediaPlaylist<'_>, text: &str, statements: &mut Statements) -> Vec<u64> {
    assert!(read.unknown.is_empty(), "{text}");
    let mut discontinuity = read.discontinuity_sequence;
    let mut map = None;
    let mut numbers = Vec::new();
    for (index, (_, segment)) in read.segments.iter().enumerate() {
        discontinuity += usize::from(segment.has_discontinuity);
        map = segment
            .map
            .as_ref()
            .map(|map| map.uri().to_string())
            .or(map);
        let number = read.media_sequence + index;
        // This parser gives them in any order.
        let keys: BTreeSet<_> = segment.keys.iter().map(ToString::to_string).collect();
        statements.add(
            segment.uri().to_string(),
            (
                number,
                discontinuity,
                segment.duration.duration(),
                &map,
                keys,
            ),
        );
        numbers.push(number as u64);
    }
    numbers
}

/// Returns the descendants of a node with a name.
fn all<'d>(node: Node<'d, 'd>, name: &'d str) -> impl Iterator<Item = Node<'d, 'd>> {
    node.descendants()
        .filter(move |node| node.tag_name().name() == name)
}

fn number(node: Node<'_, '_>, name: &str) -> u64 {
    node.attribute(name)
        .map_or(0, |value| value.parse().unwrap())
}

#[test]
fn mpds_say_the_same_of_each_segment() {
    for channel in CHANNELS {
        let mut statements = Statements::default();
        for listed in windows() {
            let text = mpd(&channel.listing(listed.clone()), &MpdOptions::default()).unwrap();
            let document = Document::parse(&text).unwrap();
            let origin = document.root_element().attribute("availabilityStartTime");
            statements.add("origin".to_owned(), origin);
            let mut numbers = Vec::new();
            for period in all(document.root(), "Period") {
                read_period(period, &mut statements, &mut numbers);
            }
            // Three tracks.
            numbers.sort_unstable();
            let expected: Vec<_> = listed.flat_map(|number| [number; 3]).collect();
            assert_eq!(numbers, expected, "{text}");
        }
    }
}

/// Adds what an MPD says of a Period and its segments, and the numbers of these.
fn read_period(period: Node<'_, '_>, statements: &mut Statements, numbers: &mut Vec<u64>) {
    let id = period.attribute("id").unwrap();
    statements.add(format!("Period {id}"), period.attribute("start"));
    for set in all(period, "AdaptationSet") {
        for representation in all(set, "Representation") {
            let name = representation.attribute("id").unwrap();
            // One id in all Periods.
            statements.add(format!("set of {name}"), set.attribute("id"));
            statements.add(
                format!("bandwidth of {name}"),
                representation.attribute("bandwidth"),
            );
            let template = all(representation, "SegmentTemplate").next().unwrap();
            let mut segment = number(template, "startNumber");
            let mut time = None;
            for run in all(template, "S") {
                time = run
                    .attribute("t")
                    .map(|time| time.parse().unwrap())
                    .or(time);
                for _ in 0..=number(run, "r") {
                    let start: u64 = time.unwrap();
                    let duration = number(run, "d");
                    statements.add(
                        format!("segment {segment} of {name}"),
                        (
                            id,
                            start,
                            duration,
                            template.attribute("initialization"),
                            template.attribute("presentationTimeOffset"),
                        ),
                    );
                    numbers.push(segment);
                    segment += 1;
                    time = Some(start + duration);
                }
            }
        }
    }
}
