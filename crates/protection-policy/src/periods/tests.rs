// SPDX-License-Identifier: MPL-2.0
//! A live channel whose clock a test moves, and whose key server goes down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{Config, SampleKeys};
use cenc_types::{KeyId, Scheme, Track};
use content_keys::{KeyProvider, PeriodKeys, SeedKeys};
use playready_header::KeySeed;
use test_support::ManualClock;

/// 2026-11-22T12:00:03Z.
const START: u64 = 1_795_348_803;
const PERIOD: u64 = 10;
const FRAGMENT: u64 = 2;

const TRACKS: [Track; 2] = [
    Track {
        track_id: 1,
        media: Media::Video {
            width: 1920,
            height: 1080,
        },
    },
    Track {
        track_id: 2,
        media: Media::Audio,
    },
];

/// A key server that can be switched off.
struct Server {
    keys: SeedKeys,
    is_down: Arc<AtomicBool>,
}

impl KeyProvider for Server {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        match self.is_down.load(Ordering::Relaxed) {
            true => Err(content_keys::Error::Source("the key server is down".into())),
            false => self.keys.period_keys(period),
        }
    }
}

/// A channel from `START` on, at the second that `clock` says.
struct Channel {
    packaging: Packaging,
    clock: ManualClock,
    is_down: Arc<AtomicBool>,
}

impl Channel {
    fn new(on_key_missing: OnKeyMissing, started: u64) -> Self {
        let clock = ManualClock::at(started);
        let is_down = Arc::<AtomicBool>::default();
        let config = Config {
            crypto_period: Duration::from_secs(PERIOD),
            clock: PeriodClock::Utc,
            on_key_missing,
            ..Config::new(Scheme::Cenc, clock.host())
        };
        let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
        let server = Server {
            keys: SeedKeys::new(kid, KeySeed::from_bytes(&[7; 30]).unwrap()),
            is_down: Arc::clone(&is_down),
        };
        let packaging = Packaging::open(
            config,
            Box::new(server),
            SampleKeys::default(),
            Arc::default(),
        );
        let mut packaging = packaging.unwrap();
        packaging.protect_tracks(&TRACKS).unwrap();
        Self {
            packaging,
            clock,
            is_down,
        }
    }

    /// Protects the fragment that is there `end` seconds after the channel's media began, and returns the KIDs of its tracks.
    fn fragment(&mut self, began: u64, end: u64) -> Result<Vec<KeyId>, Error> {
        self.clock.set(began + end);
        let times = TRACKS.map(|track| FragmentTime {
            track_id: track.track_id,
            start: Duration::from_secs(end - FRAGMENT),
            presentation: Duration::from_secs(end - FRAGMENT),
            end: Duration::from_secs(end),
            sync: true,
        });
        let rules = self.packaging.protect_fragment(&times)?.rules;
        self.packaging.source.settle();
        let first = self.packaging.signals().unwrap().kids[0];
        let kid = |rule| match rule {
            FragmentRule::Track => first,
            FragmentRule::Key(protection) => protection.key.kid(),
            FragmentRule::Clear => panic!("clear samples"),
        };
        Ok(rules.into_iter().map(kid).collect())
    }

    /// The KID that is right for the fragment.
    fn expected(began: u64, end: u64) -> KeyId {
        let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
        content_keys::period_kid(kid, (began + end - FRAGMENT / 2) / PERIOD)
    }
}

#[test]
fn half_an_hour_with_the_key_server_down_for_five_minutes() {
    let mut channel = Channel::new(OnKeyMissing::Hold, START);
    let (down, up) = (600, 900);
    let mut held = 0;
    let mut warnings = Vec::new();
    for end in (FRAGMENT..=1800).step_by(2) {
        channel
            .is_down
            .store((down..up).contains(&end), Ordering::Relaxed);
        let kids = channel.fragment(START, end).unwrap();
        assert_eq!(kids[0], kids[1], "both tracks have one period");
        warnings.extend(channel.packaging.warnings());
        let is_right = kids[0] == Channel::expected(START, end);
        held += u64::from(!is_right) * FRAGMENT;
        // Three periods are there ahead; the server is tried again every 30 seconds at least.
        let may_hold = (down + 3 * PERIOD - PERIOD..up + 40).contains(&end);
        assert!(is_right || may_hold, "second {end}");
    }
    assert!((200..=330).contains(&held), "held for {held} s");
    assert!(
        warnings
            .iter()
            .any(|warning| warning.to_string().contains("the key server is down"))
    );
    let changes = std::iter::from_fn(|| channel.packaging.next_change());
    let periods: Vec<u64> = changes
        .filter_map(|change| Some(change.keys?.period))
        .collect();
    assert!(periods.is_sorted_by(|a, b| a < b), "{periods:?}");
    assert!((140..=160).contains(&periods.len()), "{}", periods.len());
}

#[test]
fn channel_that_must_not_hold_stops_when_its_key_is_missing() {
    let mut channel = Channel::new(OnKeyMissing::Stop, START);
    channel.fragment(START, 2).unwrap();
    channel.is_down.store(true, Ordering::Relaxed);
    let mut first_warning = None;
    let stopped = (4..120).step_by(2).find_map(|end| {
        let error = channel.fragment(START, end).err();
        let warning = channel
            .packaging
            .warnings()
            .into_iter()
            .find(|warning| matches!(warning, Warning::MissingKeys { .. }));
        first_warning = first_warning.take().or_else(|| Some((end, warning?)));
        Some((end, error?.to_string()))
    });
    let (end, error) = stopped.unwrap();
    assert!((30..=45).contains(&end), "second {end}");
    assert!(error.contains("the key server is down"), "{error}");
    // The operator has two crypto periods to act: the request for the third one ahead is the first that fails.
    let (warned, warning) = first_warning.unwrap();
    assert!(warned + 2 * PERIOD <= end, "second {warned}, of {end}");
    let text = warning.to_string();
    assert!(text.contains("the key server is down"), "{text}");
}

#[test]
fn channels_started_at_different_times_use_the_same_kids() {
    let mut first = Channel::new(OnKeyMissing::Stop, START);
    let mut second = Channel::new(OnKeyMissing::Stop, START + 7);
    for end in (FRAGMENT..300).step_by(2) {
        let ours = first.fragment(START, end).unwrap();
        assert_eq!(ours[0], Channel::expected(START, end));
        let theirs = second.fragment(START + 7, end).unwrap();
        assert_eq!(theirs[0], Channel::expected(START + 7, end));
    }
}
