// SPDX-License-Identifier: MPL-2.0
//! `playready-packager inspect` on real and on damaged files.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails there"
)]

mod film;
mod systems;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use film::{Film, KID};
use serde_json::Value;
use test_support::tools::vectors_for;

fn inspect(arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_playready-packager"))
        .arg("inspect")
        .args(arguments)
        .args(files)
        .output()
        .unwrap()
}

/// Returns the report of the files as one stream.
fn report(files: &[PathBuf]) -> (i32, Value) {
    let output = inspect(&["--json", "--as-one"], files);
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), reports[0].clone())
}

fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The codes of the findings, and the exit code.
fn codes(name: &str, film: &Film) -> (Vec<String>, i32) {
    let (code, report) = report(&[written(name, &film.to_bytes())]);
    let findings = report["findings"].as_array().unwrap();
    let codes = findings.iter().map(|finding| text(&finding["code"]));
    (codes.collect(), code)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn entries(folder: &Path, classes: &[&str]) -> Vec<Value> {
    let manifest = fs::read(folder.join("MANIFEST.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let entries = manifest["entries"].as_array().unwrap().iter();
    let wanted = entries.filter(|entry| classes.contains(&text(&entry["class"]).as_str()));
    wanted.cloned().collect()
}

fn files_of(folder: &Path, entry: &Value) -> Vec<PathBuf> {
    let files = entry["files"].as_array().unwrap().iter();
    let files = files.filter(|file| file["role"].is_null());
    files.map(|file| folder.join(text(&file["file"]))).collect()
}

#[test]
fn vectors_show_the_facts_of_their_manifest() {
    let Some(folder) = vectors_for("vectors_show_the_facts_of_their_manifest") else {
        return;
    };
    let mut checked = 0;
    for entry in entries(&folder, &["pair", "encrypted", "structure"]) {
        let id = text(&entry["id"]);
        let files = files_of(&folder, &entry);
        let (_, report) = report(&files);
        let facts = &entry["facts"];
        assert_eq!(report["fragments"], facts["fragments"], "{id}");
        check_pssh(&id, &report, facts);
        for facts in facts["tracks"].as_array().unwrap() {
            let tracks = report["tracks"].as_array().unwrap();
            let track = tracks
                .iter()
                .find(|track| track["track_id"] == facts["track"]);
            check_track(&id, track.unwrap(), facts);
            checked += 1;
        }
    }
    assert!(checked >= 40, "{checked} tracks");
}

fn check_track(id: &str, track: &Value, facts: &Value) {
    let entries = track["sample_entries"].as_array().unwrap();
    let formats = entries.iter().map(|entry| match &entry["original_format"] {
        Value::String(original) => format!("{}/{original}", text(&entry["format"])),
        _ => text(&entry["format"]),
    });
    let stated = facts["sample_entries"].as_array().unwrap().iter().map(text);
    assert!(formats.eq(stated), "{id}: {entries:?}");
    for (ours, theirs) in [
        ("samples", "samples"),
        ("subsampled_samples", "subsampled"),
        ("max_subsamples", "max_subsamples"),
    ] {
        if !facts[theirs].is_null() {
            assert_eq!(track[ours], facts[theirs], "{id}: {ours}");
        }
    }
    let Some(kid) = facts["default_kid"].as_str() else {
        return;
    };
    assert_eq!(
        track["signaled_samples"], facts["protected_samples"],
        "{id}"
    );
    let entry = entries
        .iter()
        .find(|entry| !entry["tenc"].is_null())
        .unwrap();
    let tenc = &entry["tenc"];
    assert_eq!(entry["scheme"], facts["scheme"], "{id}");
    assert_eq!(text(&tenc["kid"]).replace('-', ""), kid, "{id}");
    for name in ["iv_size", "constant_iv", "pattern"] {
        assert_eq!(tenc[name], facts[name], "{id}: {name}");
    }
    assert_eq!(tenc["is_protected"], facts["default_is_protected"], "{id}");
    let seig = track["seig"].as_array().unwrap();
    assert_eq!(!seig.is_empty(), facts["seig"].as_bool().unwrap(), "{id}");
    // Where the manifest names no KID for a track, it lists the nil KID.
    let nil = Value::from("0".repeat(32));
    let used = track["key_ids_used"].as_array().unwrap().iter();
    let used = used.map(|kid| Value::from(text(kid).replace('-', "")));
    let stated = facts["key_ids_used"].as_array().unwrap().iter();
    assert!(used.eq(stated.filter(|kid| **kid != nil).cloned()), "{id}");
}

/// Compares the `pssh` boxes with the manifest, which lists equal boxes each time they occur.
fn check_pssh(id: &str, report: &Value, facts: &Value) {
    let key = |place: &Value, system: &Value, size: &Value| {
        (text(place), text(system).replace('-', ""), size.clone())
    };
    let mut stated: Vec<_> = facts["pssh"].as_array().into_iter().flatten().collect();
    for pssh in report["pssh"].as_array().unwrap() {
        let kids = pssh["kids"].as_array().unwrap().iter();
        let kids: Vec<_> = kids.map(|kid| text(kid).replace('-', "")).collect();
        let known = stated.len();
        stated.retain(|fact| {
            key(&fact["where"], &fact["system_id"], &fact["data_len"])
                != key(&pssh["place"], &pssh["system_id"], &pssh["data_size"])
                || fact["version"] != pssh["version"]
                || fact["kids"] != Value::from(kids.clone())
        });
        assert!(stated.len() <= known, "{id}");
    }
    assert!(stated.is_empty(), "{id}: {stated:?}");
}

// The files of Shaka Packager, Bento4 and other packagers are right, except for four with known faults.
#[test]
fn other_packagers_files_have_only_known_faults() {
    let Some(folder) = vectors_for("other_packagers_files_have_only_known_faults") else {
        return;
    };
    for entry in entries(&folder, &["pair", "encrypted", "structure", "clear"]) {
        let id = text(&entry["id"]);
        let (code, report) = report(&files_of(&folder, &entry));
        let findings = report["findings"].as_array().unwrap().iter();
        let errors = findings.filter(|finding| finding["severity"] == "error");
        let errors: Vec<_> = errors.map(|finding| text(&finding["code"])).collect();
        let known: &[&str] = match id.as_str() {
            "o-cbcs-avc" | "o-cbcs-aac" => &["kid-nil"],
            "o-piff-uuid-audio" | "o-piff-uuid-video" | "o-init-cenc-avc3" => &["header"],
            "o-clear-with-enc-boxes" => &["senc-clear"],
            _ => &[],
        };
        assert_eq!(errors, known, "{id}");
        assert_eq!(code, i32::from(!known.is_empty()), "{id}");
    }
}

#[test]
fn hostile_files_end_in_an_exit_code() {
    let Some(folder) = vectors_for("hostile_files_end_in_an_exit_code") else {
        return;
    };
    let profiles = ["--profile", "playready-3,playready-4,cmaf,dash-if,hbbtv"];
    for entry in entries(&folder, &["hostile"]) {
        for file in files_of(&folder, &entry) {
            let output = inspect(&profiles, std::slice::from_ref(&file));
            assert!(matches!(output.status.code(), Some(0 | 1)), "{file:?}");
            let bytes = fs::read(&file).unwrap();
            let cut = written("cut.mp4", bytes.get(..bytes.len() * 2 / 3).unwrap());
            assert!(
                matches!(inspect(&profiles, &[cut]).status.code(), Some(0 | 1)),
                "{file:?}"
            );
        }
    }
}

#[test]
fn sound_file_has_no_findings() {
    assert_eq!(codes("sound.mp4", &Film::default()), (vec![], 0));
}

#[test]
fn text_shows_key_ids_and_the_playready_header() {
    let file = written("text.mp4", &Film::default().to_bytes());
    let output = inspect(&[], &[file]);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "Track 1, video, 2 samples, all protected",
        "format       encv (was avc1), 640x360",
        "scheme       cenc (AES-CTR), version 1.0",
        "KID          f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "IV           8 bytes per sample",
        "protected    2 of 2 samples (100.0 %), 32 of 48 bytes (66.6 %)",
        "WRMHEADER    version 4.0",
        "rk8d+Ox90BGnZQCgyR5r9g== in PlayReady order",
        "LA_URL       https://example.com/rm.asmx",
        "No findings",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

/// A finding and the damage that causes it.
type Fault = (&'static str, fn(&mut Film));

#[test]
fn each_fault_is_named() {
    let faults: [Fault; 19] = [
        ("senc-count", |film| film.senc[7] = 1),
        ("senc-entries", |film| film.senc[21] = 9),
        ("senc-missing", |film| film.senc.clear()),
        ("iv-size", |film| film.tenc[7] = 16),
        ("saiz", |film| film.saiz_size = 15),
        ("saio", |film| film.saio_shift = 1),
        ("kid-nil", |film| film.tenc[8..24].fill(0)),
        ("kid-order", |film| film.swap_header_kid()),
        ("kid-missing", |film| film.tenc[8] ^= 1),
        ("pattern", |film| (film.tenc[0], film.tenc[5]) = (1, 0x19)),
        ("sinf", |film| film.has_sinf = false),
        ("constant-iv", |film| {
            (film.scheme, film.tenc[7]) = (*b"cbcs", 0);
        }),
        ("object", |film| film.object_padding = 15 * 1024),
        ("header", |film| film.la_url = " x".to_owned()),
        ("widevine", |film| {
            film.other_pssh = systems::widevine(&[7; 15]);
        }),
        ("kid-missing", |film| {
            film.other_pssh = systems::widevine(&[7; 16]);
        }),
        ("pssh-left-over", |film| {
            film.first_pssh = systems::widevine(&[7; 16]);
            film.other_pssh = systems::widevine(&KID);
        }),
        ("unprotected", |film| {
            film.clear_sample(0);
            film.clear_sample(1);
        }),
        ("unprotected", |film| film.clear_sample(1)),
    ];
    for (expected, make) in faults {
        let mut film = Film::default();
        make(&mut film);
        let (codes, _) = codes("fault.mp4", &film);
        assert!(
            codes.iter().any(|code| code == expected),
            "{expected}: {codes:?}"
        );
    }
}

// The subsample maps count, not the signaling.
#[test]
fn protected_bytes_and_samples_are_counted() {
    type Case = (&'static [usize], [u64; 3], &'static str, i32);
    let cases: [Case; 3] = [
        (&[], [2, 32, 0], "", 0),
        (&[1], [1, 16, 1], "warning", 0),
        (&[0, 1], [0, 0, 2], "error", 1),
    ];
    for (clear, [samples, bytes, bare], severity, code) in cases {
        let mut film = Film::default();
        clear.iter().for_each(|sample| film.clear_sample(*sample));
        let (found, report) = report(&[written("counted.mp4", &film.to_bytes())]);
        let track = &report["tracks"][0];
        assert_eq!(
            [&track["protected_samples"], &track["protected_bytes"]],
            [&Value::from(samples), &Value::from(bytes)]
        );
        assert_eq!(track["encrypted_bytes"], bytes);
        assert_eq!(track["bare_samples"], bare);
        assert_eq!([&track["signaled_samples"], &track["bytes"]], [2, 48]);
        assert_eq!(text(&report["findings"][0]["severity"]), severity);
        assert_eq!(found, code);
    }
}

#[test]
fn bytes_after_the_last_box_are_a_warning() {
    for trailer in [
        &[0; 4][..],
        &[0; 64],
        b"\0\0\x01\x0bSEFH\x6b\0\0\0SEFT",
        b"\0\0\0\x05xy",
    ] {
        let bytes = [Film::default().to_bytes(), trailer.to_vec()].concat();
        let (code, report) = report(&[written("trailer.mp4", &bytes)]);
        let findings = report["findings"].as_array().unwrap();
        assert_eq!((code, findings.len()), (0, 1), "{trailer:?}");
        assert_eq!(text(&findings[0]["code"]), "trailer");
        assert_eq!(text(&findings[0]["severity"]), "warning");
    }
    let bytes = Film::default().to_bytes();
    let cut = written("cut-mdat.mp4", bytes.get(..bytes.len() - 5).unwrap());
    assert_eq!(text(&report(&[cut]).1["findings"][0]["code"]), "truncated");
}

// Field cases that our readers once failed on, protected by other tools and by `protect`.
#[test]
fn field_cases_are_read_after_they_are_protected() {
    let test = "field_cases_are_read_after_they_are_protected";
    let cases = test_support::tools::project().join("../shared/field-cases");
    if !cases.is_dir() {
        return test_support::tools::skip(test, "no ../shared");
    }
    let keys = written("field.keys", &fs::read(cases.join("all.keys")).unwrap());
    fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for (name, shared) in [
        ("base-av.mp4", true),
        ("base-video.mp4", false),
        ("base-progressive.mp4", true),
        ("10-audio-entry-version-1.mp4", false),
    ] {
        let output = written(&format!("field-{name}"), b"");
        let protected = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
            .arg("protect")
            .args([&cases.join(name), &output])
            .args(["--key-uri", &format!("file://{}", keys.display())])
            .status()
            .unwrap();
        assert!(protected.success());
        test_support::iv_ledger::record(&output);
        let (code, report) = report(&[output]);
        assert_eq!(code, 0, "{name}: {report}");
        let codes: Vec<_> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| text(&finding["code"]))
            .collect();
        assert_eq!(
            codes.contains(&"kid-shared".to_owned()),
            shared,
            "{name}: {codes:?}"
        );
        for track in report["tracks"].as_array().unwrap() {
            assert_eq!(track["protected_samples"], track["samples"], "{name}");
        }
    }
}

#[test]
fn fragment_alone_is_checked_as_far_as_it_goes() {
    let bytes = Film::default().to_bytes();
    let moof = bytes.windows(4).position(|four| four == b"moof").unwrap() - 4;
    let (init, segment) = bytes.split_at(moof);
    let files = [written("init.mp4", init), written("1.m4s", segment)];
    let (code, alone) = report(&files[1..]);
    assert_eq!(
        (code, text(&alone["container"])),
        (0, "media-segment".to_owned())
    );
    assert_eq!(alone["tracks"][0]["subsampled_samples"], 2);
    let (code, both) = report(&files);
    assert_eq!((code, both["findings"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn media_data_of_any_size_is_passed_over() {
    let mut bytes = Film::default().to_bytes();
    bytes.extend(b"\0\0\0\x01mdat\0\0\0\x08\0\0\0\0");
    let path = written("large.mp4", &bytes);
    let file = File::options().write(true).open(&path).unwrap();
    let len = bytes.len() as u64;
    file.set_len(len - 16 + (8 << 32)).unwrap();
    let (code, report) = report(std::slice::from_ref(&path));
    fs::remove_file(&path).unwrap();
    assert_eq!((code, &report["fragments"]), (0, &Value::from(1)));
}

#[test]
fn box_that_states_gigabytes_is_not_read() {
    let path = written("moov.mp4", b"\0\0\0\x01moov\0\0\0\x08\0\0\0\0");
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(8 << 32).unwrap();
    let (code, report) = report(std::slice::from_ref(&path));
    fs::remove_file(&path).unwrap();
    assert_eq!(code, 1);
    assert_eq!(report["findings"][0]["code"], "too-large");
}

#[test]
fn absent_file_and_wrong_usage_have_their_own_exit_code() {
    let absent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("absent.mp4");
    assert_eq!(inspect(&[], &[absent]).status.code(), Some(2));
    assert_eq!(inspect(&["--xml"], &[]).status.code(), Some(2));
    assert_eq!(inspect(&["--help"], &[]).status.code(), Some(0));
}
