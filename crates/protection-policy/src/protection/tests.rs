// SPDX-License-Identifier: MPL-2.0
//! From tracks to keys and signals.

use zeroize::Zeroizing;

use host_access::Host;

use super::*;
use crate::IvConfig;
use cenc_types::{ContentKey, Iv, IvSize, Media, Pattern, Scheme};
use common_encryption::TrackProtection;
use common_encryption::{BoxFlavor, TrackIv};
use content_keys::{FixedKeys, KeyEntry, KeyRing};
use drm_signaling::System;

mod ivs;

const VIDEO: Track = Track {
    track_id: 1,
    media: Media::Video {
        width: 1280,
        height: 720,
    },
};
const AUDIO: Track = Track {
    track_id: 2,
    media: Media::Audio,
};
const TEXT: Track = Track {
    track_id: 3,
    media: Media::Text,
};

fn ring(keys: &[(&str, u8)]) -> KeyRing {
    let mut ring = KeyRing::default();
    for &(selector, byte) in keys {
        ring.add(entry(selector, byte)).unwrap();
    }
    ring
}

fn entry(selector: &str, byte: u8) -> KeyEntry {
    KeyEntry {
        selector: selector.parse().unwrap(),
        kid: KeyId::from_bytes([byte; 16]),
        key: ContentKey::from_bytes(Zeroizing::new([byte; 16])),
        iv: None,
        period: None,
    }
}

fn packaging(scheme: Scheme, keys: &[(&str, u8)], sample_keys: SampleKeys) -> Packaging {
    let keys = Box::new(FixedKeys::new(ring(keys)));
    let config = Config::new(scheme, Host::system());
    Packaging::open(config, keys, sample_keys, Arc::default()).unwrap()
}

fn protections(packaging: &mut Packaging, tracks: &[Track]) -> Vec<Option<TrackProtection>> {
    packaging.protect_tracks(tracks).unwrap().tracks
}

#[test]
fn tracks_under_one_key_draw_from_one_run_of_ivs() {
    let mut packaging = packaging(Scheme::Cenc, &[("*", 1)], SampleKeys::default());
    let tracks = protections(&mut packaging, &[VIDEO, AUDIO, TEXT]);
    let keys: Vec<_> = tracks.iter().flatten().map(|track| &track.key).collect();
    assert!(Arc::ptr_eq(keys[0], keys[1]));
    assert!(tracks[2].is_none());
    let first = keys[0].ivs().next(1).unwrap();
    assert_ne!(first, keys[1].ivs().next(1).unwrap());
}

#[test]
fn pattern_is_for_video_of_the_pattern_schemes() {
    for (scheme, pattern) in [
        (Scheme::Cenc, Pattern::NONE),
        (Scheme::Cbc1, Pattern::NONE),
        (Scheme::Cens, Pattern::ONE_IN_TEN),
        (Scheme::Cbcs, Pattern::ONE_IN_TEN),
    ] {
        let mut packaging = packaging(scheme, &[("*", 1)], SampleKeys::default());
        let tracks = protections(&mut packaging, &[VIDEO, AUDIO]);
        let patterns = tracks.iter().flatten().map(|track| track.method.pattern);
        assert_eq!(patterns.collect::<Vec<_>>(), [pattern, Pattern::NONE]);
    }
}

#[test]
fn cbc_always_has_ivs_of_sixteen_bytes() {
    let mut packaging = packaging(Scheme::Cbcs, &[("*", 1)], SampleKeys::default());
    let tracks = protections(&mut packaging, &[VIDEO]);
    let iv = tracks[0].as_ref().unwrap().key.track_iv();
    assert!(matches!(iv, TrackIv::Constant(iv) if iv.size() == IvSize::Sixteen));
}

#[test]
fn header_lists_each_key_of_the_asset_once() {
    let keys = [("video", 1), ("audio", 2), ("text", 3), ("track:9", 4)];
    let mut packaging = packaging(Scheme::Cenc, &keys, SampleKeys::default());
    let made = packaging.protect_tracks(&[VIDEO, AUDIO, VIDEO]).unwrap();
    let kids = [1, 2, 3, 4].map(|byte| KeyId::from_bytes([byte; 16]));
    let signals = packaging.signals().unwrap();
    assert_eq!(signals.kids, kids[..2]);
    let [playready] = signals.drms.as_slice() else {
        panic!("{:?}", signals.drms);
    };
    assert_eq!(made.pssh, [playready.pssh().unwrap()]);
    let header = playready
        .playready_object()
        .unwrap()
        .header()
        .unwrap()
        .unwrap();
    let listed: Vec<_> = header.key_ids.iter().map(|found| found.kid).collect();
    assert_eq!(listed, kids);
}

#[test]
fn stream_stays_clear_only_if_the_user_asks_for_it() {
    for (clear, tracks, passes) in [
        ([].as_slice(), [TEXT].as_slice(), false),
        (&[], &[], false),
        (&["audio"], &[TEXT], false),
        (&["text"], &[TEXT], true),
        (&["*"], &[TEXT], true),
        (&["*"], &[], true),
        (&["*"], &[VIDEO, AUDIO, TEXT], true),
        (&["video", "track:2"], &[VIDEO, AUDIO, TEXT], true),
    ] {
        let mut packaging = packaging(Scheme::Cenc, &[("*", 1)], SampleKeys::default());
        packaging.config.clear_tracks = clear.iter().map(|s| s.parse().unwrap()).collect();
        match packaging.protect_tracks(tracks) {
            Ok(init) => {
                assert!(passes, "{clear:?} {tracks:?}");
                assert!(init.tracks.iter().all(Option::is_none) && init.pssh.is_empty());
                assert!(packaging.signals().is_none());
            }
            Err(error) => {
                assert!(!passes, "{clear:?} {tracks:?}: {error}");
                assert!(error.to_string().contains("clear-tracks=*"), "{error}");
            }
        }
    }
}

#[test]
fn track_is_left_clear_by_the_source_or_by_the_property() {
    let protected = |line: Option<&str>, property: Option<&str>, keys| {
        let mut ring = ring(keys);
        if let Some(line) = line {
            ring.add_clear(line.parse().unwrap()).unwrap();
        }
        let mut config = Config::new(Scheme::Cenc, Host::system());
        config.clear_tracks = property.iter().map(|s| s.parse().unwrap()).collect();
        let keys = Box::new(FixedKeys::new(ring));
        let mut packaging =
            Packaging::open(config, keys, SampleKeys::default(), Arc::default()).unwrap();
        let tracks = protections(&mut packaging, &[VIDEO, AUDIO]);
        tracks.iter().map(Option::is_some).collect::<Vec<_>>()
    };
    let all: &[(&str, u8)] = &[("*", 1)];
    let video: &[(&str, u8)] = &[("video", 1)];
    assert_eq!(protected(Some("audio"), None, all), [true, false]);
    assert_eq!(protected(Some("audio"), None, video), [true, false]);
    assert_eq!(protected(None, Some("audio"), all), [true, false]);
    assert_eq!(protected(None, Some("audio"), video), [true, false]);
    assert_eq!(protected(None, Some("track:1"), all), [false, true]);
    // The more specific selector of a key wins.
    assert_eq!(protected(None, Some("*"), video), [true, false]);
    assert_eq!(protected(Some("*"), None, video), [true, false]);
    assert_eq!(
        protected(None, Some("video"), &[("*", 1), ("hd", 2)]),
        [true, true]
    );
    assert_eq!(
        protected(None, Some("hd"), &[("*", 1), ("hd", 2)]),
        [false, true]
    );
}

#[test]
fn key_of_video_and_audio_is_warned_about_once() {
    for (keys, tracks, systems, count) in [
        (
            [("*", 1)].as_slice(),
            [VIDEO, AUDIO].as_slice(),
            [System::PlayReady],
            1,
        ),
        (&[("*", 1)], &[VIDEO], [System::PlayReady], 0),
        (
            &[("*", 1), ("audio", 2)],
            &[VIDEO, AUDIO],
            [System::PlayReady],
            0,
        ),
        (&[("*", 1)], &[VIDEO, AUDIO], [System::Widevine], 0),
    ] {
        let mut packaging = packaging(Scheme::Cenc, keys, SampleKeys::default());
        packaging.config.systems = systems.into();
        let mut warnings = Vec::new();
        for _ in 0..3 {
            packaging.protect_tracks(tracks).unwrap();
            warnings.extend(packaging.warnings());
        }
        let shared = crate::Warning::SharedKey(KeyId::from_bytes([1; 16]));
        assert_eq!(warnings, vec![shared; count]);
    }
}

#[test]
fn unmatched_track_is_an_error() {
    let mut packaging = packaging(Scheme::Cenc, &[("video", 1)], SampleKeys::default());
    let error = packaging.protect_tracks(&[VIDEO, AUDIO]).err().unwrap();
    assert!(error.to_string().contains("audio track 2"), "{error}");
}

#[test]
fn version_one_pssh_lists_the_kids() {
    let mut packaging = packaging(Scheme::Cenc, &[("*", 1)], SampleKeys::default());
    packaging.config.header.pssh_lists_kids = true;
    let pssh = packaging.protect_tracks(&[AUDIO]).unwrap().pssh.remove(0);
    assert_eq!(pssh[8], 1);
    assert_eq!(pssh[28..48], [&[0, 0, 0, 1], [1; 16].as_slice()].concat());
}

#[test]
fn boxes_are_in_the_order_of_systems_with_the_extra_ones_last() {
    let mut packaging = packaging(Scheme::Cbcs, &[("*", 1)], SampleKeys::default());
    let given = Drm::unknown([7; 16], b"as given".to_vec());
    packaging.config.systems = System::ALL.into_iter().rev().collect();
    packaging.config.extra_pssh = vec![given.clone()];
    packaging.config.header.pssh_lists_kids = true;
    let made = packaging.protect_tracks(&[VIDEO]).unwrap();
    let drms = &packaging.signals().unwrap().drms;
    let ids: Vec<_> = drms.iter().map(Drm::system_id).collect();
    let systems = System::ALL.map(System::id);
    assert_eq!(ids, [systems.as_slice(), &[[7; 16]]].concat());
    assert_eq!(drms.last(), Some(&given));
    let boxes: Vec<_> = drms.iter().filter_map(Drm::pssh).collect();
    assert_eq!(made.pssh, boxes);
    // PlayReady as asked, Widevine always version 0, W3C common always version 1.
    let versions: Vec<_> = made.pssh.iter().take(3).map(|pssh| pssh[8]).collect();
    assert_eq!((made.pssh.len(), versions), (4, vec![1, 0, 1]));
}

#[test]
fn content_without_any_system_has_no_box() {
    let mut packaging = packaging(Scheme::Cenc, &[("*", 1)], SampleKeys::default());
    packaging.config.systems.clear();
    let made = packaging.protect_tracks(&[VIDEO]).unwrap();
    assert!(made.tracks[0].is_some() && made.pssh.is_empty());
    let signals = packaging.signals().unwrap();
    assert_eq!((signals.kids.len(), signals.drms.len()), (1, 0));
}

#[test]
fn piff_takes_counter_mode_with_eight_bytes_only() {
    for (scheme, size, fits) in [
        (Scheme::Cenc, IvSize::Eight, true),
        (Scheme::Cenc, IvSize::Sixteen, false),
        (Scheme::Cens, IvSize::Eight, false),
        (Scheme::Cbc1, IvSize::Sixteen, false),
        (Scheme::Cbcs, IvSize::Sixteen, false),
    ] {
        let mut packaging = packaging(scheme, &[("*", 1)], SampleKeys::default());
        packaging.config.flavor = BoxFlavor::Piff;
        packaging.config.iv = IvConfig::Random(size);
        assert_eq!(
            packaging.protect_tracks(&[VIDEO]).is_ok(),
            fits,
            "{scheme} {size:?}"
        );
    }
}
