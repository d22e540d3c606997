// SPDX-License-Identifier: MPL-2.0
//! The formats that PlayReady clients play, as Microsoft lists them ("MP4-based Formats Supported by PlayReady Clients"): DASH, HLS and
//! Smooth Streaming with static and with rotating keys, and DASH with keys that change, each with a key for pictures and one for sound,
//! tag by tag and box by box.

#[cfg(feature = "serve")]
mod rotating;

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};
use test_support::boxes::top_level;
use test_support::movie::Movie;

use crate::folder::Folder;

/// PlayReady's SystemID.
const PLAYREADY: u128 = 0x9a04_f079_9840_4286_ab92_e65b_e088_5f95;
const MSPR: &str = "urn:microsoft:playready";
const CENC: &str = "urn:mpeg:cenc:2013";
const TRACKS: [Track; 2] = [
    Track {
        name: "video-90p",
        uuid: "b0b1b2b3-b4b5-4647-9849-4a4b4c4d4e4f",
        entry: "avc1",
    },
    Track {
        name: "audio",
        uuid: "c0c1c2c3-c4c5-4647-9849-4a4b4c4d4e4f",
        entry: "mp4a",
    },
];

/// The tracks with the keys of the second crypto period.
const LATER_TRACKS: [Track; 2] = [
    Track {
        name: "video-90p",
        uuid: "d0d1d2d3-d4d5-4647-9849-4a4b4c4d4e4f",
        entry: "avc1",
    },
    Track {
        name: "audio",
        uuid: "e0e1e2e3-e4e5-4647-9849-4a4b4c4d4e4f",
        entry: "mp4a",
    },
];

struct Track {
    name: &'static str,
    /// Its KID.
    uuid: &'static str,
    /// The format of its sample entry before protection.
    entry: &'static str,
}

impl Track {
    fn kid(&self) -> [u8; 16] {
        let digits = self.uuid.replace('-', "");
        u128::from_str_radix(&digits, 16).unwrap().to_be_bytes()
    }

    /// The KID in GUID order and base64, as headers have it: PlayReady Header Specification, 3.1.
    fn guid(&self) -> String {
        let kid = self.kid();
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        STANDARD.encode(order.map(|place: usize| kid[place]))
    }
}

/// A scheme with the ALGID of its keys, the METHOD of HLS, and the lowest version of a header that can list several such keys.
struct SchemeFacts {
    name: &'static str,
    algorithm: &'static str,
    method: &'static str,
    version: &'static str,
}

const SCHEMES: [SchemeFacts; 2] = [
    SchemeFacts {
        name: "cenc",
        algorithm: "AESCTR",
        method: "SAMPLE-AES-CTR",
        version: "4.2.0.0",
    },
    SchemeFacts {
        name: "cbcs",
        algorithm: "AESCBC",
        method: "SAMPLE-AES",
        version: "4.3.0.0",
    },
];

/// Checks a PlayReady Object with one header that has the keys of these tracks; returns its first KID.
fn check_object(object: &[u8], tracks: &[Track], scheme: &SchemeFacts) -> String {
    // PlayReady Object: length, count of records, and the record of type 1 with its length.
    let len = u32::try_from(object.len()).unwrap();
    assert_eq!(object[..4], len.to_le_bytes());
    assert_eq!(object[4..8], [1, 0, 1, 0]);
    assert_eq!(object[8..10], (len - 10).to_le_bytes()[..2]);
    let (units, _) = object[10..].as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let xml = String::from_utf16(&units).unwrap();
    let header = Document::parse(&xml).unwrap();
    let root = header.root_element();
    assert_eq!(root.attribute("version"), Some(scheme.version));
    let kids: Vec<Node<'_, '_>> = root
        .descendants()
        .filter(|node| node.has_tag_name((root.tag_name().namespace().unwrap(), "KID")))
        .collect();
    let values: Vec<&str> = kids
        .iter()
        .map(|kid| kid.attribute("VALUE").unwrap())
        .collect();
    for track in tracks {
        assert!(values.contains(&track.guid().as_str()), "{xml}");
    }
    assert_eq!(values.len(), tracks.len(), "{xml}");
    for kid in &kids {
        assert_eq!(kid.attribute("ALGID"), Some(scheme.algorithm), "{xml}");
        assert_eq!(kid.parent_element().unwrap().tag_name().name(), "KIDS");
    }
    values[0].to_owned()
}

/// Returns the PlayReady Object in a `pssh` box of version 0 (23001-7 clause 8.1).
fn object_of_pssh(pssh: &[u8]) -> &[u8] {
    let size = u32::try_from(pssh.len()).unwrap();
    assert_eq!(pssh[..4], size.to_be_bytes());
    assert_eq!(&pssh[4..12], b"pssh\0\0\0\0");
    assert_eq!(pssh[12..28], PLAYREADY.to_be_bytes());
    assert_eq!(pssh[28..32], (size - 32).to_be_bytes());
    &pssh[32..]
}

/// Makes a film and packages it; None without FFmpeg.
fn package(test: &str, arguments: &str) -> Option<Folder> {
    let folder = Folder::new(test)?;
    let codecs = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -pix_fmt yuv420p";
    folder.film("film.mp4", "160x90", 4, codecs);
    folder.package(&format!(
        "film.mp4 --output out --segment-duration 2s {arguments}"
    ));
    Some(folder)
}

// `mspr:pro` for all clients and `cenc:pssh` for newer ones in each set of keys; `pssh` in the init segment, `senc` in each fragment.
#[test]
fn dash_with_static_keys() {
    for scheme in &SCHEMES {
        let test = format!("dash_{}", scheme.name);
        let arguments = format!("--manifests dash --scheme {}", scheme.name);
        let Some(folder) = package(&test, &arguments) else {
            return;
        };
        let text = fs::read_to_string(folder.path("out/manifest.mpd")).unwrap();
        let mpd = Document::parse(&text).unwrap();
        let sets = mpd.descendants();
        let sets: Vec<_> = sets
            .filter(|node| node.tag_name().name() == "AdaptationSet")
            .collect();
        assert_eq!(sets.len(), TRACKS.len());
        for (set, track) in sets.into_iter().zip(&TRACKS) {
            check_descriptors(set, track, &TRACKS, scheme);
            check_files(&folder, track, &ALL_SEGMENTS, scheme);
        }
    }
}

// Constrained multi-period: a Period for each key, all with the same tracks, each with descriptors and an init segment of its own.
#[test]
fn dash_with_changing_keys() {
    for scheme in &SCHEMES {
        let Some(folder) = Folder::new(&format!("dash_changing_{}", scheme.name)) else {
            return;
        };
        let line = |selector, period: usize, track: &Track| {
            // Any key will do, if it is another for each KID.
            let (uuid, key) = (track.uuid, track.uuid.replace('-', ""));
            format!("{selector}@{period} {uuid} {key}\n")
        };
        let keys: String = [&TRACKS, &LATER_TRACKS]
            .into_iter()
            .enumerate()
            .flat_map(|(period, [video, audio])| {
                [line("video", period, video), line("audio", period, audio)]
            })
            .collect();
        folder.write_keys(&keys);
        let codecs = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -pix_fmt yuv420p";
        folder.film("film.mp4", "160x90", 4, codecs);
        folder.package(&format!(
            "film.mp4 --output out --segment-duration 2s --crypto-period 2s --manifests dash --scheme {}",
            scheme.name
        ));
        let text = fs::read_to_string(folder.path("out/manifest.mpd")).unwrap();
        let mpd = Document::parse(&text).unwrap();
        let periods = mpd.descendants();
        let periods: Vec<_> = periods
            .filter(|node| node.tag_name().name() == "Period")
            .collect();
        assert_eq!(periods.len(), 2);
        let parts = [
            CheckedPart {
                tracks: &TRACKS,
                init: "init.mp4",
                segments: &[1],
            },
            CheckedPart {
                tracks: &LATER_TRACKS,
                init: "init-2.mp4",
                segments: &[2],
            },
        ];
        for (period, part) in periods.into_iter().zip(&parts) {
            let sets = period.children();
            let sets: Vec<_> = sets
                .filter(|node| node.tag_name().name() == "AdaptationSet")
                .collect();
            assert_eq!(sets.len(), part.tracks.len());
            for (set, track) in sets.into_iter().zip(part.tracks) {
                check_descriptors(set, track, part.tracks, scheme);
                check_files(&folder, track, part, scheme);
            }
        }
    }
}

/// The part of a track under one init segment.
struct CheckedPart {
    /// All tracks with their keys.
    tracks: &'static [Track],
    /// The name of the init segment.
    init: &'static str,
    /// The numbers of the segments.
    segments: &'static [u32],
}

const ALL_SEGMENTS: CheckedPart = CheckedPart {
    tracks: &TRACKS,
    init: "init.mp4",
    segments: &[1, 2],
};

/// Checks the ContentProtection descriptors of a set: 23009-1 clause 5.8.4.1, 23001-7 clause 11.2, and Microsoft's list.
fn check_descriptors(set: Node<'_, '_>, track: &Track, tracks: &[Track], scheme: &SchemeFacts) {
    let all: Vec<_> = set
        .children()
        .filter(|node| node.tag_name().name() == "ContentProtection")
        .collect();
    let [common, playready] = all.as_slice() else {
        panic!("{} descriptors", all.len());
    };
    assert_eq!(
        common.attribute("schemeIdUri"),
        Some("urn:mpeg:dash:mp4protection:2011")
    );
    assert_eq!(common.attribute("value"), Some(scheme.name));
    assert_eq!(common.attribute((CENC, "default_KID")), Some(track.uuid));
    assert_eq!(
        playready.attribute("schemeIdUri"),
        Some("urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95")
    );
    assert_eq!(playready.attribute("value"), Some("MSPR 2.0"));
    let bytes = |name| {
        let mut children = playready.children();
        let element = children.find(|child| child.has_tag_name(name)).unwrap();
        STANDARD.decode(element.text().unwrap().trim()).unwrap()
    };
    let object = bytes((MSPR, "pro"));
    check_object(&object, tracks, scheme);
    assert_eq!(object_of_pssh(&bytes((CENC, "pssh"))), object);
}

/// Checks the files of a CMAF track: 23000-19 clauses 7.3 to 7.5, 23001-7 clauses 7 and 8.
fn check_files(folder: &Folder, track: &Track, part: &CheckedPart, scheme: &SchemeFacts) {
    let name = track.name;
    let read = |file: &str| fs::read(folder.path(&format!("out/v1/{name}/{file}"))).unwrap();
    let init = read(part.init);
    let boxes = top_level(&init);
    let kinds: Vec<&[u8]> = boxes.iter().map(|found| &found.kind[..]).collect();
    assert_eq!(kinds, [b"ftyp", b"moov"]);
    let pssh = boxes[1].all(b"pssh");
    assert_eq!(pssh.len(), 1);
    let object = object_of_pssh(&init[pssh[0].start..pssh[0].end]);
    check_object(object, part.tracks, scheme);
    let segments = part.segments.iter();
    let segments: Vec<_> = segments
        .map(|number| read(&format!("{number}.m4s")))
        .collect();
    let movie = Movie::parse([init, segments.concat()].concat());
    let [own] = movie.tracks.as_slice() else {
        panic!("{} tracks", movie.tracks.len());
    };
    let entry = &own.entries[0];
    assert_eq!(&entry.format, track.entry.as_bytes());
    assert_eq!(entry.scheme.unwrap(), scheme.name.as_bytes());
    let tenc = entry.tenc.as_ref().unwrap();
    assert_eq!((tenc.kid, tenc.is_protected), (track.kid(), true));
    assert_eq!(tenc.constant_iv.is_empty(), scheme.name == "cenc");
    assert!(own.groups.is_empty(), "no seig: tenc has the key");
    for segment in &segments {
        let boxes = top_level(segment);
        let kinds: Vec<&[u8]> = boxes.iter().map(|found| &found.kind[..]).collect();
        assert_eq!(kinds, [b"styp", b"moof", b"mdat"]);
        let traf = boxes[1].at(&[b"traf"]);
        // default-base-is-moof.
        assert_ne!(traf.at(&[b"tfhd"]).flags() & 0x02_0000, 0);
        for wanted in [b"tfdt", b"trun", b"senc"] {
            assert_eq!(traf.all(wanted).len(), 1, "{name} {wanted:?}");
        }
    }
}

/// Returns the attributes of a tag with this name, of which the playlist has one.
fn attributes<'t>(playlist: &'t str, tag: &str) -> Vec<(&'t str, &'t str)> {
    let mut lines = playlist.lines().filter_map(|line| line.strip_prefix(tag));
    let list = lines.next().unwrap();
    assert_eq!(lines.next(), None, "{tag}");
    // A quoted value may have commas.
    let mut is_quoted = false;
    let parts = list.split(|character: char| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    });
    parts.map(|part| part.split_once('=').unwrap()).collect()
}

// The session's key has the KIDs of all playlists; the key of each playlist has its own KID first, and comes before its init segment.
#[test]
fn hls_with_static_keys() {
    for scheme in &SCHEMES {
        let test = format!("hls_{}", scheme.name);
        let arguments = format!("--manifests hls --scheme {}", scheme.name);
        let Some(folder) = package(&test, &arguments) else {
            return;
        };
        let read = |name: &str| fs::read_to_string(folder.path("out").join(name)).unwrap();
        let all = read("manifest.m3u8");
        check_key(&attributes(&all, "#EXT-X-SESSION-KEY:"), scheme);
        for track in &TRACKS {
            let playlist = read(&format!("v1/{}.m3u8", track.name));
            let first = check_key(&attributes(&playlist, "#EXT-X-KEY:"), scheme);
            assert_eq!(first, track.guid());
            let key = playlist.find("#EXT-X-KEY:").unwrap();
            assert!(key < playlist.find("#EXT-X-MAP:").unwrap());
            check_files(&folder, track, &ALL_SEGMENTS, scheme);
        }
    }
}

/// Checks the attributes of a key (RFC 8216, 4.3.2.4, and Microsoft's list); returns the first KID of its header.
fn check_key(attributes: &[(&str, &str)], scheme: &SchemeFacts) -> String {
    let value = |name| {
        let mut found = attributes.iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| *value).unwrap()
    };
    assert_eq!(value("METHOD"), scheme.method);
    assert_eq!(value("KEYFORMAT"), "\"com.microsoft.playready\"");
    assert_eq!(value("KEYFORMATVERSIONS"), "\"1\"");
    let uri = value("URI").trim_matches('"');
    let object = uri
        .strip_prefix("data:text/plain;charset=UTF-16;base64,")
        .unwrap();
    check_object(&STANDARD.decode(object).unwrap(), &TRACKS, scheme)
}

// One ProtectionHeader at the top with all KIDs, PIFF's fragments, no init segment. `smooth.rs` checks the fragments.
#[test]
fn smooth_streaming_with_static_keys() {
    let Some(folder) = package("smooth_keys", "--manifests smooth") else {
        return;
    };
    let text = fs::read_to_string(folder.path("out/Manifest")).unwrap();
    let manifest = Document::parse(&text).unwrap();
    let root = manifest.root_element();
    assert!(root.has_tag_name("SmoothStreamingMedia"));
    let headers: Vec<_> = root
        .descendants()
        .filter(|node| node.has_tag_name("ProtectionHeader"))
        .collect();
    let [header] = headers.as_slice() else {
        panic!("{} headers", headers.len());
    };
    let protection = header.parent_element().unwrap();
    assert_eq!(protection.tag_name().name(), "Protection");
    assert_eq!(protection.parent_element(), Some(root));
    let system = header.attribute("SystemID").unwrap().replace('-', "");
    assert_eq!(u128::from_str_radix(&system, 16).unwrap(), PLAYREADY);
    let object = STANDARD.decode(header.text().unwrap().trim()).unwrap();
    check_object(&object, &TRACKS, &SCHEMES[0]);
    let files = folder.names("out/v1");
    assert!(
        files
            .iter()
            .all(|name| name.starts_with("QualityLevels(") || name.starts_with('.')),
        "{files:?}"
    );
}
