// SPDX-License-Identifier: MPL-2.0
//! Two live packagers of one channel, started at different times.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::SECOND;
use crate::launch;
use crate::movie::Movie;
use crate::scratch::Scratch;

/// The time in seconds by which the second packager starts later, and the length of the first one's stream.
const LATER: u64 = 7;
const LENGTH: u64 = 20;

/// Writes a live channel of `seconds`. Its keys are derived from a seed and change every four seconds of the wall clock.
fn channel(seconds: u64, file: &Path) {
    let seed = "key-id=10000000-1000-1000-1000-100000000001 key-seed=XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
    launch::pipeline(&format!(
        "videotestsrc is-live=true num-buffers={} ! video/x-raw,format=I420,width=160,height=120,framerate=10/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! h264parse \
         ! mp4mux fragment-duration=1000 ! playreadyenc {seed} crypto-period={} period-clock=utc \
         ! filesink location={}",
        10 * seconds,
        4 * SECOND,
        file.display()
    ))
    .succeeded();
}

/// The KIDs of a file's samples, in the order of their periods.
fn kids(file: &Path) -> Vec<[u8; 16]> {
    let movie = Movie::open(file);
    let samples = movie.tracks[0].samples.iter();
    let mut kids: Vec<_> = samples
        .map(|sample| sample.protection.as_ref().unwrap().rules.kid)
        .collect();
    kids.dedup();
    kids
}

#[test]
fn live_packagers_started_at_different_times_use_the_same_kids() {
    let folder = Scratch::new("redundant");
    let [first, second] = ["first.mp4", "second.mp4"].map(|name| folder.join(name));
    thread::scope(|scope| {
        scope.spawn(|| channel(LENGTH, &first));
        thread::sleep(Duration::from_secs(LATER));
        channel(LENGTH - LATER - 1, &second);
    });
    let (first, second) = (kids(&first), kids(&second));
    // A stream of 12 s spans 3 or 4 periods of the wall clock, and one of 20 s spans 5 or 6.
    assert!((3..=5).contains(&second.len()), "{}", second.len());
    assert!((5..=7).contains(&first.len()), "{}", first.len());
    let all: BTreeSet<_> = first.iter().collect();
    assert!(
        second.iter().all(|kid| all.contains(kid)),
        "{first:02x?} {second:02x?}"
    );
    let place = |kid| first.iter().position(|other| other == kid);
    let places: Vec<_> = second.iter().map(place).collect();
    assert!(places.is_sorted(), "{places:?}");
}
