// SPDX-License-Identifier: MPL-2.0
//! Compares boxes and manifest texts of all DRM systems with those of another packager: with the facts in tests/vectors, and
//! with the packager itself where it is installed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod normal;
mod peer;

use std::collections::BTreeSet;
use std::path::Path;

use cenc_types::{ContentKey, KeyId, Media, Scheme, Track};
use common_encryption::Protector;
use content_keys::{FixedKeys, KeyEntry, KeyRing};
use drm_signaling::{Drm, Playlist, System, dash, hls};
use protection_policy::{Config, Packaging, Signals};

use normal::{element, key_line};

/// A file of facts in lines `name value`. Its `#` lines state the source.
struct Facts {
    scheme: Scheme,
    systems: BTreeSet<System>,
    /// The selector, KID and key of each key.
    keys: Vec<(String, KeyId, String)>,
    /// ContentProtection elements, one in each line.
    dash: Vec<String>,
    /// The EXT-X-KEY lines.
    hls: Vec<String>,
    /// The EXT-X-SESSION-KEY lines.
    session: Vec<String>,
}

impl Facts {
    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let all = |wanted: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            let values = lines.filter(|(name, _)| *name == wanted);
            let values = values.map(|(_, value)| value.to_owned());
            values.collect::<Vec<_>>()
        };
        Self {
            scheme: all("scheme")[0].parse().unwrap(),
            systems: all("systems")[0].split(' ').map(system).collect(),
            keys: all("key").iter().map(|line| key(line)).collect(),
            dash: all("dash"),
            hls: all("hls"),
            session: all("session"),
        }
    }

    fn packaging(&self) -> Packaging {
        let mut keys = KeyRing::default();
        for (selector, kid, key) in &self.keys {
            let entry = KeyEntry {
                selector: selector.parse().unwrap(),
                kid: *kid,
                key: ContentKey::parse(key).unwrap(),
                iv: None,
                period: None,
            };
            keys.add(entry).unwrap();
        }
        let config = Config {
            systems: self.systems.clone(),
            ..Config::new(self.scheme, host_access::Host::system())
        };
        let keys = Box::new(FixedKeys::new(keys));
        Packaging::open(config, keys, Default::default(), Default::default()).unwrap()
    }

    /// The signaling of one track for each key, and the `pssh` boxes.
    fn ours(&self) -> (Signals, Vec<Vec<u8>>) {
        let tracks = (1..).zip(&self.keys).map(|(track_id, (selector, ..))| {
            let media = match selector.as_str() {
                "audio" => Media::Audio,
                _ => Media::Video {
                    width: 640,
                    height: 480,
                },
            };
            Track { track_id, media }
        });
        let mut packaging = self.packaging();
        let made = packaging.protect(&tracks.collect::<Vec<_>>()).unwrap();
        (packaging.signals().unwrap().clone(), made.pssh)
    }
}

fn system(name: &str) -> System {
    System::from_nick(name).unwrap_or_else(|| panic!("no system {name}"))
}

fn key(line: &str) -> (String, KeyId, String) {
    let words: Vec<_> = line.split(' ').collect();
    let [selector, kid, key] = words.as_slice() else {
        panic!("{line}")
    };
    (
        (*selector).to_owned(),
        kid.parse().unwrap(),
        (*key).to_owned(),
    )
}

#[test]
fn elements_agree_with_another_packagers_mpd() {
    for name in ["cenc.txt", "cbcs.txt", "two-keys.txt"] {
        let facts = Facts::read(name);
        let (signals, _) = facts.ours();
        let drms = signals.drms.iter().filter(|drm| !is_fairplay(drm));
        let elements = drms.map(|drm| element(&dash::content_protection(drm)));
        let mut ours: BTreeSet<_> = elements.collect();
        if let [(_, kid, _)] = facts.keys.as_slice() {
            ours.insert(element(&dash::mp4_protection(facts.scheme, kid)));
        }
        let theirs: BTreeSet<_> = facts.dash.iter().map(|xml| element(xml)).collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

/// Returns whether this is FairPlay, which the other packager does not signal in an MPD.
fn is_fairplay(drm: &Drm) -> bool {
    drm.system() == Some(System::FairPlay)
}

#[test]
fn boxes_are_those_of_the_elements() {
    for name in ["cenc.txt", "cbcs.txt", "two-keys.txt"] {
        let facts = Facts::read(name);
        let (_, boxes) = facts.ours();
        let ours: BTreeSet<_> = boxes.into_iter().collect();
        let theirs = facts.dash.iter().flat_map(|xml| peer::boxes_in(xml));
        assert_eq!(ours, theirs.collect(), "{name}");
    }
}

#[test]
fn lines_agree_with_another_packagers_playlists() {
    for name in ["cenc.txt", "cbcs.txt", "two-keys.txt"] {
        let facts = Facts::read(name);
        let (signals, _) = facts.ours();
        for (playlist, theirs) in [
            (Playlist::Media, &facts.hls),
            (Playlist::Multivariant, &facts.session),
        ] {
            let drms = signals.drms.iter();
            let lines = drms.filter_map(|drm| hls::key_lines(drm, facts.scheme, playlist).ok());
            let ours: BTreeSet<_> = lines.flatten().map(|line| key_line(&line)).collect();
            let theirs: BTreeSet<_> = theirs.iter().map(|line| key_line(line)).collect();
            if !theirs.is_empty() {
                assert_eq!(ours, theirs, "{name}");
            }
        }
    }
}
