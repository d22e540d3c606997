// SPDX-License-Identifier: MPL-2.0
//! Playlists of live presentations by RFC 8216, 4.3.3 and 6.2.

use hls_m3u8::{MasterPlaylist, MediaPlaylist};
use presentation::model::{Presentation, Segment};
use presentation::writer::WriteError;
use presentation::writer::hls::{HlsOptions, has_iframes, iframes, media, multivariant};

use super::{CHANNEL, Channel, ChannelKeys, live_combinations, times, windows};
use crate::playlists::readable;

const CLEAR: Channel = Channel {
    keys: ChannelKeys::Clear,
    ..CHANNEL
};

fn first_media(presentation: &Presentation) -> String {
    media(
        presentation,
        &presentation.tracks[0],
        &HlsOptions::default(),
    )
    .unwrap()
}

// 4.3.2.6: the date of the first segment, and of those that do not follow the one before. 6.2.2: sequence numbers.
#[test]
fn running_playlist_has_its_window_and_dates() {
    let text = first_media(&CLEAR.listing(4..=7));
    let expected = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:4
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"hd-init-1.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-11-30T12:00:06.250Z
#EXTINF:2.000000,
hd-4.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-30T12:00:09.250Z
#EXTINF:2.000000,
hd-5.m4s
#EXTINF:2.000000,
hd-6.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"hd-init-2.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-11-30T12:00:23.250Z
#EXTINF:2.000000,
hd-7.m4s
";
    assert_eq!(text, expected);
    // The discontinuity leaves with the segment before it.
    let text = first_media(&CLEAR.listing(7..=7));
    assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
    assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
}

// 4.3.3.5: EVENT where segments are only added, which cannot change at the end (6.2.1). 4.3.3.4: ENDLIST once no segment follows.
#[test]
fn types_and_ends_are_those_of_the_window() {
    let all = Channel {
        window: None,
        ..CLEAR
    };
    let kind = |presentation: &Presentation| -> Vec<String> {
        let text = first_media(presentation);
        let lines = text.lines().filter(|line| {
            line.starts_with("#EXT-X-PLAYLIST-TYPE") || line.starts_with("#EXT-X-ENDLIST")
        });
        lines.map(str::to_owned).collect()
    };
    assert_eq!(kind(&all.listing(1..=3)), ["#EXT-X-PLAYLIST-TYPE:EVENT"]);
    assert_eq!(
        kind(&all.ended(1..=3)),
        ["#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-ENDLIST"]
    );
    assert!(kind(&CLEAR.listing(1..=3)).is_empty());
    assert_eq!(kind(&CLEAR.ended(1..=3)), ["#EXT-X-ENDLIST"]);
}

#[test]
fn all_live_combinations_are_read_by_another_parser() {
    for combination in live_combinations() {
        let name = &combination.name;
        let presentation = &combination.presentation;
        let text = readable(&multivariant(presentation).unwrap());
        let master = MasterPlaylist::try_from(text.as_str()).unwrap();
        assert!(master.unknown_tags.is_empty(), "{name}");
        for track in &presentation.tracks {
            let options = HlsOptions::default();
            let mut texts = vec![media(presentation, track, &options).unwrap()];
            if has_iframes(track) {
                texts.push(iframes(presentation, track, &options).unwrap());
            }
            for text in texts.iter().map(|text| readable(text)) {
                let read = MediaPlaylist::try_from(text.as_str());
                let read = read.unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
                assert!(read.unknown.is_empty(), "{name}");
                assert!(!read.has_end_list);
                assert_eq!(read.media_sequence, 1);
                assert_eq!(read.segments.iter().count(), track.segments.len());
            }
        }
    }
}

// 4.3.2.1: thirds of a second, whose ends are rounded: the same EXTINF of a segment in each window.
#[test]
fn durations_are_rounded_the_same_in_each_window() {
    for first in 0..3 {
        let mut presentation = CLEAR.listing(1..=1);
        let track = &mut presentation.tracks[0];
        track.timescale = 3;
        let segment = track.segments.remove(0);
        track.segments = (first..6)
            .map(|start| Segment {
                start,
                duration: 1,
                ..segment.clone()
            })
            .collect();
        let text = first_media(&presentation);
        let lengths: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("#EXTINF:0.33333"))
            .collect();
        let all = ["3,", "4,", "3,", "3,", "4,", "3,"];
        assert_eq!(lengths, all[usize::try_from(first).unwrap()..]);
    }
}

// 4.3.4.2: BANDWIDTH must not change; the average of segments to come is not known.
#[test]
fn stated_bit_rates_replace_the_measured_ones() {
    let texts: Vec<_> = windows()
        .map(|listed| multivariant(&CLEAR.listing(listed)).unwrap())
        .collect();
    assert!(texts.iter().all(|text| *text == texts[0]));
    assert!(!texts[0].contains("AVERAGE-BANDWIDTH"), "{}", texts[0]);
    let master = MasterPlaylist::try_from(texts[0].as_str()).unwrap();
    let rates: Vec<_> = master
        .variant_streams
        .iter()
        .map(|variant| variant.bandwidth())
        .collect();
    // Pictures with sound, twice, and the I-frames of both qualities.
    assert_eq!(rates, [2_000_000, 2_000_000, 100_000, 100_000]);
}

// 6.2.1: the target duration cannot change. 4.3.3.1: durations are rounded.
#[test]
fn too_long_segment_is_refused() {
    let mut presentation = CLEAR.listing(1..=3);
    let segment = &mut presentation.tracks[0].segments[2];
    segment.duration = 74_999;
    assert!(first_media(&presentation).contains("#EXTINF:2.499967,\n"));
    presentation.tracks[0].segments[2].duration = 75_000;
    let refused = media(
        &presentation,
        &presentation.tracks[0],
        &HlsOptions::default(),
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "track hd: a segment of 3 s is longer than the target duration of 2 s, which must not change while the presentation is live: \
         let the encoder make key frames more often, or start again with a longer segment duration"
    );
    times(&mut presentation).target_duration = std::time::Duration::from_millis(2001);
    assert!(first_media(&presentation).contains("#EXT-X-TARGETDURATION:3\n"));
}

// 4.3.3.6: an entry for each segment, so that media sequence numbers are those of the segments.
#[test]
fn iframe_playlist_moves_with_the_segments() {
    let mut presentation = CLEAR.listing(6..=9);
    let written = |presentation: &Presentation| {
        iframes(
            presentation,
            &presentation.tracks[0],
            &HlsOptions::default(),
        )
    };
    let text = written(&presentation).unwrap();
    assert!(
        text.contains(
            "#EXT-X-MEDIA-SEQUENCE:6\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-I-FRAMES-ONLY\n"
        ),
        "{text}"
    );
    let read = MediaPlaylist::try_from(text.as_str()).unwrap();
    assert_eq!(read.segments.iter().count(), 4);
    presentation.tracks[0].segments[1].key_frame = None;
    assert_eq!(
        written(&presentation),
        Err(WriteError::LiveKeyFrames("hd".to_owned()))
    );
}

#[test]
fn track_may_have_no_segments_left() {
    let mut presentation = CLEAR.listing(1..=3);
    presentation.tracks[0].segments.clear();
    presentation.tracks[0].first_number = 4;
    assert_eq!(
        first_media(&presentation),
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n"
    );
}
