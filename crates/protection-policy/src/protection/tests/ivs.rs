// SPDX-License-Identifier: MPL-2.0
//! First, shared and constant IVs.

use super::*;
use crate::IvRuns;

#[test]
fn first_iv_in_counter_mode_is_for_keys_that_are_given_directly() {
    /// Keys that several streams share, with or without an IV.
    struct SharedKeys(Option<Iv>);

    impl KeyProvider for SharedKeys {
        fn rotates(&self) -> bool {
            false
        }

        fn period_keys(
            &mut self,
            _period: u64,
        ) -> Result<Arc<content_keys::PeriodKeys>, content_keys::Error> {
            let mut ring = KeyRing::default();
            ring.add(KeyEntry {
                iv: self.0,
                ..entry("*", 1)
            })
            .unwrap();
            Ok(Arc::new(ring.into()))
        }
    }

    let iv = Iv::new(&[7; 16]).unwrap();
    let opened = |scheme, own: Option<Iv>, property: IvConfig| {
        let mut config = Config::new(scheme, Host::system());
        config.iv = property;
        let provider = Box::new(SharedKeys(own));
        Packaging::open(config, provider, SampleKeys::default(), Arc::default())
            .unwrap()
            .protect_tracks(&[AUDIO])
            .map(|init| init.tracks[0].as_ref().unwrap().key.track_iv())
    };
    let random = IvConfig::Random(IvSize::Eight);
    for scheme in [Scheme::Cenc, Scheme::Cens] {
        for refused in [
            opened(scheme, Some(iv), random),
            opened(scheme, None, IvConfig::First(iv)),
        ] {
            let error = refused.unwrap_err().to_string();
            assert!(
                error.contains("leave out iv") && error.contains("scheme=cbcs"),
                "{error}"
            );
        }
        assert!(opened(scheme, None, random).is_ok());
    }
    for own in [(Some(iv), random), (None, IvConfig::First(iv))] {
        let constant = opened(Scheme::Cbcs, own.0, own.1).unwrap();
        assert_eq!(constant, TrackIv::Constant(iv));
    }
}

#[test]
fn packagers_share_only_the_constant_iv_of_cbcs() {
    for scheme in [Scheme::Cenc, Scheme::Cens, Scheme::Cbc1, Scheme::Cbcs] {
        let first_iv = || {
            let mut packaging = packaging(scheme, &[("*", 1)], SampleKeys::default());
            let track = protections(&mut packaging, &[VIDEO])[0].clone().unwrap();
            track.key.ivs().next(1).unwrap()
        };
        assert_eq!(
            first_iv() == first_iv(),
            scheme == Scheme::Cbcs,
            "{scheme:?}"
        );
    }
}

#[test]
fn property_iv_comes_before_that_of_the_source_in_cbcs() {
    let [property, source] = [[5; 16], [6; 16]].map(|bytes| Iv::new(&bytes).unwrap());
    let mut ring = KeyRing::default();
    ring.add(KeyEntry {
        iv: Some(source),
        ..entry("*", 1)
    })
    .unwrap();
    let mut config = Config::new(Scheme::Cbcs, Host::system());
    config.iv = IvConfig::First(property);
    let provider = Box::new(FixedKeys::new(ring));
    let mut packaging =
        Packaging::open(config, provider, SampleKeys::default(), Arc::default()).unwrap();
    let track = protections(&mut packaging, &[VIDEO])[0].clone().unwrap();
    assert_eq!(track.key.track_iv(), TrackIv::Constant(property));
}

#[test]
fn one_key_under_two_kids_gives_no_iv_twice() {
    let runs = Arc::<IvRuns>::default();
    let first_iv = |kid| {
        let key = ContentKey::from_bytes(Zeroizing::new([9; 16]));
        let ring = KeyRing::single(KeyId::from_bytes([kid; 16]), key);
        let mut config = Config::new(Scheme::Cenc, Host::system());
        config.iv = IvConfig::First(Iv::new(&[5; 8]).unwrap());
        let keys = SampleKeys::drawing_from(Arc::clone(&runs));
        let mut packaging =
            Packaging::open(config, Box::new(FixedKeys::new(ring)), keys, Arc::default()).unwrap();
        let track = protections(&mut packaging, &[AUDIO])[0].clone().unwrap();
        track.key.ivs().next(1).unwrap()
    };
    assert_ne!(first_iv(1), first_iv(2));
}

// PlayReady compliance rules: audio at security level 2000 needs another key than video at 3000.
#[test]
fn ivs_go_on_in_the_next_stream_and_the_scheme_cannot_change() {
    let keys = [("*", 1)];
    let mut first = packaging(Scheme::Cenc, &keys, SampleKeys::default());
    let before = protections(&mut first, &[AUDIO])[0].clone().unwrap();
    let used = before.key.ivs().next(1).unwrap();
    let mut second = packaging(Scheme::Cenc, &keys, first.into_sample_keys());
    let after = protections(&mut second, &[AUDIO])[0].clone().unwrap();
    assert_ne!(after.key.ivs().next(1).unwrap(), used);
    assert!(Arc::ptr_eq(&before.key, &after.key));

    let mut third = packaging(Scheme::Cbcs, &keys, second.into_sample_keys());
    let error = third.protect_tracks(&[AUDIO]).err().unwrap();
    assert!(matches!(error, Error::SchemeChanged { .. }));
}

#[test]
fn packagers_that_share_runs_never_give_an_iv_twice() {
    let runs = Arc::<IvRuns>::default();
    let next = || {
        let keys = SampleKeys::drawing_from(Arc::clone(&runs));
        let mut packaging = packaging(Scheme::Cenc, &[("*", 1)], keys);
        packaging.config.iv = IvConfig::First(Iv::new(&[5; 8]).unwrap());
        let track = protections(&mut packaging, &[AUDIO])[0].clone().unwrap();
        track.key.ivs().next(1).unwrap()
    };
    assert_ne!(next(), next());
}

// 23001-7 clause 9.2: in counter mode no IV is used twice with a key, whatever boxes describe the samples.
#[test]
fn ivs_follow_those_of_the_stream_with_other_boxes() {
    let mut packaging = packaging(Scheme::Cenc, &[("*", 1)], SampleKeys::default());
    let next = |packaging: &mut Packaging| {
        let tracks = protections(packaging, &[VIDEO]);
        let key = &tracks[0].as_ref().unwrap().key;
        let iv = key.ivs().next(1).unwrap();
        u64::from_be_bytes(*iv.as_bytes().first_chunk().unwrap())
    };
    let first = next(&mut packaging);
    packaging.restart_as(BoxFlavor::Piff).unwrap();
    assert_eq!(packaging.flavor(), BoxFlavor::Piff);
    assert_eq!(next(&mut packaging), first.wrapping_add(1));
    packaging.config.crypto_period = std::time::Duration::from_secs(1);
    assert!(matches!(
        packaging.restart_as(BoxFlavor::Piff),
        Err(Error::PiffPeriods)
    ));
}
