// SPDX-License-Identifier: MPL-2.0
//! Files that our own packager makes for other clients than those of a profile.

use std::path::PathBuf;

use crate::material::Material;
use crate::{Expected, codes, inspect, reports};

/// A clear vector that is protected with options.
pub struct MadeFile {
    pub name: &'static str,
    clear: &'static str,
    keys: &'static str,
    options: &'static str,
    pub expected: &'static [Expected],
}

impl MadeFile {
    pub fn make(&self, material: &Material) -> Vec<PathBuf> {
        vec![material.protected(self.name, self.clear, self.keys, self.options)]
    }
}

const FILM: &str = "o-avaac-prog/prog_8s.mp4";
const PICTURES: &str = "o-h264-prog/h264.mp4";

/// The files.
pub const FILES: [MadeFile; 12] = [
    MadeFile {
        name: "cbcs",
        clear: PICTURES,
        keys: "cbc.keys",
        options: "--fragment 2s --scheme cbcs",
        expected: &[
            ("playready-3", &["header-version", "scheme-cbcs"]),
            ("playready-4", &[]),
            ("hbbtv", &["scheme-cbcs"]),
            ("cmaf", &["pssh-in-moov"]),
            ("dash-if", &["pssh-in-moov"]),
        ],
    },
    MadeFile {
        name: "cens",
        clear: PICTURES,
        keys: "two.keys",
        options: "--fragment 2s --scheme cens",
        expected: &[
            ("playready-3", &["scheme-cens-cbc1"]),
            ("playready-4", &["scheme-cens-cbc1"]),
            ("hbbtv", &["scheme-cens-cbc1"]),
            ("dash-if", &["pssh-in-moov", "scheme-cens-cbc1"]),
        ],
    },
    MadeFile {
        name: "cbc1",
        clear: PICTURES,
        keys: "cbc.keys",
        options: "--fragment 2s --scheme cbc1",
        expected: &[
            ("playready-3", &["header-version", "scheme-cens-cbc1"]),
            ("playready-4", &["scheme-cens-cbc1"]),
            ("hbbtv", &["scheme-cens-cbc1"]),
        ],
    },
    MadeFile {
        name: "piff",
        clear: PICTURES,
        keys: "two.keys",
        options: "--fragment 2s --flavor piff",
        expected: &[
            ("playready-3", &[]),
            ("hbbtv", &["scheme-piff"]),
            ("dash-if", &["pssh-in-moov", "scheme-piff"]),
        ],
    },
    MadeFile {
        name: "ivs-of-16-bytes",
        clear: PICTURES,
        keys: "two.keys",
        options: "--fragment 2s --iv-size 16",
        expected: &[("playready-3", &["iv-16"]), ("playready-4", &[])],
    },
    MadeFile {
        name: "newest-header",
        clear: PICTURES,
        keys: "two.keys",
        options: "--fragment 2s --header-version 4.3",
        expected: &[("playready-3", &["header-version"]), ("playready-4", &[])],
    },
    MadeFile {
        name: "one-key",
        clear: FILM,
        keys: "one.keys",
        options: "--fragment 2s",
        expected: &[
            ("playready-3", &["kid-shared"]),
            ("playready-4", &["kid-shared"]),
            ("hbbtv", &["kid-shared"]),
        ],
    },
    MadeFile {
        name: "two-tracks",
        clear: FILM,
        keys: "two.keys",
        options: "--fragment 2s",
        expected: &[
            ("playready-3", &[]),
            ("dash-if", &["pssh-in-moov", "several-tracks"]),
            ("cmaf", &["brand-missing", "pssh-in-moov", "several-tracks"]),
        ],
    },
    MadeFile {
        name: "progressive",
        clear: PICTURES,
        keys: "two.keys",
        options: "",
        expected: &[
            ("playready-3", &["senc-in-moov"]),
            ("playready-4", &["senc-in-moov"]),
            ("dash-if", &["progressive"]),
            ("hbbtv", &["progressive"]),
            ("cmaf", &["brand-missing", "progressive"]),
        ],
    },
    MadeFile {
        name: "other-pattern",
        clear: PICTURES,
        keys: "cbc.keys",
        options: "--fragment 2s --scheme cbcs --crypt-byte-block 5 --skip-byte-block 5",
        expected: &[
            ("cmaf", &["pattern-video", "pssh-in-moov"]),
            ("playready-4", &[]),
        ],
    },
    MadeFile {
        name: "on-demand",
        clear: PICTURES,
        keys: "two.keys",
        options: "--fragment 2s --on-demand --header-version 4.2",
        expected: &[
            ("playready-3", &["on-demand-licences"]),
            ("playready-4", &["on-demand-licences"]),
        ],
    },
    MadeFile {
        name: "text",
        clear: "o-stpp-frag/stpp_combined.mp4",
        keys: "text.keys",
        options: "",
        expected: &[
            ("playready-3", &["text-protected"]),
            ("playready-4", &["text-protected"]),
        ],
    },
];

/// A presentation of two files with one key.
pub fn check_shared_keys(material: &Material) {
    let presentation = material.packaged("one-key", "one.keys", "--single-file");
    let files = single_files(&presentation);
    for (profile, expected) in [
        ("playready-3", ["kid-shared"].as_slice()),
        ("playready-4", &["kid-shared"]),
        ("hbbtv", &["kid-shared"]),
    ] {
        assert_eq!(
            codes(&reports(profile, false, &files)),
            expected,
            "{profile}"
        );
    }
    let output = inspect(&["--profile", "playready-4"], &files);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("also in "), "{text}");
}

/// The same keys in cenc and in cbcs.
pub fn check_keys_of_two_schemes(material: &Material) {
    test_support::iv_ledger::except("one key in two schemes, which inspect must find");
    let files = ["cenc", "cbcs"].map(|scheme| {
        material.protected(
            &format!("in-{scheme}"),
            PICTURES,
            "one.keys",
            &format!("--fragment 2s --scheme {scheme}"),
        )
    });
    for (profile, expected) in [
        ("playready-4", ["kid-modes"].as_slice()),
        ("dash-if", &["kid-modes", "pssh-in-moov", "pssh-in-moov"]),
        ("hbbtv", &["scheme-cbcs"]),
    ] {
        assert_eq!(
            codes(&reports(profile, false, &files)),
            expected,
            "{profile}"
        );
    }
}

/// Returns the files of a presentation with one file for each track.
fn single_files(presentation: &std::path::Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(presentation)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "mp4"))
        .collect();
    files.sort();
    files
}
