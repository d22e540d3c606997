// SPDX-License-Identifier: MPL-2.0
//! The keys of live presentations: changes within segments, and clear leads.

use cenc_types::Scheme;
use presentation::model::{LaterPart, Presentation, PresentedTrack};
use presentation::writer::dash::{MpdOptions, mpd};
use presentation::writer::hls::{HlsClearLead, HlsOptions, media};

use super::{CHANNEL, Channel, ChannelKeys, files};
use crate::models::{change, kid, signaling};
use crate::playlists::key_order;

const SCHEME: Scheme = Scheme::Cbcs;

/// Returns the channel listing segments 3 to 6 with one init segment, whose key changes within the segments.
fn in_band(edit: impl FnOnce(&mut PresentedTrack)) -> Presentation {
    let mut presentation = CHANNEL.listing(3..=6);
    presentation.tracks.truncate(1);
    let track = &mut presentation.tracks[0];
    track.later_parts.clear();
    edit(track);
    presentation
}

fn key_lines(presentation: &Presentation, clear_lead: HlsClearLead) -> String {
    let options = HlsOptions { clear_lead };
    key_order(&media(presentation, &presentation.tracks[0], &options).unwrap())
}

// RFC 8216, 4.3.2.4: a key applies to all segments after its tag. The window goes from the key of the init segment (1) over its
// change (2) to a window in which only the second key is in force.
#[test]
fn first_line_has_the_key_in_force() {
    for (changes, expected) in [
        (vec![], "1M...."),
        (vec![(2, 2)], "1M..2.."),
        (vec![(0, 2)], "2M...."),
        (vec![(0, 2), (3, 3)], "2M...3."),
    ] {
        let presentation = in_band(|track| {
            let mut protection = signaling(SCHEME, kid(1), &[kid(1)]);
            protection.expects_changes = true;
            protection.key_changes = changes
                .iter()
                .map(|(segment, own)| change(SCHEME, *segment, kid(*own)))
                .collect();
            track.protection = Some(protection);
        });
        assert_eq!(key_lines(&presentation, HlsClearLead::default()), expected);
        // The MPD says the same before and after the change.
        let text = mpd(&presentation, &MpdOptions::default()).unwrap();
        assert!(
            !text.contains("pssh") && !text.contains("mspr:pro"),
            "{text}"
        );
        assert!(text.contains(&format!("cenc:default_KID=\"{}\"", kid(1))));
    }
}

// Qualities with one key at the start are in one set although one of them lists a change that has left the other.
#[test]
fn changes_in_the_window_do_not_divide_sets() {
    let mut presentation = CHANNEL.listing(3..=6);
    for (track, segment) in presentation.tracks.iter_mut().zip([0, 1]) {
        let mut protection = signaling(SCHEME, kid(1), &[kid(1)]);
        protection.expects_changes = true;
        protection.key_changes = vec![change(SCHEME, segment, kid(2))];
        track.protection = Some(protection.clone());
        track.later_parts.clear();
    }
    presentation.tracks[1]
        .protection
        .as_mut()
        .unwrap()
        .key_changes
        .clear();
    let text = mpd(&presentation, &MpdOptions::default()).unwrap();
    assert_eq!(text.matches("contentType=\"video\"").count(), 1, "{text}");
}

/// Returns a channel that lists a clear lead of three segments and what follows it; `lists` are the numbers.
fn lead(lists: std::ops::RangeInclusive<u64>) -> Presentation {
    let channel = Channel {
        keys: ChannelKeys::ClearLead,
        ..CHANNEL
    };
    channel.listing(lists)
}

// The same key lines while the lead is listed, from the first update on if the part after it is named, and after it has left.
#[test]
fn clear_lead_has_the_key_from_the_start() {
    let mut early = lead(1..=2);
    assert_eq!(key_lines(&early, HlsClearLead::KeyFromStart), "M..");
    let track = &mut early.tracks[0];
    track.later_parts = vec![LaterPart {
        first_segment: 2,
        period: 1,
        discontinuities: 0,
        media: track.media,
        codecs: track.codecs.clone(),
        files: files("hd", 1),
        protection: Some(signaling(SCHEME, kid(2), &[kid(2)])),
    }];
    for (presentation, key_from_start, none) in [
        (early, "2M..", "-M.."),
        (lead(2..=5), "2M..M..", "-M..2M.."),
        (lead(3..=6), "2M.M...", "-M.2M..."),
        (lead(4..=7), "2M...3M.", "2M...3M."),
    ] {
        assert_eq!(
            key_lines(&presentation, HlsClearLead::KeyFromStart),
            key_from_start
        );
        assert_eq!(key_lines(&presentation, HlsClearLead::None), none);
    }
}

// A clear Period that has become the first one was never a lead.
#[test]
fn clear_period_stays_clear_when_it_is_the_first() {
    let mut presentation = CHANNEL.listing(2..=7);
    let track = &mut presentation.tracks[0];
    track.later_parts[0].protection = None;
    assert_eq!(
        key_lines(&presentation, HlsClearLead::KeyFromStart),
        "1M..-M...3M."
    );
    let mut presentation = CHANNEL.listing(4..=7);
    presentation.tracks[0].protection = None;
    assert_eq!(
        key_lines(&presentation, HlsClearLead::KeyFromStart),
        "-M...3M."
    );
}

// A lead within one init segment: its key is known from the start, also before the first protected segment.
#[test]
fn lead_in_one_init_segment_leaves_the_window() {
    for (first_protected, none) in [(9, "-M...."), (4, "-M...."), (2, "-M..1.."), (0, "1M....")] {
        let presentation = in_band(|track| {
            let mut protection = signaling(SCHEME, kid(1), &[kid(1)]);
            protection.first_protected = first_protected;
            track.protection = Some(protection);
        });
        assert_eq!(
            key_lines(&presentation, HlsClearLead::KeyFromStart),
            "1M...."
        );
        assert_eq!(key_lines(&presentation, HlsClearLead::None), none);
    }
}
