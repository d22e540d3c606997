// SPDX-License-Identifier: MPL-2.0
//! A stream with cues.

use std::sync::Arc;
use std::time::Duration;

use cenc_types::{ContentKey, KeyId, Media, Scheme, Track};
use common_encryption::{EventStart, FragmentRule, FragmentTime};
use content_keys::{KeyProvider, KeyRing, PeriodKeys};
use host_access::Host;
use protection_policy::{Config, Controls, CueAction, CuePlace, Packaging, SampleKeys};

pub const VIDEO: Track = Track {
    track_id: 1,
    media: Media::Video {
        width: 640,
        height: 360,
    },
};
pub const AUDIO: Track = Track {
    track_id: 2,
    media: Media::Audio,
};

pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub const fn at(milliseconds: u64) -> CuePlace {
    CuePlace::Event(EventStart::At(ms(milliseconds)))
}

/// A source with a KID of the period's number.
struct Numbered;

impl KeyProvider for Numbered {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        let key = ContentKey::from_bytes([u8::try_from(period).unwrap() + 1; 16].into());
        Ok(Arc::new(PeriodKeys {
            keys: KeyRing::single(kid_of(period), key),
            ..PeriodKeys::default()
        }))
    }
}

fn kid_of(period: u64) -> KeyId {
    KeyId::from_bytes([u8::try_from(period).unwrap() + 0x10; 16])
}

/// A stream of pictures whose fragments of two seconds each start where decoding can start.
pub struct Cued {
    pub stream: Packaging,
    pub controls: Arc<Controls>,
    next: Duration,
    seen: String,
}

impl Cued {
    pub fn new(action: CueAction) -> Self {
        Self::from(action, Duration::ZERO)
    }

    pub fn from(action: CueAction, start: Duration) -> Self {
        let mut cued = Self::with(|config| config.cue_action = action);
        cued.next = start;
        cued
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(Scheme::Cenc, Host::system());
        change(&mut config);
        let controls = Arc::<Controls>::default();
        let (provider, keys) = (Box::new(Numbered), SampleKeys::default());
        let stream = Packaging::open(config, provider, keys, Arc::clone(&controls));
        let mut stream = stream.unwrap();
        stream.protect_tracks(&[VIDEO, AUDIO]).unwrap();
        Self {
            stream,
            controls,
            next: Duration::ZERO,
            seen: String::new(),
        }
    }

    pub fn cue(&mut self, cue: &[u8], place: CuePlace) -> &mut Self {
        self.stream.take_cue(cue, place);
        self
    }

    /// Protects fragments, and notes the number of the key of each, or `-`.
    pub fn fragments(&mut self, number: u64) -> &mut Self {
        for _ in 0..number {
            self.fragment(&[VIDEO], ms(2000), true);
        }
        self
    }

    pub fn fragment(&mut self, tracks: &[Track], length: Duration, sync: bool) {
        let times: Vec<_> = tracks
            .iter()
            .map(|track| FragmentTime {
                track_id: track.track_id,
                start: self.next,
                end: self.next + length,
                presentation: self.next,
                sync,
            })
            .collect();
        self.next += length;
        let protection = self.stream.protect_fragment(&times).unwrap();
        if protection.new_init {
            self.stream.protect_tracks(&[VIDEO, AUDIO]).unwrap();
            self.seen.push('|');
        }
        let first = self.stream.signals().map(|signals| signals.kids[0]);
        let shown = |rule: &FragmentRule| {
            let kid = match rule {
                FragmentRule::Track => first.unwrap(),
                FragmentRule::Key(key) => key.key.kid(),
                FragmentRule::Clear => return "-".to_owned(),
            };
            let period = (0..9).find(|period| kid_of(*period) == kid).unwrap();
            period.to_string()
        };
        let mut rules: Vec<_> = protection.rules.iter().map(shown).collect();
        rules.dedup();
        self.seen += &rules.join("/");
    }

    #[track_caller]
    pub fn shows(&self, expected: &str) {
        assert_eq!(self.seen, expected);
    }
}
