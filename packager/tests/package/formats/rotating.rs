// SPDX-License-Identifier: MPL-2.0
//! Rotating keys: an ONDEMAND header in manifest and init segment, and in each fragment the KID of its key and the leaf licence. Keys and
//! licences go from a CPIX document into a key store, and from there to `package`.

use std::process::Command;

use cenc_types::Scheme;
use content_key_store::{Content, KekSource, KeyStore, TrackLabel};
use test_support::boxes::{Bx, u32_at};
use test_support::decrypt::{self, Keys};
use test_support::postgres_server::PostgresServer;
use test_support::samples::no_iv_repeats;

use super::*;

const ROOT: &str = "f0f1f2f3-f4f5-4647-9849-4a4b4c4d4e4f";
/// The crypto periods of the film, of 2 s each.
const PERIODS: u8 = 3;
/// Those of the document: keys are requested ahead.
const KNOWN_PERIODS: u8 = 8;
const LABELS: [&str; 2] = ["VIDEO", "AUDIO"];

/// The key of a track in a crypto period.
struct LeafKey {
    track: usize,
    period: u8,
}

impl LeafKey {
    fn uuid(&self) -> String {
        let start = 0xa000_0000 + 0x100 * self.track + usize::from(self.period);
        format!("{start:08x}-b4b5-4647-9849-4a4b4c4d4e4f")
    }

    /// Any key will do, if it is another for each KID.
    fn key(&self) -> [u8; 16] {
        [0x40 + 16 * u8::try_from(self.track).unwrap() + self.period; 16].map(|byte: u8| byte ^ 9)
    }

    /// The licence, which only has to be found again.
    fn licence(&self) -> Vec<u8> {
        format!("leaf licence of {} {}", LABELS[self.track], self.period).into_bytes()
    }

    /// A `pssh` box with a PlayReady Object that has the licence in a record of type 3, PlayReady Header Specification.
    fn pssh(&self) -> Vec<u8> {
        let licence = self.licence();
        let len = u16::try_from(licence.len()).unwrap().to_le_bytes();
        let record = [&[3, 0], &len[..], &licence].concat();
        let size = u32::try_from(record.len() + 6).unwrap().to_le_bytes();
        let object = [&size[..], &[1, 0], &record].concat();
        let be = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
        let size = be(32 + object.len());
        let system = PLAYREADY.to_be_bytes();
        [
            &size[..],
            b"pssh\0\0\0\0",
            &system,
            &be(object.len()),
            &object,
        ]
        .concat()
    }
}

fn leaf_keys(periods: u8) -> impl Iterator<Item = LeafKey> {
    (0..periods).flat_map(|period| [0, 1].map(|track| LeafKey { track, period }))
}

/// A CPIX 2.4 document: leaf keys that depend on a root key, which has no value and the scheme of all.
fn document(scheme: &str) -> String {
    let [mut keys, mut systems, mut rules, mut periods] = [const { String::new() }; 4];
    for leaf in leaf_keys(KNOWN_PERIODS) {
        let (kid, period, label) = (leaf.uuid(), leaf.period, LABELS[leaf.track]);
        let key = STANDARD.encode(leaf.key());
        let pssh = STANDARD.encode(leaf.pssh());
        keys += &format!(
            "<ContentKey kid=\"{kid}\" dependsOnKey=\"{ROOT}\"><Data><p:Secret><p:PlainValue>{key}</p:PlainValue></p:Secret></Data></ContentKey>"
        );
        systems += &format!(
            "<DRMSystem systemId=\"9a04f079-9840-4286-ab92-e65be0885f95\" kid=\"{kid}\"><PSSH>{pssh}</PSSH></DRMSystem>"
        );
        rules += &format!(
            "<ContentKeyUsageRule kid=\"{kid}\" intendedTrackType=\"{label}\"><KeyPeriodFilter periodId=\"p{period}\"/></ContentKeyUsageRule>"
        );
    }
    for period in 0..KNOWN_PERIODS {
        periods += &format!("<ContentKeyPeriod id=\"p{period}\" index=\"{period}\"/>");
    }
    format!(
        "<CPIX xmlns=\"urn:dashif:org:cpix\" xmlns:p=\"urn:ietf:params:xml:ns:keyprov:pskc\" contentId=\"film\" version=\"2.4\">\
         <ContentKeyList><ContentKey kid=\"{ROOT}\" commonEncryptionScheme=\"{scheme}\"/>{keys}</ContentKeyList>\
         <DRMSystemList>{systems}</DRMSystemList><ContentKeyPeriodList>{periods}</ContentKeyPeriodList>\
         <ContentKeyUsageRuleList>{rules}</ContentKeyUsageRuleList></CPIX>"
    )
}

/// Runs the command in the folder.
fn run(folder: &Folder, arguments: &str) {
    let run = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
        .args(arguments.split_whitespace())
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    assert!(run.status.success(), "{arguments}: {run:?}");
}

/// Imports the keys into a store, and makes a film and packages it with them.
fn package_from(folder: &Folder, store: &str, scheme: Scheme, manifests: &str) {
    let kek = folder.path("store.kek");
    {
        let label = |selector: &str, label: &str| TrackLabel {
            selector: selector.to_owned(),
            label: label.to_owned(),
        };
        let host = host_access::Host::system();
        let store = KeyStore::open(store, &[KekSource::File(kek.clone())], &host).unwrap();
        let mut content = Content::new("film", scheme);
        content.tracks = vec![label("video", LABELS[0]), label("audio", LABELS[1])];
        store.put_content(&content).unwrap();
    }
    folder.write_secret("film.cpix", &document(scheme.name()));
    let kek = kek.display();
    run(
        folder,
        &format!("keys import {store} film.cpix --kek-file {kek}"),
    );
    let codecs = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -pix_fmt yuv420p";
    folder.film("film.mp4", "160x90", 2 * u32::from(PERIODS), codecs);
    let query = if store.contains('?') { '&' } else { '?' };
    let rotation = "--segment-duration 2s --crypto-period 2s --key-change embedded";
    run(
        folder,
        &format!(
            "package film.mp4 --output out {rotation} --manifests {manifests} --scheme {scheme} --content-id film \
             --la-url https://licences.example/ --key-uri {store}{query}kek-file={kek}"
        ),
    );
}

/// Checks a PlayReady Object with one header, which is for no KID, and says that licences are in the stream.
fn check_on_demand(object: &[u8]) {
    assert_eq!(object[4..8], [1, 0, 1, 0]);
    let (units, _) = object[10..].as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let xml = String::from_utf16(&units).unwrap();
    let header = Document::parse(&xml).unwrap();
    let texts = |name: &str| {
        let nodes = header.descendants();
        let nodes = nodes.filter(|node| node.tag_name().name() == name);
        nodes.filter_map(|node| node.text()).collect::<Vec<_>>()
    };
    assert_eq!(texts("DECRYPTORSETUP"), ["ONDEMAND"], "{xml}");
    assert_eq!(texts("LA_URL"), ["https://licences.example/"], "{xml}");
    assert!(!xml.contains("<KID"), "{xml}");
}

/// Checks that a fragment has the key of its crypto period: `seig` (23001-7 clause 6) for all samples, and the leaf licence in the `moof`,
/// and none of another period.
fn check_fragment(moof: &Bx<'_>, key: &LeafKey) {
    let traf = moof.at(&[b"traf"]);
    // Sound has groups of type `roll` too.
    let seig = |kind| {
        let all = traf.all(kind).into_iter().map(|found| found.body());
        let mut found = all.filter(|body| &body[4..8] == b"seig");
        found.next().unwrap()
    };
    let kid = decrypt::unhex(&key.uuid());
    assert!(seig(b"sgpd").windows(16).any(|bytes| bytes == kid));
    let sbgp = seig(b"sbgp");
    let samples = u32_at(traf.at(&[b"trun"]).body(), 4);
    // An entry in the traf has a number above 0x10000: 14496-12 clause 8.9.2.
    assert_eq!(
        [8, 12, 16].map(|at| u32_at(sbgp, at)),
        [1, samples, 0x1_0001]
    );
    let all: Vec<&[u8]> = moof.all(b"pssh").iter().map(Bx::body).collect();
    let has = |other: &LeafKey| {
        let licence = other.licence();
        let mut found = all.iter().flat_map(|pssh| pssh.windows(licence.len()));
        found.any(|bytes| bytes == licence)
    };
    for other in leaf_keys(KNOWN_PERIODS).filter(|other| other.track == key.track) {
        assert_eq!(has(&other), other.period == key.period, "{}", other.uuid());
    }
}

/// Checks a track with its init segment, and that it decrypts to the clear film.
fn check_track(folder: &Folder, index: usize, init: &[u8], segments: &[Vec<u8>]) -> Movie {
    for (period, segment) in (0..).zip(segments) {
        let boxes = top_level(segment);
        let moof = boxes.iter().find(|found| &found.kind == b"moof").unwrap();
        let track = index;
        check_fragment(moof, &LeafKey { track, period });
    }
    let movie = Movie::parse([init, &segments.concat()].concat());
    let tenc = movie.tracks[0].entries[0].tenc.as_ref().unwrap();
    assert_eq!((tenc.kid, tenc.is_protected), (decrypt::unhex(ROOT), true));
    let keys = leaf_keys(PERIODS).fold(Keys::one(ROOT, &"00".repeat(16)), |keys, leaf| {
        keys.with(&leaf.uuid(), &decrypt::hex(&leaf.key()))
    });
    let clear = Movie::open(&folder.path("film.mp4"));
    assert!(
        decrypt::samples(&movie, &movie.tracks[0], &keys)
            == decrypt::samples(&clear, &clear.tracks[index], &keys),
        "track {index}"
    );
    movie
}

/// Checks the files of both tracks; returns their init segments.
fn check_files(folder: &Folder) -> Vec<Movie> {
    let tracks = TRACKS.iter().enumerate();
    tracks
        .map(|(index, Track { name, .. })| {
            let read = |file: &str| fs::read(folder.path(&format!("out/v1/{name}/{file}")));
            let init = read("init.mp4").unwrap();
            let [pssh] = top_level(&init)[1].all(b"pssh")[..] else {
                panic!("{name}: one pssh");
            };
            check_on_demand(object_of_pssh(&init[pssh.start..pssh.end]));
            let segments = (1..=PERIODS).map(|number| read(&format!("{number}.m4s")).unwrap());
            check_track(folder, index, &init, &segments.collect::<Vec<_>>())
        })
        .collect()
}

/// Checks the MPD: one Period, with the ONDEMAND header and the root's KID in each set.
fn check_mpd(folder: &Folder) {
    let text = fs::read_to_string(folder.path("out/manifest.mpd")).unwrap();
    let mpd = Document::parse(&text).unwrap();
    let named = |name: &'static str| {
        let nodes = mpd.descendants();
        nodes.filter(move |node| node.tag_name().name() == name)
    };
    assert_eq!(named("Period").count(), 1);
    assert_eq!(named("AdaptationSet").count(), 2);
    for set in named("AdaptationSet") {
        let all = set.children();
        let all: Vec<_> = all
            .filter(|node| node.tag_name().name() == "ContentProtection")
            .collect();
        let [common, playready] = all.as_slice() else {
            panic!("{} descriptors: {text}", all.len());
        };
        assert_eq!(common.attribute((CENC, "default_KID")), Some(ROOT));
        let bytes = |name| {
            let mut children = playready.children();
            let element = children.find(|child| child.has_tag_name(name)).unwrap();
            STANDARD.decode(element.text().unwrap().trim()).unwrap()
        };
        let object = bytes((MSPR, "pro"));
        check_on_demand(&object);
        assert_eq!(object_of_pssh(&bytes((CENC, "pssh"))), object);
    }
}

/// Checks the playlists: the ONDEMAND header in both tags, each once.
fn check_playlists(folder: &Folder, scheme: &SchemeFacts) {
    let read = |name: &str| fs::read_to_string(folder.path("out").join(name)).unwrap();
    let check_tag = |playlist: &str, tag: &str| {
        let attributes = attributes(playlist, tag);
        let value = |name: &str| {
            let mut found = attributes.iter().filter(|(known, _)| *known == name);
            found
                .next()
                .map(|(_, value)| value.trim_matches('"'))
                .unwrap()
        };
        assert_eq!(value("METHOD"), scheme.method);
        assert_eq!(value("KEYFORMAT"), "com.microsoft.playready");
        let object = value("URI").strip_prefix("data:text/plain;charset=UTF-16;base64,");
        check_on_demand(&STANDARD.decode(object.unwrap()).unwrap());
    };
    check_tag(&read("manifest.m3u8"), "#EXT-X-SESSION-KEY:");
    for Track { name, .. } in &TRACKS {
        let playlist = read(&format!("v1/{name}.m3u8"));
        check_tag(&playlist, "#EXT-X-KEY:");
        assert!(playlist.find("#EXT-X-KEY:") < playlist.find("#EXT-X-MAP:"));
    }
}

/// Checks the client manifest and the fragments of Smooth Streaming.
fn check_smooth(folder: &Folder) -> Vec<Movie> {
    let text = fs::read_to_string(folder.path("out/Manifest")).unwrap();
    let manifest = Document::parse(&text).unwrap();
    let nodes = |name: &'static str| {
        let nodes = manifest.descendants();
        nodes.filter(move |node| node.has_tag_name(name))
    };
    let headers: Vec<_> = nodes("ProtectionHeader").collect();
    let [header] = headers.as_slice() else {
        panic!("{} headers", headers.len());
    };
    check_on_demand(&STANDARD.decode(header.text().unwrap().trim()).unwrap());
    nodes("StreamIndex")
        .zip(&TRACKS)
        .enumerate()
        .map(|(index, (stream, track))| {
            let quality = stream.first_element_child().unwrap();
            let url = stream.attribute("Url").unwrap();
            let url = url.replace("{bitrate}", quality.attribute("Bitrate").unwrap());
            let mut start = 0;
            let fragments = stream.children().filter(|node| node.has_tag_name("c"));
            let fragments: Vec<Vec<u8>> = fragments
                .map(|fragment| {
                    let number = |name| Some(fragment.attribute(name)?.parse::<u64>().unwrap());
                    start = number("t").unwrap_or(start);
                    let file = url.replace("{start time}", &start.to_string());
                    start += number("d").unwrap();
                    fs::read(folder.path("out").join(file)).unwrap()
                })
                .collect();
            assert_eq!(fragments.len(), usize::from(PERIODS));
            for fragment in &fragments {
                let moof = top_level(fragment)[0];
                let boxes = moof.at(&[b"traf"]).children();
                let kinds: Vec<&[u8]> = boxes.iter().map(|found| &found.kind[..]).collect();
                assert_eq!(
                    kinds,
                    [&b"tfhd"[..], b"trun", b"uuid", b"sgpd", b"sbgp", b"uuid"]
                );
            }
            let init = fs::read(folder.path(&format!("out/v1/{}/init.mp4", track.name))).unwrap();
            check_track(folder, index, &init, &fragments)
        })
        .collect()
}

#[test]
fn keys_rotate_in_dash_hls_and_smooth_streaming() {
    let Some(folder) = Folder::new("rotating_cenc") else {
        return;
    };
    let store = format!("sqlite://{}/store/keys.db", folder.path("").display());
    package_from(&folder, &store, Scheme::Cenc, "dash,hls,smooth");
    check_mpd(&folder);
    check_playlists(&folder, &SCHEMES[0]);
    let movies = [check_files(&folder), check_smooth(&folder)];
    no_iv_repeats(&movies.into_iter().flatten().collect::<Vec<_>>());
}

// As `cbcs`, and with the keys of a store in PostgreSQL.
#[test]
fn keys_rotate_in_dash_and_hls_with_cbcs() {
    let Some(server) = PostgresServer::shared("package::rotating_cbcs") else {
        return;
    };
    let Some(folder) = Folder::new("rotating_cbcs") else {
        return;
    };
    package_from(&folder, &server.new_database(), Scheme::Cbcs, "dash,hls");
    check_mpd(&folder);
    check_playlists(&folder, &SCHEMES[1]);
    check_files(&folder);
}
