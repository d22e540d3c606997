// SPDX-License-Identifier: MPL-2.0
//! Tracks that come and go: in one run, and from one run to the next.

use std::fs;
use std::time::Duration;

use presentation_publisher::{PublisherEvent, StartedTrack};
use test_support::scratch::Scratch;

use crate::channel::{Channel, SEGMENT, TestClock, audio, options, video};
use crate::listed::Listed;

pub fn playlist(folder: &Scratch, name: &str) -> String {
    fs::read_to_string(folder.join(&format!("{name}.m3u8"))).unwrap()
}

/// Returns the discontinuity sequence numbers of the last segments of video and audio (RFC 8216, 3).
fn discontinuities(folder: &Scratch) -> [usize; 2] {
    ["video", "audio"].map(|track| {
        let text = playlist(folder, track);
        let before = text
            .split("#EXT-X-DISCONTINUITY-SEQUENCE:")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
        before.unwrap_or(0) + text.matches("#EXT-X-DISCONTINUITY\n").count()
    })
}

/// Publishes some groups of video and audio, and returns the clock after a pause.
pub fn first_run(folder: &Scratch, groups: usize) -> TestClock {
    let mut channel = Channel::open(folder, options());
    (0..groups).for_each(|_| channel.publish_group().unwrap());
    channel.clock.add(Duration::from_secs(3));
    channel.clock
}

#[test]
fn track_of_a_later_run_counts_the_discontinuities_before_it() {
    let folder = Scratch::new("publishing");
    let mut clock = TestClock::default();
    for tracks in [1, 1, 2, 2] {
        clock.add(Duration::from_secs(30));
        let mut channel = Channel::open_with(&folder, clock, tracks);
        (0..2).for_each(|_| channel.publish_group().unwrap());
        clock = channel.clock.clone();
    }
    assert_eq!(discontinuities(&folder), [3, 3]);
}

#[test]
fn track_that_stops_takes_no_periods_from_the_others() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    (0..3).for_each(|_| channel.publish_group().unwrap());
    for number in 2..8 {
        channel.start_part(number);
        (0..2).for_each(|_| channel.publish_audio().unwrap());
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        // The window of five segments begins in the Period before the last two.
        assert!(listed.period_starts.len() >= 2, "{number}");
        assert_eq!(listed.numbers("audio").end, u64::from(number) * 2 + 2);
    }
    // The video comes again: it had three segments.
    channel.start_part(8);
    channel.publish_group().unwrap();
    let listed = Listed::read(&folder);
    listed.check_files(&folder);
    assert_eq!(listed.numbers("video"), 4..5);
}

// After a new start, the sound of an encoder comes some groups later than the pictures.
#[test]
fn late_track_of_a_later_run_goes_on() {
    let folder = Scratch::new("publishing");
    let clock = first_run(&folder, 5);
    let mut channel = Channel::open_with(&folder, clock, 1);
    channel.publish_group().unwrap();
    let listed = Listed::read(&folder);
    listed.check_files(&folder);
    assert_eq!(listed.numbers("video").end, 7);
    assert_eq!(listed.numbers("audio"), 3..6);
    channel.start_tracks(vec![video(), audio()], 2);
    channel.publish_group().unwrap();
    let listed = Listed::read(&folder);
    listed.check_files(&folder);
    assert_eq!(listed.numbers("audio"), 4..7);
    assert_eq!(discontinuities(&folder), [1, 1]);
    let text = playlist(&folder, "audio");
    assert!(text.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP"), "{text}");
}

#[test]
fn track_that_missed_a_run_stays_listed_and_goes_on() {
    let folder = Scratch::new("publishing");
    let mut clock = first_run(&folder, 3);
    for tracks in [1, 2] {
        let mut channel = Channel::open_with(&folder, clock, tracks);
        channel.publish_group().unwrap();
        clock = channel.clock.clone();
    }
    let listed = Listed::read(&folder);
    listed.check_files(&folder);
    assert_eq!(listed.numbers("audio"), 2..5);
    assert_eq!(discontinuities(&folder), [2, 2]);
    let text = playlist(&folder, "audio");
    let breaks = "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP";
    assert!(text.contains(breaks), "{text}");
}

// An operator deleted a folder.
#[test]
fn track_whose_files_are_gone_goes_on_with_its_numbers() {
    let folder = Scratch::new("publishing");
    let clock = first_run(&folder, 3);
    fs::remove_dir_all(folder.join("audio")).unwrap();
    let mut channel = Channel::open_at(&folder, options(), clock);
    for group in 0..20 {
        channel.publish_group().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        assert_eq!(listed.numbers("audio").end, 5 + group);
        assert_eq!(listed.numbers("video").end, 5 + group);
        assert_eq!(discontinuities(&folder), [1, 1]);
    }
}

// A pause, after which everything that was listed is old: clients have had the playlists that name it until now.
#[test]
fn files_stay_for_clients_after_their_list_is_given_up() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    (0..3).for_each(|_| channel.publish_group().unwrap());
    channel.clock.add(SEGMENT * 100);
    let clock = channel.clock.clone();
    drop(channel);
    let mut channel = Channel::open_with(&folder, clock, 1);
    let other = StartedTrack {
        timescale: u32::MAX,
        ..video()
    };
    channel.timescale = u32::MAX;
    channel.start_tracks(vec![other], 2);
    // For the playlist of three segments, and a segment of at most 3 s.
    for group in 0..=5 {
        channel.publish_group().unwrap();
        let files = channel.files(&folder, "video").len();
        assert_eq!(files, if group < 5 { 3 + group + 1 } else { 6 }, "{group}");
        let has_init = folder.join("video/init-0.mp4").exists();
        assert_eq!(has_init, group < 5);
    }
    let mpd = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
    assert_eq!(mpd.matches("<Period ").count(), 1);
}

// The window forgets it in the mean time, its files are deleted, and a run ends. Its numbers go on.
#[test]
fn track_that_comes_again_after_the_window_goes_on_with_its_numbers() {
    let folder = Scratch::new("publishing");
    let mut clock = first_run(&folder, 3);
    for _ in 0..2 {
        let mut channel = Channel::open_with(&folder, clock, 1);
        (0..20).for_each(|_| channel.publish_group().unwrap());
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        assert!(!listed.files().iter().any(|name| name.starts_with("audio")));
        assert_eq!(channel.files(&folder, "audio"), Vec::<u64>::new());
        assert!(!folder.join("audio.m3u8").exists());
        clock = channel.clock.clone();
    }
    let mut channel = Channel::open_at(&folder, options(), clock);
    // The playlist that was to be deleted once is a new one.
    for group in 1..20 {
        channel.publish_group().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        assert_eq!(listed.numbers("audio").end, 4 + group);
    }
    let [video, audio] = discontinuities(&folder);
    assert_eq!(audio, video);
}

#[test]
fn track_that_ends_leaves_with_the_window() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    (0..5).for_each(|_| channel.publish_group().unwrap());
    let ended = StartedTrack {
        is_ended: true,
        ..audio()
    };
    channel.start_tracks(vec![video(), ended], 2);
    for group in 1..=5 {
        channel.publish_video().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        // Nothing keeps the last segments but the window.
        let count = playlist(&folder, "audio").matches(".m4s").count();
        assert_eq!(count, (5 - group).max(1), "{group}");
        assert!(playlist(&folder, "audio").ends_with("#EXT-X-ENDLIST\n"));
        assert!(!playlist(&folder, "video").contains("ENDLIST"));
        assert!(!playlist(&folder, "manifest").contains("audio"));
        let mpd = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
        let (_, last) = mpd.rsplit_once("<Period").unwrap();
        assert!(!last.contains("audio"));
    }
    (0..10).for_each(|_| channel.publish_video().unwrap());
    assert!(!folder.join("audio.m3u8").exists());
    // Sound has no I-frames, so that no such playlist is deleted.
    let events = std::iter::from_fn(|| channel.publisher.next_event());
    let deleted: Vec<String> = events
        .filter_map(|event| match event {
            PublisherEvent::Deleted { name } if name.ends_with(".m3u8") => Some(name),
            _ => None,
        })
        .collect();
    assert_eq!(deleted, ["audio.m3u8"]);
    assert_eq!(channel.files(&folder, "audio"), Vec::<u64>::new());
    channel.publisher.finish().unwrap();
    Listed::read(&folder).check_files(&folder);
}
