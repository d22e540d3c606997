// SPDX-License-Identifier: MPL-2.0
//! Playlists as `hls_m3u8`, an independent parser, reads them.

use cenc_types::Scheme;
use drm_signaling::System;
use hls_m3u8::{MasterPlaylist, MediaPlaylist};
use playready_header::{Header, HeaderFields, KeyIds, PlayReadyObject};
use presentation::model::{Presentation, PresentedTrack, Role, TrackMedia};
use presentation::writer::WriteError;
use presentation::writer::hls::{
    HlsClearLead, HlsOptions, has_iframes, iframes, media, multivariant,
};

use crate::combinations::{Keys, combinations};
use crate::models::{Form, audio, change, kid, signaling, video, webvtt};

/// Replaces the METHOD of `cenc`, which this parser does not know.
pub fn readable(playlist: &str) -> String {
    playlist.replace("METHOD=SAMPLE-AES-CTR", "METHOD=SAMPLE-AES")
}

#[test]
fn all_combinations_are_read_by_another_parser() {
    for combination in combinations() {
        let name = &combination.name;
        let presentation = &combination.presentation;
        let text = readable(&multivariant(presentation).unwrap());
        let master = MasterPlaylist::try_from(text.as_str());
        let master = master.unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        assert!(master.unknown_tags.is_empty(), "{name}");
        let has_session_keys = combination.keys != Keys::Clear;
        assert_eq!(!master.session_keys.is_empty(), has_session_keys, "{name}");
        for track in &presentation.tracks {
            for clear_lead in [HlsClearLead::KeyFromStart, HlsClearLead::None] {
                let options = HlsOptions { clear_lead };
                let mut texts = vec![media(presentation, track, &options).unwrap()];
                if has_iframes(track) {
                    texts.push(iframes(presentation, track, &options).unwrap());
                }
                for text in texts.iter().map(|text| readable(text)) {
                    let read = MediaPlaylist::try_from(text.as_str());
                    let read = read.unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
                    assert!(read.unknown.is_empty(), "{name}");
                    assert!(read.has_end_list);
                    assert_eq!(read.segments.iter().count(), track.segments.len().max(1));
                }
            }
        }
    }
}

// Tags and attributes of RFC 8216, 4.3; bit rates computed by hand.
#[test]
fn variants_have_their_groups() {
    let presentation = Presentation {
        tracks: vec![
            video(Form::Segments, "hd", 1920, 1080),
            video(Form::Segments, "sd", 640, 360),
            audio(Form::Segments, "en", "en"),
            PresentedTrack {
                label: Some("Français \"A\"".to_owned()),
                roles: vec![Role::Main],
                ..audio(Form::Segments, "fr", "fr")
            },
            surround("en-5.1", "en"),
            webvtt("s", "en"),
            PresentedTrack {
                roles: vec![Role::Caption],
                ..webvtt("c", "en")
            },
            PresentedTrack {
                roles: vec![Role::ForcedSubtitle],
                ..webvtt("f", "en")
            },
        ],
        drms: Vec::new(),
        live: None,
    };
    // Peaks: the last segments, 1,924,000 and 644,000 bytes in 4.004 s, 64,000 of audio; text 2,000 bytes in 20.02 s.
    // The second group has the French track of the first, since all groups have the same members.
    let expected = r#"#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-1",NAME="en",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="en.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-1",NAME="Français 'A'",LANGUAGE="fr",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="fr.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-2",NAME="en",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6",URI="en-5.1.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-2",NAME="Français 'A'",LANGUAGE="fr",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="fr.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="en",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,URI="s.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="en 2",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound",URI="c.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="en 3",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="f.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3972829,AVERAGE-BANDWIDTH=3964837,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio-1",SUBTITLES="text",CLOSED-CAPTIONS=NONE
hd.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1415387,AVERAGE-BANDWIDTH=1407395,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio-1",SUBTITLES="text",CLOSED-CAPTIONS=NONE
sd.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3972829,AVERAGE-BANDWIDTH=3964837,CODECS="avc1.64001f,ec-3,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio-2",SUBTITLES="text",CLOSED-CAPTIONS=NONE
hd.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1415387,AVERAGE-BANDWIDTH=1407395,CODECS="avc1.64001f,ec-3,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="audio-2",SUBTITLES="text",CLOSED-CAPTIONS=NONE
sd.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1000,AVERAGE-BANDWIDTH=1000,CODECS="avc1.64001f",RESOLUTION=1920x1080,VIDEO-RANGE=SDR,URI="hd-iframes.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1000,AVERAGE-BANDWIDTH=1000,CODECS="avc1.64001f",RESOLUTION=640x360,VIDEO-RANGE=SDR,URI="sd-iframes.m3u8"
"#;
    assert_eq!(multivariant(&presentation).unwrap(), expected);
}

/// Returns a track of E-AC-3.
fn surround(name: &str, language: &str) -> PresentedTrack {
    PresentedTrack {
        media: TrackMedia::Audio {
            sampling_rate: 48000,
            channels: 6,
            layout: None,
        },
        codecs: "ec-3".to_owned(),
        ..audio(Form::Segments, name, language)
    }
}

#[test]
fn audio_alone_is_its_own_variant() {
    let presentation = |tracks| Presentation {
        tracks,
        drms: Vec::new(),
        live: None,
    };
    let one = multivariant(&presentation(vec![audio(Form::Single, "a", "en")])).unwrap();
    let lines: Vec<_> = one.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            "#EXT-X-STREAM-INF:BANDWIDTH=127873,AVERAGE-BANDWIDTH=123877,CODECS=\"mp4a.40.2\"",
            "a.m3u8",
        ]
    );
    let two = multivariant(&presentation(vec![
        audio(Form::Single, "a", "en"),
        audio(Form::Single, "b", "fr"),
    ]));
    let two = two.unwrap();
    assert_eq!(two.matches("#EXT-X-MEDIA:").count(), 2);
    assert!(
        two.contains("CODECS=\"mp4a.40.2\",AUDIO=\"audio-1\"\na.m3u8\n"),
        "{two}"
    );
    let text = multivariant(&presentation(vec![webvtt("s", "en")]));
    assert_eq!(text, Err(WriteError::OnlyText));
}

/// Returns what follows the name of the tag in the lines of a playlist that are not URIs, for tags with one of these names.
fn tags<'t>(playlist: &'t str, names: &[&str]) -> Vec<&'t str> {
    playlist
        .lines()
        .filter(|line| names.iter().any(|name| line.starts_with(name)))
        .collect()
}

fn of_one(track: &PresentedTrack) -> Presentation {
    Presentation {
        tracks: vec![track.clone()],
        drms: Vec::new(),
        live: None,
    }
}

fn one_track(track: &PresentedTrack, options: &HlsOptions) -> Result<String, WriteError> {
    media(&of_one(track), track, options)
}

fn iframes_of_one(track: &PresentedTrack, options: &HlsOptions) -> Result<String, WriteError> {
    iframes(&of_one(track), track, options)
}

// RFC 8216, 4.3.2: lengths and offsets of byte ranges, and of the init segment; durations of 1/3 s do not drift.
#[test]
fn media_playlist_has_ranges_and_precise_durations() {
    let mut track = audio(Form::Single, "a b", "en");
    track.timescale = 3;
    for (segment, index) in track.segments.iter_mut().zip(0..) {
        segment.start = index;
        segment.duration = 1;
    }
    let text = one_track(&track, &HlsOptions::default()).unwrap();
    let expected = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n#EXT-X-PLAYLIST-TYPE:VOD\n\
        #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"a%20b.mp4\",BYTERANGE=\"800@0\"\n\
        #EXTINF:0.333333,\n#EXT-X-BYTERANGE:60000@1000\na%20b.mp4\n\
        #EXTINF:0.333334,\n#EXT-X-BYTERANGE:61000@61000\na%20b.mp4\n\
        #EXTINF:0.333333,\n#EXT-X-BYTERANGE:62000@122000\na%20b.mp4\n\
        #EXTINF:0.333333,\n#EXT-X-BYTERANGE:63000@184000\na%20b.mp4\n\
        #EXTINF:0.333334,\n#EXT-X-BYTERANGE:64000@247000\na%20b.mp4\n#EXT-X-ENDLIST\n";
    assert_eq!(text, expected);
    let text = one_track(&webvtt("s#", "en"), &HlsOptions::default()).unwrap();
    assert_eq!(
        text,
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:20\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXTINF:20.020000,\ns%23.vtt\n#EXT-X-ENDLIST\n"
    );
}

// RFC 8216, 6.2.4: each media playlist has the same target duration.
#[test]
fn target_duration_is_that_of_all_tracks() {
    let mut longer = audio(Form::Segments, "a", "en");
    longer.segments[0].duration = 48000 * 5;
    let presentation = Presentation {
        tracks: vec![video(Form::Segments, "v", 640, 360), longer],
        drms: Vec::new(),
        live: None,
    };
    for track in &presentation.tracks {
        let text = media(&presentation, track, &HlsOptions::default()).unwrap();
        assert!(text.contains("#EXT-X-TARGETDURATION:5\n"));
    }
}

/// Returns the KEYIDs of Widevine, `-` for METHOD=NONE, `M` for EXT-X-MAP and `.` for segments, in the order of a playlist.
pub fn key_order(playlist: &str) -> String {
    let shown = playlist.lines().filter_map(|line| {
        if line == "#EXT-X-KEY:METHOD=NONE" {
            Some("-")
        } else if line.starts_with("#EXT-X-MAP:") {
            Some("M")
        } else if line.starts_with('#') {
            line.split("KEYID=0x").nth(1)?.get(1..2)
        } else {
            Some(".")
        }
    });
    shown.collect()
}

#[test]
fn keys_precede_the_segments_that_they_decrypt() {
    let changes = [(1, 2), (3, 3)];
    for (lead, clear_lead, expected) in [
        (0, HlsClearLead::KeyFromStart, "1M.2..3.."),
        (0, HlsClearLead::None, "1M.2..3.."),
        (2, HlsClearLead::KeyFromStart, "2M...3.."),
        (2, HlsClearLead::None, "-M..2.3.."),
        (3, HlsClearLead::None, "-M...3.."),
    ] {
        let mut track = video(Form::Segments, "v", 640, 360);
        let mut protection = signaling(Scheme::Cenc, kid(1), &[kid(4), kid(1)]);
        protection.first_protected = lead;
        for (segment, byte) in changes {
            protection
                .key_changes
                .push(change(Scheme::Cenc, segment, kid(byte)));
        }
        track.protection = Some(protection);
        let options = HlsOptions { clear_lead };
        let text = one_track(&track, &options).unwrap();
        assert_eq!(key_order(&text), expected, "{lead} {clear_lead:?}");
        assert_eq!(
            key_order(&iframes_of_one(&track, &options).unwrap()),
            expected
        );
    }
}

// Microsoft's list of MP4-based formats, HLS: METHOD, KEYFORMAT and URI of EXT-X-KEY.
#[test]
fn key_lines_are_those_of_the_track() {
    let mut track = video(Form::Segments, "v", 640, 360);
    track.protection = Some(signaling(Scheme::Cbcs, kid(2), &[kid(1), kid(2)]));
    let text = one_track(&track, &HlsOptions::default()).unwrap();
    let lines = tags(&text, &["#EXT-X-KEY"]);
    let own_first = Header::new(HeaderFields {
        key_ids: KeyIds::AesCbc(vec![kid(2), kid(1)]),
        ..HeaderFields::default()
    });
    let object = PlayReadyObject::with_header(&own_first.unwrap()).unwrap();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(
        lines[0],
        format!(
            "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"data:text/plain;charset=UTF-16;base64,{}\",\
             KEYFORMAT=\"com.microsoft.playready\",KEYFORMATVERSIONS=\"1\"",
            object.to_base64()
        )
    );
    assert!(lines[1].contains("KEYID=0x02020202020202020202020202020202"));
    assert!(lines[2].contains("KEYFORMAT=\"org.w3.clearkey\""));
}

#[test]
fn what_hls_cannot_name_is_refused_with_the_remedy() {
    let refused = |protection| {
        let mut track = video(Form::Segments, "v", 640, 360);
        track.protection = Some(protection);
        one_track(&track, &HlsOptions::default())
            .unwrap_err()
            .to_string()
    };
    for scheme in [Scheme::Cens, Scheme::Cbc1] {
        assert_eq!(
            refused(signaling(scheme, kid(1), &[kid(1)])),
            format!("HLS has no METHOD for the scheme {scheme}: protect with cenc or cbcs")
        );
    }
    let mut without = signaling(Scheme::Cenc, kid(1), &[kid(1)]);
    without
        .drms
        .retain(|drm| drm.system() == Some(System::Common));
    assert_eq!(
        refused(without),
        "HLS can name none of the DRM systems of track v: add playready to the systems"
    );
}

// RFC 8216, 4.3.3.6: an I-frame plays until the next one.
#[test]
fn iframe_playlist_has_the_key_frames() {
    let mut track = video(Form::Single, "v", 640, 360);
    track.segments[1].key_frame = None;
    let text = iframes_of_one(&track, &HlsOptions::default()).unwrap();
    assert!(
        text.contains("#EXT-X-TARGETDURATION:8\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-I-FRAMES-ONLY\n")
    );
    assert_eq!(
        tags(&text, &["#EXTINF", "#EXT-X-BYTERANGE"])[..4],
        [
            "#EXTINF:8.008000,",
            "#EXT-X-BYTERANGE:500@1000",
            "#EXTINF:4.004000,",
            "#EXT-X-BYTERANGE:500@1282000",
        ]
    );
    for segment in &mut track.segments {
        segment.key_frame = None;
    }
    let refused = iframes_of_one(&track, &HlsOptions::default());
    assert_eq!(refused, Err(WriteError::NoKeyFrames("v".to_owned())));
}
