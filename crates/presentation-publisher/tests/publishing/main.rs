// SPDX-License-Identifier: MPL-2.0
//! A presentation in a folder, segment by segment: what is listed, what exists, and what a later publisher makes of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, and its times are short"
)]

mod channel;
mod failing_store;
mod listed;
mod settings;
mod tracks;

use std::fs;
use std::time::Duration;

use channel::{Channel, SEGMENT, options};
use failing_store::FailingStore;
use listed::Listed;
use presentation_publisher::{FolderStore, PublishError, Publisher, PublisherEvent};
use test_support::scratch::Scratch;

#[test]
fn window_moves_and_files_outlive_their_listing() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    for group in 1..=20_u64 {
        channel.publish_group().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        let numbers = listed.numbers("video");
        assert_eq!(numbers.end, group + 1);
        // The window has five segments.
        assert_eq!(numbers.start, group.saturating_sub(5) + 1, "{group}");
        // A segment stays for its own duration and that of the longest playlist, which had six before the window moved.
        let oldest = channel.files(&folder, "video").into_iter().min();
        let expected = group.saturating_sub(5 + 7) + 1;
        assert_eq!(oldest, Some(expected), "after {group}");
    }
}

#[test]
fn later_publisher_goes_on() {
    let folder = Scratch::new("publishing");
    let mut first = Channel::open(&folder, options());
    (0..3).for_each(|_| first.publish_group().unwrap());
    let before = Listed::read(&folder);
    first.clock.add(Duration::from_secs(60));
    let (clock, end) = (first.clock.clone(), first.publisher.end());
    drop(first);
    let mut second = Channel::open_at(&folder, options(), clock);
    assert_eq!(end, SEGMENT * 3);
    assert_eq!(second.offset, Duration::from_secs(66));
    second.publish_group().unwrap();
    let after = Listed::read(&folder);
    after.check_files(&folder);
    assert_eq!(after.numbers("video").end, 5);
    assert_eq!(after.availability_start, before.availability_start);
    assert_eq!(after.period_starts.last(), Some(&"PT66S".to_owned()));
    let playlist = fs::read_to_string(folder.join("video.m3u8")).unwrap();
    let parts: Vec<&str> = playlist.split("#EXT-X-DISCONTINUITY\n").collect();
    assert_eq!(parts.len(), 2, "{playlist}");
    assert!(parts[1].contains("video/4.m4s") && !parts[0].contains("video/4.m4s"));
}

#[test]
fn clock_that_is_set_back_makes_no_manifest_go_back() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    channel.publish_group().unwrap();
    let mut published = Listed::read(&folder).publish_time;
    channel.clock.set_back(Duration::from_secs(3600));
    for _ in 0..3 {
        channel.publish_group().unwrap();
        let now = Listed::read(&folder).publish_time;
        assert!(now > published, "{now:?} after {published:?}");
        published = now;
    }
    let clock = channel.clock.clone();
    let end = channel.publisher.end();
    drop(channel);
    let later = Channel::open_at(&folder, options(), clock);
    assert_eq!(later.offset, end, "media time goes on");
}

// What is on disk after the n-th operation is what a process leaves that is killed there.
#[test]
fn publisher_that_ends_at_any_operation_leaves_whole_manifests() {
    let operations = {
        let folder = Scratch::new("publishing");
        run(&folder, u64::MAX).1
    };
    assert!(operations > 150, "{operations}");
    for last in 0..operations {
        let folder = Scratch::new("publishing");
        let (clock, _) = run(&folder, last);
        let listed = Listed::read_if_there(&folder);
        if let Some(listed) = &listed {
            listed.check_files(&folder);
        }
        let mut later = Channel::open_at(&folder, options(), clock);
        later.publish_group().unwrap();
        let after = Listed::read(&folder);
        after.check_files(&folder);
        channel::check_no_leftovers(&folder, &after);
        if let Some(before) = listed {
            assert!(after.numbers("video").end > before.numbers("video").end - 1);
            assert!(after.publish_time > before.publish_time);
            assert_eq!(after.availability_start, before.availability_start);
        }
    }
}

/// Publishes some groups with a change of keys, up to this number of operations of the store. Returns the clock and the operations.
fn run(folder: &Scratch, operations: u64) -> (channel::TestClock, u64) {
    let clock = channel::TestClock::default();
    let store = FailingStore::new(FolderStore::open(folder.path()).unwrap(), operations);
    let count = store.count();
    let host = clock.host();
    if let Ok(publisher) = Publisher::open(store, options(), host)
        && let Ok(mut channel) = Channel::start(publisher, clock.clone())
    {
        for group in 0..9 {
            if group == 4 {
                channel.start_part(2);
            }
            if channel.publish_group().is_err() {
                break;
            }
        }
    }
    let count = count.get();
    (clock, count)
}

#[test]
fn folder_of_another_publisher_is_refused() {
    let folder = Scratch::new("publishing");
    let first = FolderStore::open(folder.path()).unwrap();
    let error = FolderStore::open(folder.path()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    drop(first);
    FolderStore::open(folder.path()).unwrap();
}

#[test]
fn full_disk_is_an_error_that_names_the_file() {
    let folder = Scratch::new("publishing");
    // The state, twice; init segment and the first segment of the first track: created, and not published.
    let clock = channel::TestClock::default();
    let store = FailingStore::new(FolderStore::open(folder.path()).unwrap(), 12);
    let publisher = Publisher::open(store, options(), clock.host()).unwrap();
    let mut channel = Channel::start(publisher, clock).unwrap();
    let error = channel.publish_group().unwrap_err();
    assert!(matches!(&error, PublishError::File { name, .. } if name == "video/1.m4s"));
    assert!(
        error
            .to_string()
            .starts_with("video/1.m4s of the presentation: ")
    );
}

fn on_demand() -> presentation_publisher::PublisherOptions {
    presentation_publisher::PublisherOptions {
        is_live: false,
        window: None,
        ..options()
    }
}

#[test]
fn presentation_on_demand_replaces_the_one_before() {
    let folder = Scratch::new("publishing");
    let manifest = || fs::read(folder.join("manifest.mpd")).ok();
    for run in 0..3 {
        let before = manifest();
        assert_eq!(before.is_some(), run > 0);
        let mut channel = Channel::open(&folder, on_demand());
        assert_eq!(channel.offset, Duration::ZERO);
        (0..3).for_each(|_| channel.publish_group().unwrap());
        assert!(manifest() == before, "nothing is published before the end");
        channel.publisher.finish().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        let numbers = listed.numbers("video");
        assert_eq!(numbers.end - numbers.start, 3);
        // Those of the run before stay for clients that play them.
        let files = channel.files(&folder, "video").len();
        assert_eq!(files, if run == 0 { 3 } else { 6 });
    }
}

#[test]
fn presentation_on_demand_stays_whole_while_later_runs_fail() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, on_demand());
    (0..3).for_each(|_| channel.publish_group().unwrap());
    channel.publisher.finish().unwrap();
    drop(channel);
    let before = fs::read(folder.join("manifest.mpd")).unwrap();
    for _ in 0..3 {
        let mut channel = Channel::open(&folder, on_demand());
        (0..2).for_each(|_| channel.publish_group().unwrap());
        drop(channel);
        assert!(fs::read(folder.join("manifest.mpd")).unwrap() == before);
        Listed::read(&folder).check_files(&folder);
    }
    for run in 0..3 {
        let mut channel = Channel::open(&folder, on_demand());
        channel.publish_group().unwrap();
        channel.publisher.finish().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        let files = channel.files(&folder, "video").len();
        assert_eq!(files, if run == 0 { 1 + 3 } else { 1 + 1 }, "{run}");
    }
}

// The element was stopped and started in a pipeline that went on.
#[test]
fn channel_in_a_pipeline_that_runs_stays_at_the_time_of_day() {
    let folder = Scratch::new("publishing");
    let clock = channel::TestClock::default();
    let running_zero = clock.host().clock.since_1970();
    let mut channel = Channel::open_at(&folder, options(), clock.clone());
    (0..20).for_each(|_| channel.publish_group().unwrap());
    let end = channel.publisher.end();
    drop(channel);
    let store = FolderStore::open(folder.path()).unwrap();
    let mut publisher = Publisher::open(store, options(), clock.host()).unwrap();
    for (pause, least) in [(0, SEGMENT * 2), (3, Duration::ZERO)] {
        let times = presentation_publisher::StreamTimes {
            running_zero,
            first_buffer: end + SEGMENT * pause,
        };
        assert_eq!(publisher.begin(times).unwrap(), least);
    }
}

// The folder was emptied, but for the file that nobody sees.
#[test]
fn state_without_files_starts_a_channel_anew() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    (0..3).for_each(|_| channel.publish_group().unwrap());
    channel.publisher.finish().unwrap();
    let clock = channel.clock.clone();
    drop(channel);
    fs::remove_dir_all(folder.join("video")).unwrap();
    fs::remove_dir_all(folder.join("audio")).unwrap();
    let mut channel = Channel::open_at(&folder, options(), clock);
    assert_eq!(channel.offset, Duration::ZERO);
    for group in 0..8 {
        channel.publish_group().unwrap();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        // Caches may still have the segments of these numbers.
        assert_eq!(listed.numbers("video").end, group + 5);
        assert_eq!(listed.period_starts, ["PT0S"]);
    }
    let playlist = fs::read_to_string(folder.join("video.m3u8")).unwrap();
    assert!(!playlist.contains("#EXT-X-ENDLIST"));
}

#[test]
fn longer_segment_raises_the_target_duration_once() {
    let folder = Scratch::new("publishing");
    let mut channel = Channel::open(&folder, options());
    channel.publish_group().unwrap();
    channel.publish_group_of(SEGMENT * 2).unwrap();
    channel.publish_group().unwrap();
    let long: Vec<_> = std::iter::from_fn(|| channel.publisher.next_event())
        .filter(|event| matches!(event, PublisherEvent::LongSegment { .. }))
        .collect();
    let [
        PublisherEvent::LongSegment {
            target_duration, ..
        },
    ] = long.as_slice()
    else {
        panic!("{long:?}");
    };
    assert_eq!(*target_duration, 4);
    let playlist = fs::read_to_string(folder.join("video.m3u8")).unwrap();
    assert!(playlist.contains("#EXT-X-TARGETDURATION:4\n"));
}
