// SPDX-License-Identifier: MPL-2.0
//! Tracks of a channel that end before the others, that are late, and that another encoder writes after a new start.

use hls_m3u8::{MasterPlaylist, MediaPlaylist};
use presentation::model::{Presentation, PresentedTrack, TrackMedia};
use presentation::writer::dash::{MpdOptions, mpd};
use presentation::writer::hls::{HlsOptions, iframes, media, multivariant};

use super::{CHANNEL, Channel, ChannelKeys, times};

const CLEAR: Channel = Channel {
    keys: ChannelKeys::Clear,
    ..CHANNEL
};

fn sound(presentation: &mut Presentation) -> &mut PresentedTrack {
    presentation.tracks.last_mut().unwrap()
}

/// Returns which lines of the multivariant playlist name sound.
fn named_sound(presentation: &Presentation) -> [bool; 2] {
    let text = multivariant(presentation).unwrap();
    MasterPlaylist::try_from(text.as_str()).unwrap();
    ["#EXT-X-MEDIA:TYPE=AUDIO", "mp4a"].map(|part| text.contains(part))
}

// RFC 8216, 4.3.3.4: no segment follows. Players that start now would wait for sound that does not come.
#[test]
fn playlist_of_an_ended_track_ends_and_no_variant_has_it() {
    let mut channel = CLEAR.listing(3..=6);
    assert_eq!(named_sound(&channel), [true; 2]);
    sound(&mut channel).is_ended = true;
    assert_eq!(named_sound(&channel), [false; 2]);
    let has_end = |track: &PresentedTrack| {
        let text = media(&channel, track, &HlsOptions::default()).unwrap();
        MediaPlaylist::try_from(text.as_str()).unwrap();
        text.ends_with("#EXT-X-ENDLIST\n")
    };
    let ends: Vec<bool> = channel.tracks.iter().map(has_end).collect();
    assert_eq!(ends, [false, false, true]);
    // Once the channel has ended, it is a film whose sound is shorter.
    times(&mut channel).is_ended = true;
    assert_eq!(named_sound(&channel), [true; 2]);
}

// Players start three segments from the end, which are 6 s.
#[test]
fn variants_have_the_tracks_that_reach_where_players_start() {
    for (missing, expected) in [(1, true), (2, true), (3, false)] {
        let mut channel = CLEAR.listing(1..=4);
        let track = sound(&mut channel);
        track.segments.truncate(4 - missing);
        track.later_parts.clear();
        assert_eq!(named_sound(&channel), [expected; 2], "{missing}");
    }
    // Without any track that goes on, all are named.
    let mut channel = CLEAR.listing(1..=4);
    for track in &mut channel.tracks {
        track.is_ended = true;
    }
    assert_eq!(named_sound(&channel), [true; 2]);
}

// 5.3.5.2 of ISO/IEC 23009-1 and 4.3.4.2 of RFC 8216: a Representation has the codec of its Period, a variant those of all its segments.
#[test]
fn periods_have_the_codecs_of_their_own_encoder() {
    let mut channel = CLEAR.listing(6..=9);
    channel.tracks.truncate(1);
    let track = &mut channel.tracks[0];
    let part = track.later_parts.last_mut().unwrap();
    assert_eq!(part.discontinuities, 1);
    part.codecs = "hvc1.1.6.L93.B0".to_owned();
    if let TrackMedia::Video { width, height, .. } = &mut part.media {
        (*width, *height) = (1280, 720);
    }
    let text = mpd(&channel, &MpdOptions::default()).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let written: Vec<_> = document
        .descendants()
        .filter(|node| node.tag_name().name() == "Representation")
        .map(|node| ["codecs", "height"].map(|name| node.attribute(name).unwrap()))
        .collect();
    assert_eq!(
        written,
        [["avc1.64001f", "1080"], ["hvc1.1.6.L93.B0", "720"]]
    );
    let text = multivariant(&channel).unwrap();
    let both = "CODECS=\"avc1.64001f,hvc1.1.6.L93.B0\",RESOLUTION=1280x720";
    assert_eq!(text.matches(both).count(), 2, "{text}");
    iframes(&channel, &channel.tracks[0], &HlsOptions::default()).unwrap();
}
