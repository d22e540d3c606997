// SPDX-License-Identifier: MPL-2.0
//! The forms in which a stream signals its crypto periods and clear parts.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::*;
use crate::{Config, PsshPlaces, SampleKeys};
use cenc_types::{ContentKey, KeyId, Scheme, Track};
use common_encryption::InitProtection;
use content_keys::{KeyProvider, KeyRing, PeriodKeys};
use host_access::Host;

const VIDEO: Track = Track {
    track_id: 1,
    media: Media::Video {
        width: 640,
        height: 360,
    },
};
const ROOT: [u8; 16] = [0xaa; 16];

/// A source with a KID of the period's number, and leaf licences if it has them.
struct Leaves {
    has_licences: bool,
}

impl KeyProvider for Leaves {
    fn rotates(&self) -> bool {
        true
    }

    fn period_keys(&mut self, period: u64) -> Result<Arc<PeriodKeys>, content_keys::Error> {
        let kid = kid_of(period);
        let key = ContentKey::from_bytes([byte(period) + 1; 16].into());
        Ok(Arc::new(PeriodKeys {
            keys: KeyRing::single(kid, key),
            license_store: self.has_licences.then(|| vec![byte(period); 20]),
            roots: match self.has_licences {
                true => BTreeMap::from([(kid, KeyId::from_bytes(ROOT))]),
                false => BTreeMap::new(),
            },
            ..PeriodKeys::default()
        }))
    }
}

fn byte(period: u64) -> u8 {
    u8::try_from(period).unwrap()
}

fn kid_of(period: u64) -> KeyId {
    KeyId::from_bytes([byte(period) + 0x10; 16])
}

/// A stream with fragments of two seconds, and two in each crypto period.
struct Stream(Packaging);

impl Stream {
    fn open(change: impl FnOnce(&mut Config), has_licences: bool) -> Result<Self, Error> {
        let mut config = Config {
            crypto_period: Duration::from_secs(4),
            ..Config::new(Scheme::Cenc, Host::system())
        };
        change(&mut config);
        Packaging::open(
            config,
            Box::new(Leaves { has_licences }),
            SampleKeys::default(),
            Arc::default(),
        )
        .map(Self)
    }

    fn new(change: impl FnOnce(&mut Config)) -> Self {
        Self::open(change, false).unwrap()
    }

    fn init(&mut self) -> InitProtection {
        self.0.protect_tracks(&[VIDEO]).unwrap()
    }

    fn fragment(&mut self, number: u64) -> FragmentProtection {
        let time = FragmentTime {
            track_id: 1,
            start: Duration::from_secs(number * 2),
            presentation: Duration::from_secs(number * 2),
            end: Duration::from_secs(number * 2 + 2),
            sync: true,
        };
        self.0.protect_fragment(&[time]).unwrap()
    }

    /// Returns the KIDs in `tenc` of the init segments and in `seig` of the fragments, `-` for clear and `.` for no `seig`, and the
    /// number of `pssh` boxes of each.
    fn signaled(&mut self, fragments: u64) -> String {
        let mut seen = shown_init(&self.init());
        for number in 0..fragments {
            let fragment = self.fragment(number);
            if fragment.new_init {
                seen.push_str(&shown_init(&self.init()));
            }
            seen += &match &fragment.rules[0] {
                FragmentRule::Track => ".".to_owned(),
                FragmentRule::Clear => "-".to_owned(),
                FragmentRule::Key(key) => key.tenc().kid.to_string()[..2].to_owned(),
            };
            seen += &format!("{} ", fragment.pssh.len());
        }
        seen.trim_end().to_owned()
    }
}

fn shown_init(init: &InitProtection) -> String {
    let kid = init.tracks[0].as_ref().unwrap().tenc().kid.to_string();
    let kid = if init.is_clear { "clear" } else { &kid[..2] };
    format!("[{kid} {}] ", init.pssh.len())
}

const LEAD: Duration = Duration::from_secs(2);

#[test]
fn each_form_signals_keys_and_clear_parts_in_its_place() {
    for (change, expected) in [
        ((|_| ()) as fn(&mut Config), "[10 1] .0 .0 111 111 121"),
        (
            |config| config.key_change = KeyChangeForm::Init,
            "[10 1] .0 .0 [11 1] .0 .0 [12 1] .0",
        ),
        (
            |config| {
                config.key_change = KeyChangeForm::Init;
                config.pssh_places = PsshPlaces {
                    init: false,
                    moof: true,
                };
            },
            "[10 0] .1 .1 [11 0] .1 .1 [12 0] .1",
        ),
        (
            |config| {
                config.pssh_places = PsshPlaces {
                    init: true,
                    moof: false,
                };
            },
            "[10 1] .0 .0 110 110 120",
        ),
        (
            |config| {
                config.key_change = KeyChangeForm::Init;
                config.clear_lead = LEAD;
            },
            "[10 1] -0 .0 [11 1] .0 .0 [12 1] .0",
        ),
        (
            |config| {
                config.clear_signaling = ClearSignaling::Init;
                config.clear_lead = LEAD;
            },
            "[clear 0] -0 [10 1] .0 111 111 121",
        ),
        (
            |config| {
                config.key_change = KeyChangeForm::Init;
                config.clear_signaling = ClearSignaling::Init;
                config.clear_lead = 3 * LEAD;
            },
            "[clear 0] -0 -0 -0 [11 1] .0 [12 1] .0",
        ),
    ] {
        assert_eq!(Stream::new(change).signaled(5), expected);
    }
}

#[test]
fn a_clear_part_by_init_segments_is_announced_and_ends() {
    let mut stream = Stream::new(|config| {
        config.key_change = KeyChangeForm::Init;
        config.clear_signaling = ClearSignaling::Init;
    });
    stream.init();
    stream.fragment(0);
    stream.0.controls.set_protect(false);
    let clear = stream.fragment(1);
    assert!(clear.new_init && clear.announced);
    assert!(stream.init().is_clear && stream.0.signals().is_none());
    stream.0.controls.set_protect(true);
    let protected = stream.fragment(2);
    assert!(protected.new_init && protected.announced);
    assert!(!stream.init().is_clear);
    let changes: Vec<_> = std::iter::from_fn(|| stream.0.next_change()).collect();
    let states: Vec<_> = changes.iter().map(|change| change.is_protected).collect();
    assert_eq!(states, [Some(false), Some(true)]);
    let keys = changes[1].keys.as_ref().unwrap();
    assert!(keys.in_init);
    assert_eq!(keys.signals.kids, [kid_of(1)]);
}

#[test]
fn the_keys_after_a_clear_lead_by_init_segments_are_announced() {
    let mut stream = Stream::new(|config| {
        config.clear_signaling = ClearSignaling::Init;
        config.clear_lead = LEAD;
    });
    stream.init();
    assert_eq!(stream.0.signals(), None);
    stream.fragment(0);
    stream.fragment(1);
    let changes: Vec<_> = std::iter::from_fn(|| stream.0.next_change()).collect();
    let keys: Vec<_> = changes
        .iter()
        .filter_map(|change| change.keys.as_ref())
        .collect();
    assert_eq!(keys.len(), 1);
    assert!(keys[0].in_init && keys[0].signals.kids == [kid_of(0)]);
}

#[test]
fn embedded_licences_are_in_each_moof_and_the_root_is_in_tenc() {
    let embedded = |config: &mut Config| config.key_change = KeyChangeForm::Embedded;
    let mut stream = Stream::open(embedded, true).unwrap();
    assert_eq!(stream.signaled(5), "[aa 1] 101 101 111 111 121");
    let signals = stream.0.signals().unwrap();
    let object = signals.drms[0].playready_object().unwrap();
    let start = object.header().unwrap().unwrap();
    assert_eq!(start.decryptor_setup.as_deref(), Some("ONDEMAND"));
    assert!(
        start.key_ids.is_empty(),
        "the application requests the root licence"
    );
    for (number, period) in [(1, 0), (3, 1)] {
        let pssh = &stream.fragment(number).pssh[0];
        let has = |part: &[u8]| pssh.windows(part.len()).any(|window| window == part);
        assert!(has(&[period; 20]), "the leaf licence of period {period}");
    }
}

#[test]
fn the_keys_of_past_periods_are_wiped_in_each_form() {
    for form in [
        KeyChangeForm::InBand,
        KeyChangeForm::Init,
        KeyChangeForm::Embedded,
    ] {
        let has_licences = form == KeyChangeForm::Embedded;
        let mut stream = Stream::open(|config| config.key_change = form, has_licences).unwrap();
        let mut seen = Vec::new();
        let mut see = |key: &Arc<_>| seen.push(Arc::downgrade(key));
        see(&stream.init().tracks[0].as_ref().unwrap().key);
        for number in 0..40 {
            let fragment = stream.fragment(number);
            if let FragmentRule::Key(protection) = &fragment.rules[0] {
                see(&protection.key);
            }
            if fragment.new_init {
                see(&stream.init().tracks[0].as_ref().unwrap().key);
            }
        }
        assert!(seen.len() >= 20, "{form:?}");
        let mut left: Vec<_> = seen.iter().filter_map(Weak::upgrade).collect();
        left.dedup_by(|one, other| Arc::ptr_eq(one, other));
        assert!(
            left.len() <= Packaging::READY + 2,
            "{form:?}: {}",
            left.len()
        );
    }
}

#[test]
fn embedded_needs_a_place_and_leaf_licences() {
    let refusal = |change: fn(&mut Config)| {
        let opened = Stream::open(
            |config| {
                config.key_change = KeyChangeForm::Embedded;
                change(config);
            },
            false,
        );
        let failed = opened.and_then(|mut stream| stream.0.protect_tracks(&[VIDEO]));
        failed.err().unwrap().to_string()
    };
    assert!(refusal(|_| ()).starts_with("crypto period 0 has no leaf licence"));
    let only_init = refusal(|config| config.pssh_places.moof = false);
    assert!(only_init.contains("pssh-in=moof"), "{only_init}");
}
