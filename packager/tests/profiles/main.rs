// SPDX-License-Identifier: MPL-2.0
//! `playready-packager inspect --profile` on files that clients of a kind do not take, and on right ones.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails there"
)]

mod edits;
mod made_wrong;
mod material;
mod other_tools;
mod wrong_boxes;
mod wrong_headers;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use material::{Material, PROGRAM, Parts};
use serde_json::Value;
use test_support::iv_ledger;

/// All profiles.
const PROFILES: [&str; 5] = ["playready-3", "playready-4", "cmaf", "dash-if", "hbbtv"];

/// The codes of all findings that a profile leads to, in alphabetical order.
type Expected = (&'static str, &'static [&'static str]);

fn inspect(arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(PROGRAM)
        .arg("inspect")
        .args(arguments)
        .args(files)
        .output()
        .unwrap()
}

/// Returns the reports of the files, each a stream of its own, or one of all with `--as-one`.
fn reports(profile: &str, as_one: bool, files: &[PathBuf]) -> Vec<Value> {
    let mut arguments = vec!["--json", "--profile", profile];
    if as_one {
        arguments.push("--as-one");
    }
    let output = inspect(&arguments, files);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the codes of the findings of all reports in alphabetical order, without the notes that every inspection has.
fn codes(reports: &[Value]) -> Vec<String> {
    let mut codes: Vec<String> = reports
        .iter()
        .flat_map(|report| report["findings"].as_array().unwrap())
        .filter(|finding| finding["severity"] != "note" || !finding["remedy"].is_null())
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes
}

/// Returns where the findings of the files as one stream are others than expected.
fn differences(name: &str, files: &[PathBuf], expected: &[Expected]) -> Vec<String> {
    expected
        .iter()
        .map(|(profile, expected)| (profile, expected, codes(&reports(profile, true, files))))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(profile, expected, found)| {
            format!("{name}, {profile}: {found:?} instead of {expected:?}")
        })
        .collect()
}

/// Fails with all differences.
fn check_all(differences: impl IntoIterator<Item = Vec<String>>) {
    let differences: Vec<String> = differences.into_iter().flatten().collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A change of the boxes of a track.
struct WrongTrack {
    name: &'static str,
    /// The presentation and its track, such as `cenc/video`.
    track: &'static str,
    edit: fn(&mut Parts),
    expected: &'static [Expected],
}

impl WrongTrack {
    fn differences(&self, material: &Material) -> Vec<String> {
        let (presentation, kind) = self.track.split_once('/').unwrap();
        let mut found = Vec::new();
        for (profile, codes) in self.expected {
            let mut parts = right_track(material, presentation, kind, profile);
            (self.edit)(&mut parts);
            let files = material.files_of(self.name, &parts);
            found.extend(differences(self.name, &files, &[(profile, codes)]));
        }
        found
    }
}

/// Returns a track that is right for a profile: where `pssh` belongs into the manifest, the init segment has none.
fn right_track(material: &Material, presentation: &str, kind: &str, profile: &str) -> Parts {
    let (keys, options) = match presentation {
        "cenc" => ("two.keys", "--scheme cenc"),
        "cbcs" => ("cbc.keys", "--scheme cbcs"),
        "periods" => (
            "periods.keys",
            "--segment-duration 2s --crypto-period 4s --key-change in-band",
        ),
        "clear-lead" => ("two.keys", "--segment-duration 2s --clear-lead 4s"),
        other => panic!("no presentation {other}"),
    };
    let mut parts = material.track(&material.packaged(presentation, keys, options), kind);
    if matches!(profile, "cmaf" | "dash-if") {
        let moov = edits::at(&mut parts.init, "moov");
        moov.children.retain(|child| child.kind != *b"pssh");
    }
    parts
}

#[test]
fn right_files_have_no_findings() {
    iv_ledger::except("changed copies of one file");
    let Some(material) = Material::new("right_files_have_no_findings") else {
        return;
    };
    let right = [
        ("playready-3", "cenc"),
        ("playready-4", "cenc"),
        ("playready-4", "cbcs"),
        ("cmaf", "cenc"),
        ("cmaf", "cbcs"),
        ("dash-if", "cenc"),
        ("dash-if", "cbcs"),
        ("hbbtv", "cenc"),
    ];
    check_all(right.into_iter().flat_map(|(profile, presentation)| {
        ["video", "audio"].map(|kind| {
            let parts = right_track(&material, presentation, kind, profile);
            let name = format!("{presentation}-{kind}");
            differences(&name, &material.files_of(&name, &parts), &[(profile, &[])])
        })
    }));
}

#[test]
fn changed_boxes_are_found() {
    iv_ledger::except("changed copies of one file");
    let Some(material) = Material::new("changed_boxes_are_found") else {
        return;
    };
    let tracks = wrong_boxes::TRACKS.iter().chain(&wrong_headers::TRACKS);
    check_all(tracks.map(|wrong| wrong.differences(&material)));
}

#[test]
fn files_made_for_other_clients_are_found() {
    iv_ledger::except("changed copies of one file");
    let Some(material) = Material::new("files_made_for_other_clients_are_found") else {
        return;
    };
    check_all(
        made_wrong::FILES
            .iter()
            .map(|wrong| differences(wrong.name, &wrong.make(&material), wrong.expected)),
    );
}

#[test]
fn keys_are_compared_across_files() {
    iv_ledger::except("changed copies of one file");
    let Some(material) = Material::new("keys_are_compared_across_files") else {
        return;
    };
    made_wrong::check_shared_keys(&material);
    made_wrong::check_keys_of_two_schemes(&material);
}

#[test]
fn files_of_other_packagers_are_found() {
    let Some(material) = Material::new("files_of_other_packagers_are_found") else {
        return;
    };
    check_all(
        other_tools::VECTORS
            .iter()
            .map(|(name, expected)| differences(name, &[material.vector(name)], expected)),
    );
}

// Cause, remedy and source, in text and JSON; errors decide the exit code.
#[test]
fn findings_say_cause_remedy_and_source() {
    let Some(material) = Material::new("findings_say_cause_remedy_and_source") else {
        return;
    };
    let files = material.files_of(
        "text",
        &material.track(
            &material.packaged("cbcs", "cbc.keys", "--scheme cbcs"),
            "video",
        ),
    );
    let output = inspect(&["--as-one", "--profile", "playready-3,hbbtv"], &files);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "ERROR track 2, stsd, entry 1 (encv): the scheme is cbcs, which encrypts by AES-CBC  (scheme-cbcs)",
        "profile      playready-3",
        "remedy       protect the clear file with --scheme cenc",
        "source       Microsoft, PlayReady Content Encryption Modes",
        "warning track 2, stsd, entry 1 (encv)",
        "profile      hbbtv",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let reports = reports("hbbtv", true, &files);
    let finding = &reports[0]["findings"][0];
    assert_eq!(finding["profiles"], serde_json::json!(["hbbtv"]));
    assert_eq!(reports[0]["profiles"], serde_json::json!(["hbbtv"]));
    for name in ["remedy", "source"] {
        assert!(!finding[name].as_str().unwrap().is_empty(), "{name}");
    }
    let warned = inspect(&["--as-one", "--profile", "hbbtv"], &files);
    assert_eq!(warned.status.code(), Some(0));
    let film = "o-avaac-prog/prog_8s.mp4";
    let film = material.protected("right", film, "two.keys", "--fragment 2s");
    let right = inspect(&["--profile", "playready-4"], &[film]);
    let text = String::from_utf8(right.stdout).unwrap();
    assert!(text.contains("No findings for playready-4"), "{text}");
    assert_eq!(
        inspect(&["--profile", "playready-2"], &files).status.code(),
        Some(2)
    );
}

// Without a profile, nothing is compared with one.
#[test]
fn without_a_profile_nothing_changes() {
    let Some(material) = Material::new("without_a_profile_nothing_changes") else {
        return;
    };
    let film = material.protected(
        "plain",
        "o-avaac-prog/prog_8s.mp4",
        "one.keys",
        "--fragment 2s --flavor piff",
    );
    let output = inspect(&["--json"], &[film]);
    let reports: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let findings = reports[0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["code"], "kid-shared");
    assert_eq!(findings[0]["severity"], "note");
    assert!(findings[0]["remedy"].is_null() && reports[0]["profiles"].is_null());
}

// No profile is without a rule that a wrong file here breaks.
#[test]
fn every_profile_has_wrong_files() {
    let tracks = wrong_boxes::TRACKS.iter().chain(&wrong_headers::TRACKS);
    let expected = tracks.map(|wrong| wrong.expected);
    let expected = expected
        .chain(made_wrong::FILES.iter().map(|wrong| wrong.expected))
        .flatten();
    let profiles: BTreeSet<_> = expected.map(|(profile, _)| *profile).collect();
    assert_eq!(profiles, BTreeSet::from(PROFILES));
    let files = wrong_boxes::TRACKS.len() + wrong_headers::TRACKS.len() + made_wrong::FILES.len();
    assert!(files >= 40, "{files}");
}
