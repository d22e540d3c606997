// SPDX-License-Identifier: MPL-2.0
//! CPIX documents: reads those of ../shared/oracles/cpix_oracle.py, and checks our own by its schemas and by PyPI's cpix.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cenc_types::{ContentKey as Key, KeyId, Scheme};
use cpix::{
    AudioFilter, ContentKey, ContentProtection, Document, DrmSystem, HlsSignaling, Period,
    Playlist, UsageRule, Version, VideoFilter,
};
use playready_header::SYSTEM_ID;
use serde_json::Value;

use test_support::launch::Run;
use test_support::scratch::Scratch;
use test_support::tools;

mod recipients;

const VERSIONS: [(Version, &str); 2] = [(Version::V2_3, "2.3"), (Version::V2_4, "2.4")];

/// The output of the oracle's demonstration: clear, encrypted and signed documents, requests, a certificate and its key.
fn samples() -> Option<&'static Scratch> {
    static SAMPLES: OnceLock<Option<Scratch>> = OnceLock::new();
    let made = SAMPLES.get_or_init(|| {
        let folder = Scratch::new("cpix-samples");
        oracle(&["demo", folder.path().to_str()?]).map(|_| folder)
    });
    made.as_ref()
}

/// The standard output of the oracle. None if it or its libraries are missing.
fn oracle(arguments: &[&str]) -> Option<String> {
    let script = tools::cpix_oracle()?;
    let mut python = Command::new(tools::python());
    let run = Run::of(python.arg(script).args(arguments));
    Some(run.succeeded().stdout)
}

/// The keys that the oracle finds in a document, by their KIDs.
fn keys_by_oracle(document: &Path, private: Option<&Path>) -> Value {
    let paths = [Some(document), private].map(|path| path.map(|path| path.to_str().unwrap()));
    let arguments: Vec<_> = Some("decrypt")
        .into_iter()
        .chain(paths.into_iter().flatten())
        .collect();
    serde_json::from_str(&oracle(&arguments).unwrap()).unwrap()
}

/// The keys of one of our documents in the same form.
fn keys_of(document: &Document) -> Value {
    let keys = document.content_keys.iter().map(|key| {
        let bytes = key.key().ok().map(|bytes| {
            let digits = bytes.as_bytes().iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>()
        });
        (key.kid.to_string(), Value::from(bytes))
    });
    Value::Object(keys.collect())
}

fn validate(folder: &Scratch, xml: &str, version: &str) -> PathBuf {
    let path = folder.write(&format!("ours-{version}.xml"), xml);
    oracle(&["validate", path.to_str().unwrap(), version]).unwrap();
    path
}

fn read(path: &Path) -> Document {
    let read = Document::from_bytes(&std::fs::read(path).unwrap());
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents(folder: &Scratch) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "xml"))
        .collect();
    paths.sort();
    paths
}

fn kid(last: u8) -> KeyId {
    KeyId::from_bytes(
        [[0x10].as_slice(), &[0; 14], &[last]]
            .concat()
            .try_into()
            .unwrap(),
    )
}

/// A document with a key for video and one for audio, and with everything that version 2.3 can contain.
fn film() -> Document {
    let key = |last: u8| {
        let key = Key::parse(&format!("{last:02x}").repeat(16)).unwrap();
        ContentKey::new(kid(last), key, Scheme::Cbcs)
    };
    let mut video = UsageRule::new(kid(1));
    video.intended_track_type = Some("VIDEO".into());
    video.periods = vec!["p1".into()];
    video.video = vec![VideoFilter {
        max_pixels: Some(2_073_600),
        ..VideoFilter::default()
    }];
    let mut audio = UsageRule::new(kid(2));
    audio.audio = vec![AudioFilter::default()];
    let mut document = Document {
        content_id: Some("film & more".into()),
        content_keys: vec![key(1), key(2)],
        drm_systems: vec![signaling(kid(1)), signaling(kid(2))],
        periods: vec![Period::with_index("p1", 1)],
        usage_rules: vec![video, audio],
        ..Document::default()
    };
    document.content_keys[0].explicit_iv = Some([9; 16]);
    document
}

fn signaling(kid: KeyId) -> DrmSystem {
    let lines = |playlist, lines: &str| HlsSignaling {
        playlist: Some(playlist),
        lines: lines.into(),
        allowed_cpc: None,
    };
    let mut system = DrmSystem::new(SYSTEM_ID, kid);
    system.pssh = Some(b"a box".to_vec());
    let xml = "<x/>".into();
    system.content_protection = Some(ContentProtection {
        xml,
        robustness: None,
    });
    system.hls = vec![
        lines(Playlist::Media, "#A"),
        lines(Playlist::MultiVariant, "#B"),
    ];
    system.smooth = Some("UFJP".into());
    system
}

#[test]
fn samples_of_the_oracle_are_read() {
    let Some(folder) = samples() else {
        return tools::skip(
            "samples_of_the_oracle_are_read",
            "no ../shared, lxml, cryptography or xmlsec",
        );
    };
    let paths = documents(folder);
    assert_eq!(paths.len(), 12);
    for path in paths {
        let document = read(&path);
        assert_eq!(
            keys_of(&document),
            keys_by_oracle(&path, None),
            "{}",
            path.display()
        );
        assert_eq!(document.content_id.as_deref(), Some("asset-1"));
        assert_eq!(document.usage_rules.len(), 2);
        assert_eq!(document.drm_systems[1].hls.len(), 2);
        assert_eq!(document.periods[0].index, Some(1));
        let version = document.version.clone().unwrap();
        let (version, name) = VERSIONS
            .into_iter()
            .find(|(_, name)| *name == version)
            .unwrap();
        validate(
            &Scratch::new("cpix-again"),
            &document.to_xml(version).unwrap(),
            name,
        );
    }
}

#[test]
fn written_documents_are_valid() {
    const FULL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/full-2.4.xml");
    if tools::cpix_oracle().is_none() {
        return tools::skip(
            "written_documents_are_valid",
            "no ../shared, lxml or cryptography",
        );
    }
    let folder = Scratch::new("cpix-valid");
    for (version, name) in VERSIONS {
        let path = validate(&folder, &film().to_xml(version).unwrap(), name);
        assert_eq!(keys_by_oracle(&path, None), keys_of(&film()));
    }
    let full = read(Path::new(FULL));
    validate(&folder, &full.to_xml(Version::V2_4).unwrap(), "2.4");
    // Version 2.3.1 differs from 2.3 only in what it allows.
    validate(&folder, &film().to_xml(Version::V2_3).unwrap(), "2.3.1");
}

#[test]
fn python_cpix_reads_what_is_written() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/read.py");
    if !tools::python_has("cpix") {
        return tools::skip("python_cpix_reads_what_is_written", "no PyPI cpix");
    }
    let folder = Scratch::new("cpix-python");
    let path = folder.write("film.xml", film().to_xml(Version::V2_3).unwrap().as_bytes());
    let mut python = Command::new(tools::python());
    let run = Run::of(python.arg(script).arg(path)).succeeded();
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let kids = [kid(1), kid(2)].map(|kid| kid.to_string());
    let expected = serde_json::json!({
        "content_id": "film & more",
        "keys": [[kids[0], "01".repeat(16), "cbcs", "09".repeat(16)], [kids[1], "02".repeat(16), "cbcs", null]],
        "systems": [[kids[0], "a box"], [kids[1], "a box"]],
        "periods": [["p1", 1]],
        "rules": [
            [kids[0], "VIDEO", ["KeyPeriodFilter", "VideoFilter"]],
            [kids[1], null, ["AudioFilter"]],
        ],
    });
    assert_eq!(found, expected);
}
