// SPDX-License-Identifier: MPL-2.0
//! Cues and switches at awkward places: what each fragment is under.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cued;
mod sections;

use std::time::Duration;

use common_encryption::EventStart;
use protection_policy::{ClearSignaling, CueAction, CuePlace, KeyChangeForm, Switch, Warning};

use cued::{AUDIO, Cued, VIDEO, at, ms};
use sections::{back, cancel, out, segment, splice};

#[test]
fn key_changes_at_the_first_fragment_at_or_after_the_splice() {
    // At a start, up to 5 ms after one, and between two.
    for (splice, expected) in [
        (4000, "00111"),
        (4005, "00111"),
        (4006, "00011"),
        (5000, "00011"),
        (0, "11111"),
    ] {
        let mut cued = Cued::new(CueAction::Key);
        cued.cue(&back(1), at(splice)).fragments(5).shows(expected);
    }
    let mut cued = Cued::new(CueAction::None);
    cued.cue(&back(1), at(4000)).fragments(3).shows("000");
}

#[test]
fn breaks_change_the_key_at_both_ends_or_are_clear() {
    for (action, expected) in [(CueAction::Key, "0011222"), (CueAction::Clear, "00--000")] {
        let mut cued = Cued::new(action);
        cued.cue(&out(1, Some(4000)), at(4000));
        cued.fragments(7).shows(expected);
        let mut cued = Cued::new(action);
        cued.cue(&out(1, None), at(4000)).fragments(3);
        // The return may have an id of its own.
        cued.cue(&back(2), at(8000)).fragments(4).shows(expected);
    }
}

#[test]
fn two_cues_within_a_fragment_are_one_change() {
    let mut cued = Cued::new(CueAction::Key);
    cued.cue(&out(1, None), at(4100)).cue(&back(1), at(5900));
    cued.fragments(5).shows("00011");
    let mut cued = Cued::new(CueAction::Clear);
    cued.cue(&out(1, Some(1000)), at(4100))
        .fragments(5)
        .shows("00000");
    let mut cued = Cued::new(CueAction::Clear);
    // The end of one break and the start of the next.
    cued.cue(&out(1, None), at(2000)).cue(&back(1), at(4100));
    cued.cue(&out(2, None), at(4200))
        .fragments(5)
        .shows("0----");
}

#[test]
fn cue_of_the_past_takes_effect_at_the_next_fragment_and_only_once() {
    let mut cued = Cued::new(CueAction::Key);
    cued.fragments(3).cue(&back(1), at(1000)).fragments(2);
    cued.cue(&back(1), at(1000)).fragments(2).shows("0001111");
    // A break that is over before its cue comes.
    let mut cued = Cued::new(CueAction::Clear);
    cued.fragments(3).cue(&out(1, Some(2000)), at(1000));
    cued.fragments(2).shows("00000");
}

#[test]
fn repeated_cue_is_one_and_a_moved_one_has_its_last_time() {
    let mut cued = Cued::new(CueAction::Key);
    for _ in 0..4 {
        cued.cue(&out(1, Some(4000)), at(4000)).fragments(1);
    }
    cued.fragments(2).shows("001122");
    let mut cued = Cued::new(CueAction::Clear);
    cued.cue(&out(1, Some(2000)), at(2000));
    cued.cue(&out(1, Some(2000)), at(6000));
    cued.fragments(6).shows("000-00");
    // An id is used again for another event.
    let mut cued = Cued::new(CueAction::Key);
    cued.cue(&back(1), at(2000)).fragments(3);
    cued.cue(&back(1), at(8000)).fragments(3).shows("011122");
    // A return earlier than announced takes the place of that.
    let mut cued = Cued::new(CueAction::Key);
    cued.cue(&out(1, Some(6000)), at(2000))
        .cue(&back(1), at(4000));
    cued.fragments(6).shows("012222");
}

#[test]
fn cancelled_event_changes_nothing_or_ends_its_break() {
    let mut cued = Cued::new(CueAction::Key);
    cued.cue(&out(1, Some(4000)), at(4000))
        .cue(&out(2, None), at(6000));
    cued.cue(&cancel(1), at(0)).fragments(5).shows("00011");
    let mut cued = Cued::new(CueAction::Clear);
    cued.cue(&out(1, Some(60_000)), at(2000)).fragments(3);
    cued.cue(&cancel(1), at(0)).fragments(2).shows("0--00");
    // A cancellation of a segment names no type.
    let mut cued = Cued::new(CueAction::Clear);
    cued.cue(&segment(5, Some(0x30)), at(2000))
        .cue(&segment(5, None), at(0));
    cued.fragments(3).shows("000");
}

#[test]
fn immediate_cue_takes_effect_at_the_next_fragment() {
    let mut cued = Cued::new(CueAction::Key);
    cued.fragments(2)
        .cue(&out(1, None), CuePlace::OwnTime)
        .fragments(1);
    // Repetitions.
    cued.cue(&out(1, None), CuePlace::OwnTime).fragments(1);
    cued.cue(&out(1, None), CuePlace::OwnTime).fragments(1);
    cued.cue(&back(1), CuePlace::OwnTime)
        .fragments(1)
        .shows("001112");
}

#[test]
fn nested_segments_are_clear_until_the_last_has_ended() {
    let mut cued = Cued::new(CueAction::Clear);
    for (second, type_id) in [(2, 0x22), (4, 0x30), (6, 0x31), (8, 0x23)] {
        cued.cue(&segment(5, Some(type_id)), at(second * 1000));
    }
    cued.fragments(6).shows("0---00");
    // A programme and an overlay begin.
    for type_id in [0x10, 0x38] {
        let mut cued = Cued::new(CueAction::Clear);
        cued.cue(&segment(5, Some(type_id)), at(2000))
            .fragments(3)
            .shows("000");
        let mut cued = Cued::new(CueAction::Key);
        cued.cue(&segment(5, Some(type_id)), at(2000))
            .fragments(3)
            .shows("011");
    }
}

#[test]
fn time_of_the_cue_is_on_the_clock_of_pts_which_starts_again() {
    // 2^33 ticks are 95,443.7 s.
    let wrap = Duration::from_nanos((1 << 33) * 100_000 / 9);
    let cue = |before: u64| {
        let ticks = ((1 << 33) + 180_000 - before) % (1 << 33);
        splice(1, false, Some(ticks), None)
    };
    // Three fragments start 2 s before, at, and 2 s after the new start of the clock; the same after another round.
    for rounds in [1, 2] {
        let start = wrap * rounds - ms(2000);
        for (before, expected) in [(0, "0011"), (180_000, "0111"), (360_000, "1111")] {
            let mut cued = Cued::from(CueAction::Key, start);
            cued.cue(&cue(before), CuePlace::OwnTime);
            cued.fragments(4).shows(expected);
        }
    }
}

#[test]
fn event_of_version_0_counts_from_its_segment_and_running_times_from_the_stream() {
    let mut cued = Cued::new(CueAction::Key);
    let after = CuePlace::Event(EventStart::AfterSegmentStart(ms(2000)));
    cued.fragments(2)
        .cue(&back(1), after)
        .fragments(3)
        .shows("00011");
    let mut cued = Cued::from(CueAction::Key, ms(50_000));
    // The stream has the running time 1 s where its media is at 50 s.
    cued.cue(&back(1), CuePlace::RunningTime(ms(5000)));
    cued.stream.note_running_time(ms(1000));
    cued.fragments(4).shows("0011");
}

#[test]
fn switches_of_the_operator_need_no_cue() {
    let mut cued = Cued::new(CueAction::None);
    for (time, switch) in [
        (2000, Switch::Key),
        (4000, Switch::Clear),
        (7000, Switch::Protect),
    ] {
        cued.controls.switch_at(ms(time), switch);
    }
    cued.fragments(6).shows("01--11");
    cued.controls.switch_at(ms(1000), Switch::Key);
    cued.fragments(1).shows("01--112");
}

// A track that joins later must not leave the stream clear.
#[test]
fn switches_outlast_a_change_of_the_tracks() {
    let mut cued = Cued::new(CueAction::None);
    for (time, switch) in [
        (2000, Switch::Clear),
        (6000, Switch::Protect),
        (8000, Switch::Key),
    ] {
        cued.controls.switch_at(ms(time), switch);
    }
    cued.fragments(2);
    cued.stream.restart_tracks();
    cued.stream.protect_tracks(&[VIDEO, AUDIO]).unwrap();
    cued.fragments(3).shows("0--01");
}

#[test]
fn change_waits_for_pictures_with_which_decoding_can_start() {
    let mut cued = Cued::new(CueAction::Key);
    cued.cue(&back(1), at(1000));
    for chunk in 0..8 {
        cued.fragment(&[AUDIO, VIDEO], ms(500), chunk % 4 == 0);
    }
    cued.shows("00001111");
}

#[test]
fn audio_changes_in_the_fragment_that_holds_the_splice_closely() {
    for (splice, expected) in [(4090, "0011"), (4110, "0001")] {
        let mut cued = Cued::new(CueAction::Key);
        cued.stream.protect_tracks(&[AUDIO]).unwrap();
        cued.cue(&back(1), at(splice));
        for _ in 0..4 {
            cued.fragment(&[AUDIO], ms(2000), true);
        }
        cued.shows(expected);
    }
}

#[test]
fn forms_of_key_changes_apply_at_the_splice() {
    let signaled = |key_change, clear_signaling, action, expected: &str| {
        let mut cued = Cued::with(|config| {
            config.cue_action = action;
            config.key_change = key_change;
            config.clear_signaling = clear_signaling;
        });
        cued.cue(&out(1, Some(4000)), at(3000));
        cued.fragments(5).shows(expected);
    };
    let group = ClearSignaling::SampleGroup;
    let init = ClearSignaling::Init;
    signaled(KeyChangeForm::InBand, group, CueAction::Key, "00112");
    signaled(KeyChangeForm::Init, group, CueAction::Key, "00|11|2");
    signaled(KeyChangeForm::InBand, group, CueAction::Clear, "00--0");
    signaled(KeyChangeForm::InBand, init, CueAction::Clear, "00|--|0");
}

#[test]
fn unreadable_cues_are_reported_once_and_endless_ones_are_refused() {
    let mut cued = Cued::new(CueAction::Key);
    for _ in 0..3 {
        cued.cue(b"\xfc\x30", CuePlace::OwnTime);
    }
    let warnings = cued.stream.warnings();
    let is_cue = |warning: &&Warning| matches!(warning, Warning::UnreadableCue(_));
    let texts: Vec<_> = warnings
        .iter()
        .filter(is_cue)
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts.len(), 1, "{warnings:?}");
    assert!(texts[0].contains("give the whole section"), "{texts:?}");
    for _ in 0..1100 {
        cued.cue(&back(1), at(1_000_000));
    }
    assert_eq!(cued.stream.warnings(), [Warning::TooManyCues]);
}
