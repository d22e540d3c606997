// SPDX-License-Identifier: MPL-2.0
//! Runs of one channel with other settings: codec, scheme, DRM systems, form of key changes, timescale.

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::{KeyId, Scheme};
use drm_signaling::{DrmContent, PlayReadyContent, System};
use playready_header::{HeaderFields, KeyIds};
use presentation_publisher::{FolderStore, Publisher, PublisherOptions, StartedTrack};
use protection_policy::Signals;
use test_support::scratch::Scratch;

use crate::channel::{Channel, TestClock, options, video};
use crate::listed::Listed;
use crate::tracks::{first_run, playlist};

// An encoder of another format writes a track of the same name.
#[test]
fn later_run_with_another_codec_leaves_earlier_periods_as_they_are() {
    let folder = Scratch::new("publishing");
    let clock = first_run(&folder, 3);
    let codecs = || -> Vec<String> {
        let text = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
        let mpd = roxmltree::Document::parse(&text).unwrap();
        mpd.descendants()
            .filter(|node| node.attribute("id") == Some("video"))
            .map(|node| node.attribute("codecs").unwrap().to_owned())
            .collect()
    };
    assert_eq!(codecs(), ["avc1.42c01e"]);
    let mut channel = Channel::open_with(&folder, clock, 1);
    let mut other = video();
    other.described.codecs = "hvc1.1.6.L93.B0".to_owned();
    channel.start_tracks(vec![other], 2);
    channel.publish_group().unwrap();
    // `avcC` of the recording says the first one.
    assert_eq!(codecs(), ["avc1.42c00a", "hvc1.1.6.L93.B0"]);
    let text = playlist(&folder, "manifest");
    assert!(text.contains("avc1.42c00a,hvc1.1.6.L93.B0"), "{text}");
}

// The scheme is that of the part, too.
#[test]
fn later_run_with_another_scheme_leaves_earlier_periods_as_they_are() {
    let folder = Scratch::new("publishing");
    let schemes = || -> Vec<String> {
        let text = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
        let (_, set) = text.split_once("contentType=\"video\"").unwrap();
        let protections = set.split("urn:mpeg:dash:mp4protection:2011\" value=\"");
        let values = protections.skip(1).map(|rest| rest[..4].to_owned());
        values.collect()
    };
    let mut clock = TestClock::default();
    for (scheme, systems, expected) in [
        (Scheme::Cenc, &[System::PlayReady][..], &["cenc"][..]),
        // FairPlay has `cbcs` only, and a static key is that of both runs.
        (
            Scheme::Cbcs,
            &[System::PlayReady, System::FairPlay],
            &["cenc", "cbcs"],
        ),
        (
            Scheme::Cenc,
            &[System::PlayReady],
            &["cenc", "cbcs", "cenc"],
        ),
    ] {
        let options = PublisherOptions {
            scheme,
            ..options()
        };
        let store = FolderStore::open(folder.path()).unwrap();
        let publisher = Publisher::open(store, options, clock.host()).unwrap();
        let mut channel = Channel::start_with(publisher, clock, 1).unwrap();
        channel.start_protected_part(2, signals(scheme, systems));
        channel.publish_group().unwrap();
        clock = channel.clock.clone();
        assert_eq!(schemes(), expected);
        let methods: Vec<String> = key_methods(&playlist(&folder, "video"))
            .into_iter()
            .map(|keys| keys.join("+"))
            .collect();
        let ctr = "SAMPLE-AES-CTR AESCTR";
        let cbc = "SAMPLE-AES AESCBC+SAMPLE-AES";
        assert_eq!(methods, [ctr, cbc, ctr][..expected.len()]);
        let session = playlist(&folder, "manifest").replace("SESSION-KEY", "KEY");
        let newest = key_methods(&session).concat().join("+");
        assert_eq!(newest, methods[expected.len() - 1]);
    }
}

// An MPD names systems without keys if the keys change within the segments.
#[test]
fn later_run_with_another_key_change_leaves_earlier_periods_as_they_are() {
    let folder = Scratch::new("publishing");
    let mut clock = TestClock::default();
    for expects_changes in [false, true] {
        let options = PublisherOptions {
            expects_changes,
            ..options()
        };
        let mut channel = Channel::open_at(&folder, options, clock);
        let signals = signals(Scheme::Cbcs, &[System::PlayReady]);
        channel.start_protected_part(2, signals);
        channel.publish_group().unwrap();
        clock = channel.clock.clone();
    }
    let mpd = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
    let headers: Vec<usize> = mpd
        .split("<Period ")
        .skip(1)
        .map(|period| period.matches("<mspr:pro>").count())
        .collect();
    assert_eq!(headers, [2, 0], "{mpd}");
}

#[test]
fn later_run_without_a_format_removes_its_manifests() {
    let folder = Scratch::new("publishing");
    let mut clock = TestClock::default();
    for writes_hls in [true, false] {
        let options = PublisherOptions {
            writes_hls,
            ..options()
        };
        let mut channel = Channel::open_at(&folder, options, clock);
        (0..2).for_each(|_| channel.publish_group().unwrap());
        assert!(folder.join("manifest.m3u8").exists());
        if !writes_hls {
            (0..8).for_each(|_| channel.publish_group().unwrap());
        }
        clock = channel.clock.clone();
    }
    assert!(folder.join("manifest.mpd").exists());
    for name in ["manifest", "video", "video-iframes", "audio"] {
        assert!(!folder.join(&format!("{name}.m3u8")).exists(), "{name}");
    }
}

/// Returns the signaling of a key that has no licence server.
fn signals(scheme: Scheme, systems: &[System]) -> Signals {
    let kids = [KeyId::from_bytes([7; 16])];
    let content = || DrmContent {
        kids: &kids,
        scheme,
        content_id: None,
        playready: PlayReadyContent {
            header: HeaderFields {
                key_ids: KeyIds::for_mode(scheme.cipher_mode(), kids.map(|kid| (kid, None))),
                ..HeaderFields::default()
            },
            ..PlayReadyContent::default()
        },
        clear_key_url: None,
    };
    let drms = systems.iter().map(|system| system.signal(&content()));
    Signals {
        kids: kids.into(),
        drms: drms.collect::<Result<_, _>>().unwrap(),
    }
}

/// Returns the METHOD of each EXT-X-KEY, with the ALGID of its PlayReady Header if it has one, by groups of adjacent lines.
fn key_methods(playlist: &str) -> Vec<Vec<String>> {
    let mut groups = vec![Vec::new()];
    for line in playlist.lines() {
        let Some((_, method)) = line.split_once("-KEY:METHOD=") else {
            groups.push(Vec::new());
            continue;
        };
        let (method, rest) = method.split_once(',').unwrap();
        let header = rest.split_once("base64,").map(|(_, rest)| {
            let base64 = rest.split_once('"').unwrap().0;
            let object = STANDARD.decode(base64).unwrap();
            let text: Vec<u8> = object.into_iter().filter(|byte| *byte != 0).collect();
            let text = String::from_utf8_lossy(&text).into_owned();
            let algid = ["AESCTR", "AESCBC"].into_iter();
            let mut algid = algid.filter(|name| text.contains(*name));
            format!(" {}", algid.next().unwrap())
        });
        let key = format!("{method}{}", header.unwrap_or_default());
        groups.last_mut().unwrap().push(key);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

// A list has one timescale, in which the ticks of all its segments are whole. Encoders of other frame rates count in other ticks.
#[test]
fn later_run_with_another_timescale_goes_on() {
    let folder = Scratch::new("publishing");
    let mut clock = first_run(&folder, 3);
    for (timescale, listed_timescale, first_number, segment) in [
        // At 9 s, with segments of 2 s.
        (400, 2000, 1, "<S t=\"18000\" d=\"4000\"/>"),
        (1500, 6000, 3, "<S t=\"84000\" d=\"12000\"/>"),
        // The common timescale would have 34 bits.
        (
            4_000_000_000,
            4_000_000_000_u32,
            6,
            "<S t=\"76000000000\" d=\"8000000000\"/>",
        ),
    ] {
        let mut channel = Channel::open_with(&folder, clock, 1);
        let other = StartedTrack {
            timescale,
            ..video()
        };
        channel.timescale = timescale;
        channel.start_tracks(vec![other], 2);
        channel.publish_group().unwrap();
        channel.clock.add(Duration::from_secs(3));
        clock = channel.clock.clone();
        let listed = Listed::read(&folder);
        listed.check_files(&folder);
        assert_eq!(listed.numbers("video").start, first_number);
        let mpd = fs::read_to_string(folder.join("manifest.mpd")).unwrap();
        let template = format!("<SegmentTemplate timescale=\"{listed_timescale}\"");
        assert!(mpd.contains(&template) && mpd.contains(segment), "{mpd}");
        let durations = playlist(&folder, "video")
            .matches("#EXTINF:2.000000,")
            .count();
        assert_eq!(durations as u64, listed.numbers("video").end - first_number);
    }
}
