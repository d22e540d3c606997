// SPDX-License-Identifier: MPL-2.0
//! Tracks with several init segments: Periods of an MPD (ISO/IEC 23009-1, 5.3.2), and EXT-X-MAP of a playlist (RFC 8216, 4.3.2.5).

use cenc_types::Scheme;
use presentation::model::{LaterPart, Presentation, PresentedTrack, TrackFiles};
use presentation::writer::dash::{MpdOptions, mpd};
use presentation::writer::hls::{self, HlsOptions};
use roxmltree::{Document, Node};
use test_support::scratch::Scratch;
use test_support::{dash_schema, tools};

use crate::models::{Form, audio, kid, signaling, video, webvtt};

const SCHEME: Scheme = Scheme::Cbcs;

/// Returns a track whose first two segments are under one key, the next two under another, and the last is clear.
fn divided(mut track: PresentedTrack, form: Form) -> PresentedTrack {
    let name = track.name.clone();
    let (media, codecs) = (track.media, track.codecs.clone());
    let part = |number: u64, first_segment, protection| LaterPart {
        first_segment,
        period: number - 1,
        discontinuities: 0,
        media,
        codecs: codecs.clone(),
        files: match form {
            Form::Segments => TrackFiles::Segments {
                init: format!("{name}-init-{number}.mp4"),
                media: format!("{name}-$Number%05d$.m4s"),
            },
            Form::Single => TrackFiles::Single {
                name: format!("{name}-{number}.mp4"),
                init: presentation::ByteRange { start: 0, end: 900 },
                index: presentation::ByteRange {
                    start: 900,
                    end: 1000,
                },
            },
        },
        protection,
    };
    track.protection = Some(signaling(SCHEME, kid(1), &[kid(1)]));
    track.later_parts = vec![
        part(2, 2, Some(signaling(SCHEME, kid(2), &[kid(2)]))),
        part(3, 4, None),
    ];
    track
}

/// Returns a presentation with pictures, sound and text in three parts.
fn presentation(form: Form) -> Presentation {
    let mut text = webvtt("s", "en");
    if let TrackFiles::WebVtt { later_periods, .. } = &mut text.files {
        later_periods.extend(["s-2.vtt".to_owned(), "s-3.vtt".to_owned()]);
    }
    Presentation {
        tracks: vec![
            divided(video(form, "v", 640, 360), form),
            divided(audio(form, "a", "en"), form),
            text,
        ],
        drms: signaling(SCHEME, kid(1), &[kid(1)]).drms,
        live: None,
    }
}

/// The descendants of a node with a name.
fn all<'d>(node: Node<'d, 'd>, name: &str) -> Vec<Node<'d, 'd>> {
    let nodes = node.descendants();
    nodes
        .filter(|node| node.tag_name().name() == name)
        .collect()
}

fn attributes<'d>(nodes: &[Node<'d, 'd>], name: &str) -> Vec<&'d str> {
    nodes
        .iter()
        .map(|node| node.attribute(name).unwrap_or(""))
        .collect()
}

// A segment has 4.004 s: the second part starts at 8.008 s, the third at 16.016 s.
#[test]
fn each_init_segment_is_a_period_with_all_tracks() {
    let text = mpd(&presentation(Form::Segments), &MpdOptions::default()).unwrap();
    let document = Document::parse(&text).unwrap();
    let periods = all(document.root(), "Period");
    assert_eq!(
        attributes(&periods, "start"),
        ["PT0S", "PT8.008S", "PT16.016S"]
    );
    for (number, period) in periods.iter().enumerate() {
        let sets = all(*period, "AdaptationSet");
        assert_eq!(attributes(&sets, "contentType"), ["video", "audio", "text"]);
        let templates = all(*period, "SegmentTemplate");
        let inits = [
            ["v-init.mp4", "a-init.mp4"],
            ["v-init-2.mp4", "a-init-2.mp4"],
            ["v-init-3.mp4", "a-init-3.mp4"],
        ];
        assert_eq!(attributes(&templates, "initialization"), inits[number]);
        assert_eq!(
            attributes(&templates, "startNumber"),
            [["1"; 2], ["3"; 2], ["5"; 2]][number]
        );
        // Ticks of 1/30000 s and 1/48000 s.
        let offsets = [["", ""], ["240240", "384384"], ["480480", "768768"]];
        assert_eq!(
            attributes(&templates, "presentationTimeOffset"),
            offsets[number]
        );
        let firsts = templates.iter().map(|template| all(*template, "S")[0]);
        let firsts: Vec<_> = firsts.collect();
        let times = [["0", "0"], ["240240", "384384"], ["480480", "768768"]];
        assert_eq!(attributes(&firsts, "t"), times[number]);
        let texts: Vec<_> = all(*period, "BaseURL").iter().map(Node::text).collect();
        assert_eq!(texts, [Some(["s.vtt", "s-2.vtt", "s-3.vtt"][number])]);
    }
}

// Microsoft's constrained multi-period: each Period has its own descriptors, with the header of its key and its pssh.
#[test]
fn each_period_has_the_descriptors_of_its_key() {
    for form in [Form::Segments, Form::Single] {
        let text = mpd(&presentation(form), &MpdOptions::default()).unwrap();
        let document = Document::parse(&text).unwrap();
        let periods = all(document.root(), "Period");
        let mut headers = Vec::new();
        for (period, own) in periods.iter().zip([Some(kid(1)), Some(kid(2)), None]) {
            let protections = all(*period, "ContentProtection");
            let kids = protections.iter().flat_map(Node::attributes);
            let kids = kids.filter(|attribute| attribute.name() == "default_KID");
            let kids: Vec<_> = kids.map(|attribute| attribute.value().to_owned()).collect();
            let expected: Vec<_> = own
                .iter()
                .flat_map(|kid| [kid.to_string(), kid.to_string()])
                .collect();
            assert_eq!(kids, expected);
            let pros: Vec<_> = all(*period, "pro").iter().filter_map(Node::text).collect();
            assert_eq!(pros.len(), expected.len());
            headers.extend(pros.first().copied());
        }
        assert_eq!(headers.len(), 2);
        assert_ne!(headers[0], headers[1]);
    }
}

#[test]
fn each_part_of_single_files_is_a_file() {
    let text = mpd(&presentation(Form::Single), &MpdOptions::default()).unwrap();
    let document = Document::parse(&text).unwrap();
    let urls: Vec<_> = all(document.root(), "BaseURL")
        .iter()
        .filter_map(Node::text)
        .collect();
    assert_eq!(
        urls,
        [
            "v.mp4", "a.mp4", "s.vtt", "v-2.mp4", "a-2.mp4", "s-2.vtt", "v-3.mp4", "a-3.mp4",
            "s-3.vtt"
        ]
    );
    let bases = all(document.root(), "SegmentBase");
    assert_eq!(
        attributes(&bases, "indexRange"),
        [
            "800-999", "800-999", "900-999", "900-999", "900-999", "900-999"
        ]
    );
    assert_eq!(
        attributes(&bases, "presentationTimeOffset"),
        ["", "", "240240", "384384", "480480", "768768"]
    );
}

#[test]
fn mpds_with_several_periods_are_valid_by_the_schema() {
    const NAME: &str = "mpds_with_several_periods_are_valid_by_the_schema";
    let folder = Scratch::new(NAME);
    for form in [Form::Segments, Form::Single] {
        let text = mpd(&presentation(form), &MpdOptions::default()).unwrap();
        folder.write(&format!("{form:?}.mpd"), text);
    }
    match dash_schema::validate(folder.path()) {
        Ok(verdict) => assert_eq!(verdict, "2"),
        Err(why) => tools::skip(NAME, why),
    }
}

// RFC 8216, 4.3.2.4 and 4.3.2.5: a tag applies to the segments after it; the timeline goes on, so that there is no discontinuity.
#[test]
fn each_init_segment_has_a_map_and_a_key() {
    let presentation = presentation(Form::Segments);
    let text = hls::media(
        &presentation,
        &presentation.tracks[0],
        &HlsOptions::default(),
    )
    .unwrap();
    let order: String = text
        .lines()
        .filter_map(|line| match line {
            _ if line.starts_with("#EXT-X-KEY:METHOD=NONE") => Some('n'),
            _ if line.contains("KEYFORMAT=\"com.microsoft.playready\"") => Some('k'),
            _ if line.starts_with("#EXT-X-MAP:") => Some('M'),
            _ if line.ends_with(".m4s") => Some('.'),
            _ => None,
        })
        .collect();
    assert_eq!(order, "kM..kM..nM.");
    for name in ["v-init.mp4", "v-init-2.mp4", "v-init-3.mp4"] {
        assert_eq!(
            text.matches(&format!("URI=\"{name}\"")).count(),
            1,
            "{text}"
        );
    }
    assert!(!text.contains("#EXT-X-DISCONTINUITY"), "{text}");
    hls_m3u8::MediaPlaylist::try_from(text.as_str()).unwrap();
}
