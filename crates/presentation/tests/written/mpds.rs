// SPDX-License-Identifier: MPL-2.0
//! MPDs against the schema of ISO/IEC 23009-1.

use std::time::Duration;

use cenc_types::Scheme;
use presentation::model::{
    ChannelLayout, PixelAspect, Presentation, PresentedTrack, Role, TrackMedia, TrackSignaling,
};
use presentation::writer::dash::{MpdOptions, mpd};
use test_support::scratch::Scratch;
use test_support::{dash_schema, tools};

use crate::combinations::combinations;
use crate::models::{Form, audio, change, fragmented_text, kid, signaling, video, webvtt};

#[test]
fn all_combinations_are_valid_by_the_schema() {
    const NAME: &str = "all_combinations_are_valid_by_the_schema";
    let folder = Scratch::new(NAME);
    let all = combinations();
    for combination in &all {
        let text = mpd(&combination.presentation, &MpdOptions::default()).unwrap();
        folder.write(&format!("{}.mpd", combination.name), text);
    }
    match dash_schema::validate(folder.path()) {
        Ok(verdict) => assert_eq!(verdict, all.len().to_string()),
        Err(why) => tools::skip(NAME, why),
    }
}

fn written(tracks: Vec<PresentedTrack>) -> String {
    let presentation = Presentation {
        tracks,
        drms: Vec::new(),
        live: None,
    };
    mpd(&presentation, &MpdOptions::default()).unwrap()
}

/// Returns the opening tags, and the empty elements, with a name.
fn elements<'t>(mpd: &'t str, name: &str) -> Vec<&'t str> {
    let start = format!("<{name} ");
    mpd.lines()
        .map(str::trim)
        .filter(|line| line.starts_with(&start))
        .collect()
}

// Elements and attributes of ISO/IEC 23009-1, 5.3 and 8.4; bit rates and ranges computed by hand.
#[test]
fn segments_are_in_the_live_and_cmaf_profile() {
    let mut sd = video(Form::Segments, "sd", 640, 360);
    // A gap of 10 ticks before the last segment, and a shorter one.
    sd.segments[4].start += 10;
    sd.segments[4].duration = 60_060;
    let text = written(vec![sd, audio(Form::Segments, "en", "en")]);
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="static" mediaPresentationDuration="PT20.02S" minBufferTime="PT4.004S" maxSegmentDuration="PT4.004S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" maxWidth="640" maxHeight="360" maxFrameRate="30000/1001" par="16:9" segmentAlignment="true" startWithSAP="1">
      <Representation id="sd" bandwidth="1425242" codecs="avc1.64001f" width="640" height="360" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate timescale="30000" initialization="sd-init.mp4" media="sd-$Number%05d$.m4s" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="120120" r="3"/>
            <S t="480490" d="60060"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
      <Representation id="en" bandwidth="127873" codecs="mp4a.40.2" audioSamplingRate="48000">
        <SegmentTemplate timescale="48000" initialization="en-init.mp4" media="en-$Number%05d$.m4s" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="192192" r="4"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
"#;
    // sd, the average: 3,210,000 bytes in 4 * 4.004 + 2.002 s, which is more than the last segments need.
    // en, the last segment: 64,000 bytes in 4.004 s.
    assert_eq!(text, expected);
}

#[test]
fn single_files_are_in_the_on_demand_profile() {
    let text = written(vec![
        video(Form::Single, "a b", 640, 360),
        webvtt("s", "en"),
    ]);
    for part in [
        "profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\"",
        "subsegmentAlignment=\"true\" subsegmentStartsWithSAP=\"1\"",
        "<BaseURL>a%20b.mp4</BaseURL>",
        "<SegmentBase timescale=\"30000\" indexRange=\"800-999\">",
        "<Initialization range=\"0-799\"/>",
        "contentType=\"text\" mimeType=\"text/vtt\" lang=\"en\">",
        "<BaseURL>s.vtt</BaseURL>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("maxSegmentDuration"));
    let mixed = written(vec![
        video(Form::Single, "a", 640, 360),
        audio(Form::Segments, "b", "en"),
    ]);
    assert!(mixed.contains("profiles=\"urn:mpeg:dash:profile:full:2011\""));
}

// DASH-IF Guidelines-Security, Encryption: one key for an AdaptationSet; 23009-1, 5.3.3.5: the ids of the other sets.
#[test]
fn qualities_with_other_keys_are_in_sets_that_are_joined() {
    let all = [kid(1), kid(2)];
    let mut tracks = vec![
        video(Form::Segments, "v1080", 1920, 1080),
        video(Form::Segments, "v720", 1280, 720),
        video(Form::Segments, "v360", 640, 360),
        video(Form::Segments, "v-other", 640, 360),
        audio(Form::Segments, "en", "en"),
    ];
    for (track, own) in tracks.iter_mut().zip([1, 2, 2, 2, 2]) {
        track.protection = Some(signaling(Scheme::Cbcs, kid(own), &all));
    }
    // Its segments start at other times, so that clients cannot switch to it.
    tracks[3].codecs = "hvc1.1.6.L93.B0".to_owned();
    let text = written(tracks);
    assert_eq!(
        elements(&text, "SupplementalProperty"),
        [1, 0].map(|id| format!(
            "<SupplementalProperty schemeIdUri=\"urn:mpeg:dash:adaptation-set-switching:2016\" value=\"{id}\"/>"
        ))
    );
    let kids: Vec<_> = elements(&text, "ContentProtection")
        .into_iter()
        .filter_map(|line| line.split("default_KID=\"").nth(1)?.get(..2))
        .collect();
    assert_eq!(kids, ["01", "02", "02", "02"]);
    let sets: Vec<_> = text.split("<AdaptationSet ").skip(1).collect();
    let count = |set: &str| set.matches("<Representation ").count();
    assert_eq!(
        sets.iter().map(|set| count(set)).collect::<Vec<_>>(),
        [1, 2, 1, 1]
    );
    // Equal data in all sets, so that clients send one request.
    let systems = |set: &str| -> Vec<String> {
        let protections = elements(set, "ContentProtection");
        protections[1..]
            .iter()
            .map(|&line| line.to_owned())
            .collect()
    };
    assert_eq!(systems(sets[0]).len(), 4);
    assert!(sets.iter().all(|set| systems(set) == systems(sets[0])));
}

#[test]
fn unaligned_qualities_are_not_said_to_be_aligned() {
    let mut tracks = vec![
        video(Form::Segments, "a", 640, 360),
        video(Form::Segments, "b", 320, 180),
    ];
    tracks[1].segments[2].start += 1;
    tracks[1].segments[3].sap_type = 0;
    let text = written(tracks.clone());
    assert!(text.contains("segmentAlignment=\"false\">"), "{text}");
    tracks[0].protection = Some(signaling(Scheme::Cenc, kid(1), &[kid(1)]));
    let text = written(tracks);
    assert!(!text.contains("adaptation-set-switching"));
    // One of the sets has a segment without an access point.
    assert_eq!(text.matches("startWithSAP=\"1\"").count(), 1);
}

// Shaka Player stalls on a pssh in the MPD if the key changes in the segments.
#[test]
fn keys_that_change_have_no_pssh() {
    let mut track = video(Form::Segments, "v", 640, 360);
    let mut protection: TrackSignaling = signaling(Scheme::Cenc, kid(1), &[kid(1)]);
    protection.key_changes = vec![change(Scheme::Cenc, 2, kid(2))];
    track.protection = Some(protection);
    let text = written(vec![track]);
    assert!(!text.contains("pssh") && !text.contains("mspr"), "{text}");
    let schemes: Vec<_> = elements(&text, "ContentProtection")
        .into_iter()
        .map(|line| {
            line.split("schemeIdUri=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(
        schemes,
        [
            "urn:mpeg:dash:mp4protection:2011",
            "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95",
            "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
            "urn:uuid:1077efec-c0b2-4d02-ace3-3c1e52e2fb4b",
            "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e",
        ]
    );
    // The URL of the licence server names no key.
    assert!(text.contains(">https://keys.example/clear?a=1&amp;b=2</dashif:Laurl>"));
}

/// The schemes of channel configurations.
const CICP: &str = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
const NUMBER: &str = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
const DOLBY: &str = "tag:dolby.com,2014:dash:audio_channel_configuration:2011";
const AC4: &str = "tag:dolby.com,2015:dash:audio_channel_configuration:2015";

// 23009-1, 5.8.5.4; ETSI TS 102 366, I.1; TS 103 420, C.3; TS 103 190-2, G.3.
#[test]
fn channels_have_the_descriptor_of_their_codec() {
    let atmos = |joc_complexity| ChannelLayout::Dolby {
        channel_map: 0xf801,
        joc_complexity,
    };
    for (channels, layout, scheme, value) in [
        (6, None, CICP, "6"),
        (8, None, CICP, "12"),
        (24, None, NUMBER, "24"),
        (2, Some(ChannelLayout::Cicp(2)), CICP, "2"),
        (6, Some(atmos(None)), DOLBY, "F801"),
        (6, Some(atmos(Some(16))), DOLBY, "F801"),
        (2, Some(ChannelLayout::Ac4(1)), AC4, "000001"),
    ] {
        let text = written(vec![PresentedTrack {
            media: TrackMedia::Audio {
                sampling_rate: 48000,
                channels,
                layout,
            },
            ..audio(Form::Segments, "a", "en")
        }]);
        assert_eq!(
            elements(&text, "AudioChannelConfiguration"),
            [format!(
                "<AudioChannelConfiguration schemeIdUri=\"{scheme}\" value=\"{value}\"/>"
            )]
        );
        let joc = match layout == Some(atmos(Some(16))) {
            false => vec![],
            true => vec![
                "<SupplementalProperty schemeIdUri=\"tag:dolby.com,2018:dash:EC3_ExtensionType:2018\" value=\"JOC\"/>",
                "<SupplementalProperty schemeIdUri=\"tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018\" value=\"16\"/>",
            ],
        };
        assert_eq!(elements(&text, "SupplementalProperty"), joc);
    }
}

// 23009-1, 5.8.5.5.
#[test]
fn purposes_have_their_descriptors() {
    let text = written(vec![
        PresentedTrack {
            label: Some("<Regie & Ton>".to_owned()),
            roles: vec![Role::Main, Role::Commentary, Role::Dub, Role::Description],
            ..audio(Form::Segments, "d", "de-CH")
        },
        fragmented_text(Form::Segments, "t", "stpp.ttml.im1t"),
        PresentedTrack {
            roles: vec![Role::ForcedSubtitle, Role::Subtitle, Role::Alternate],
            ..fragmented_text(Form::Segments, "w", "wvtt")
        },
    ]);
    let roles = elements(&text, "Role");
    let values = roles
        .iter()
        .map(|line| line.split('"').nth(3).unwrap_or_default());
    assert_eq!(
        values.collect::<Vec<_>>(),
        [
            "main",
            "commentary",
            "dub",
            "description",
            "caption",
            "forced-subtitle",
            "subtitle",
            "alternate"
        ]
    );
    for part in [
        "<Label>&lt;Regie &amp; Ton&gt;</Label>",
        "<Accessibility schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"description\"/>",
        "<Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" value=\"1\"/>",
        "<Accessibility schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"caption\"/>",
        "contentType=\"text\" mimeType=\"application/mp4\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

// 23009-1, 5.3.7.2 and 5.3.3.2: PAL in 16:9 has pixels of 64:45.
#[test]
fn pictures_have_their_shape() {
    let mut track = video(Form::Segments, "pal", 720, 576);
    if let TrackMedia::Video {
        pixel_aspect,
        frame_rate,
        ..
    } = &mut track.media
    {
        *pixel_aspect = Some(PixelAspect {
            horizontal: 64,
            vertical: 45,
        });
        *frame_rate = None;
    }
    let text = written(vec![track]);
    assert!(
        text.contains(" maxWidth=\"720\" maxHeight=\"576\" par=\"16:9\""),
        "{text}"
    );
    assert!(
        text.contains(" width=\"720\" height=\"576\" sar=\"64:45\">"),
        "{text}"
    );
}

#[test]
fn buffer_is_that_of_the_options() {
    let presentation = Presentation {
        tracks: vec![video(Form::Segments, "v", 640, 360)],
        drms: Vec::new(),
        live: None,
    };
    let options = MpdOptions {
        min_buffer_time: Some(Duration::from_micros(1_500_000)),
        ..MpdOptions::default()
    };
    let text = mpd(&presentation, &options).unwrap();
    assert!(text.contains(" minBufferTime=\"PT1.5S\""));
    // The last segment, 644,000 bytes, in 1.5 s.
    assert!(text.contains(" bandwidth=\"3434667\""), "{text}");
}
