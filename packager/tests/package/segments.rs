// SPDX-License-Identifier: MPL-2.0
//! Each segment with its init segment, and nothing else, in every decryptor at hand; and each form of key change.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decryptors::Decryptor::{Clearkeydec, Ffmpeg5, Ffmpeg8, Mp4decrypt, Shaka};
use crate::decryptors::{Decryptor, Pair, alone, clear_samples};
use crate::folder::{AUDIO_KEY, Folder, VIDEO_KEY};

const CODECS: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -c:a aac -pix_fmt yuv420p";
const SCHEMES: [&str; 2] = ["cenc", "cbcs"];

#[test]
fn each_segment_is_decrypted_alone() {
    let Some(folder) = Folder::new("alone") else {
        return;
    };
    folder.film("film.mp4", "160x90", 4, CODECS);
    let decryptors = Decryptor::installed("each_segment_is_decrypted_alone");
    let tracks: [(&str, &[u8; 4], &str, &str); 2] = [
        (
            "video-90p",
            b"vide",
            "b0b1b2b3b4b5464798494a4b4c4d4e4f",
            VIDEO_KEY,
        ),
        (
            "audio",
            b"soun",
            "c0c1c2c3c4c5464798494a4b4c4d4e4f",
            AUDIO_KEY,
        ),
    ];
    for scheme in SCHEMES {
        folder.package(&format!(
            "film.mp4 --output {scheme} --segment-duration 2s --scheme {scheme}"
        ));
        for (track, handler, kid, key) in tracks {
            let clear = clear_samples(&folder.path("film.mp4"), handler);
            let keys = [[kid.to_owned(), key.to_owned()]];
            let version = format!("{scheme}/v1");
            let files = ["1.m4s", "2.m4s"]
                .map(|segment| alone(&folder, &version, track, ["init.mp4", segment]));
            for decryptor in &decryptors {
                let found = files
                    .each_ref()
                    .map(|file| decryptor.samples(&folder, file, &keys));
                assert!(found.iter().all(|segment| !segment.is_empty()));
                assert!(found.concat() == clear, "{decryptor:?} {scheme} {track}");
            }
        }
    }
}

/// What a decryptor makes of a segment.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Clear,
    /// The samples are there, but not those of the film: it took the first key.
    Garbage,
    /// It has no key for the KID in `tenc`.
    Refused,
}

use Outcome::{Clear, Garbage, Refused};

/// What becomes of the segments of two crypto periods, as docs/elements.md says under "Key changes".
const fn expected(form: &str, decryptor: Decryptor) -> [Outcome; 2] {
    match (form.as_bytes(), decryptor) {
        (b"init", _) | (_, Clearkeydec) => [Clear, Clear],
        // The KID in `tenc` is that of the root key, of which no decryptor has the key, but FFmpeg 5.1 asks for no KID.
        (b"embedded", Ffmpeg8 | Shaka) => [Refused, Refused],
        (b"embedded", Mp4decrypt) => [Garbage, Garbage],
        (_, Ffmpeg5 | Ffmpeg8 | Shaka | Mp4decrypt) => [Clear, Garbage],
    }
}

#[test]
fn decryptors_follow_the_forms_of_key_changes_that_the_documentation_names() {
    let Some(folder) = Folder::new("forms") else {
        return;
    };
    folder.film("film.mp4", "160x90", 4, CODECS);
    let pairs = [0, 1].map(|period| pair(0xb0, period));
    folder.write_keys(&key_file());
    folder.write_secret("leaves.cpix", &leaves());
    let clear = clear_samples(&folder.path("film.mp4"), b"vide");
    let decryptors = Decryptor::installed("decryptors_follow_the_forms_of_key_changes");
    for scheme in SCHEMES {
        for (form, keys) in [
            ("in-band", "film.keys"),
            ("init", "film.keys"),
            ("embedded", "leaves.cpix"),
        ] {
            let output = format!("{form}-{scheme}");
            folder.package_under(
                keys,
                &format!(
                    "film.mp4 --output {output} --segment-duration 2s --crypto-period 2s --key-change {form} --scheme {scheme}"
                ),
            );
            let version = format!("{output}/v1");
            let second = if form == "init" {
                "init-2.mp4"
            } else {
                "init.mp4"
            };
            let files = [["init.mp4", "1.m4s"], [second, "2.m4s"]]
                .map(|names| alone(&folder, &version, "video-90p", names));
            for decryptor in &decryptors {
                let found = [0, 1].map(|period: usize| {
                    let mut keys = pairs.clone();
                    // The first key is that of the KID in `tenc`.
                    keys.rotate_left(if form == "init" { period } else { 0 });
                    outcome(
                        *decryptor,
                        &folder,
                        &files[period],
                        &keys,
                        &clear[50 * period..],
                    )
                });
                assert_eq!(
                    found,
                    expected(form, *decryptor),
                    "{decryptor:?} {form} {scheme}"
                );
            }
        }
    }
}

/// Decrypts a segment of 50 pictures.
fn outcome(
    decryptor: Decryptor,
    folder: &Folder,
    file: &Path,
    keys: &[Pair],
    clear: &[String],
) -> Outcome {
    let found = decryptor.samples(folder, file, keys);
    match found.len() {
        0 => Refused,
        _ if found == clear[..50] => Clear,
        50 => Garbage,
        other => panic!("{decryptor:?} {}: {other} samples", file.display()),
    }
}

/// The KID and key of a track in a crypto period.
fn pair(track: u8, period: u8) -> Pair {
    [0x20, 0x60].map(|mark| format!("{track:02x}{period:02x}{mark:02x}").repeat(5) + "aa")
}

fn key_file() -> String {
    let lines = [0, 1].into_iter().flat_map(|period| {
        [("video", 0xb0), ("audio", 0xc0)].map(|(selector, track)| {
            let [kid, key] = pair(track, period);
            format!("{selector}@{period} {kid} {key}\n")
        })
    });
    lines.collect()
}

/// A CPIX document (DASH-IF CPIX 2.4) with the same keys, each under a root key and with a `pssh` of PlayReady that holds an embedded
/// licence store (PlayReady Object, record type 3).
fn leaves() -> String {
    let [mut keys, mut systems, mut periods, mut rules] = [const { String::new() }; 4];
    for (filter, track, root) in [("Video", 0xb0, "ab"), ("Audio", 0xc0, "ac")] {
        let root = uuid(&root.repeat(16));
        keys += &content_key(&root, &"11".repeat(16), "");
        for period in [0, 1] {
            let [kid, key] = pair(track, period);
            let kid = uuid(&kid);
            keys += &content_key(&kid, &key, &format!("dependsOnKey='{root}'"));
            systems += &format!(
                "<DRMSystem kid='{kid}' systemId='9a04f079-9840-4286-ab92-e65be0885f95'><PSSH>{}</PSSH></DRMSystem>",
                STANDARD.encode(licence_store(&[7; 64]))
            );
            rules += &format!(
                "<ContentKeyUsageRule kid='{kid}'><KeyPeriodFilter periodId='p{period}'/><{filter}Filter/></ContentKeyUsageRule>"
            );
        }
    }
    for period in [0, 1] {
        periods += &format!("<ContentKeyPeriod id='p{period}' index='{period}'/>");
    }
    format!(
        "<CPIX xmlns='urn:dashif:org:cpix' xmlns:pskc='urn:ietf:params:xml:ns:keyprov:pskc' contentId='film' version='2.3'>\
         <ContentKeyList>{keys}</ContentKeyList><DRMSystemList>{systems}</DRMSystemList>\
         <ContentKeyPeriodList>{periods}</ContentKeyPeriodList>\
         <ContentKeyUsageRuleList>{rules}</ContentKeyUsageRuleList></CPIX>"
    )
}

fn content_key(kid: &str, key: &str, attributes: &str) -> String {
    let key = STANDARD.encode(test_support::decrypt::unhex(key));
    format!(
        "<ContentKey kid='{kid}' {attributes}><Data><pskc:Secret><pskc:PlainValue>{key}</pskc:PlainValue></pskc:Secret></Data></ContentKey>"
    )
}

/// A `pssh` box of version 0 with a PlayReady Object of one record.
fn licence_store(store: &[u8]) -> Vec<u8> {
    let len = u16::try_from(store.len()).unwrap();
    let object = [
        &(u32::from(len) + 10).to_le_bytes()[..],
        &[1, 0, 3, 0],
        &len.to_le_bytes(),
        store,
    ]
    .concat();
    let size = u32::try_from(object.len()).unwrap();
    let system: u128 = 0x9a04_f079_9840_4286_ab92_e65b_e088_5f95;
    [
        &(size + 32).to_be_bytes()[..],
        b"pssh\0\0\0\0",
        &system.to_be_bytes(),
        &size.to_be_bytes(),
        &object,
    ]
    .concat()
}

fn uuid(hex: &str) -> String {
    let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

// One init segment cannot have the keys of several crypto periods in `tenc`.
#[test]
fn protect_refuses_segments_with_a_key_in_each_init_segment() {
    let Some(folder) = Folder::new("protect_init") else {
        return;
    };
    folder.write_keys(&key_file());
    folder.film(
        "film.mp4",
        "160x90",
        4,
        "-c:v libx264 -preset ultrafast -g 50 -an -map 0:v -f dash -seg_duration 2 -init_seg_name init.mp4 -media_seg_name $Number$.m4s",
    );
    let options = "--init init.mp4 --init-out out/init.mp4 1.m4s 2.m4s out --crypto-period 2s";
    for form in [
        "--key-change init",
        "--clear-lead 2s --clear-signaling init",
    ] {
        let (code, message) = folder.refused(&format!("protect {options} {form}"));
        assert_eq!(code, 2, "{form}: {message}");
        assert!(
            message.contains("protect writes one init segment") && message.contains("use package"),
            "{message}"
        );
        assert!(!folder.path("out").exists(), "{form}");
    }
    let run = folder.run(&format!("protect {options} --key-change in-band"));
    assert!(run.status.success(), "{run:?}");
    assert_eq!(folder.names("out"), ["1.m4s", "2.m4s", "init.mp4"]);
}
