// SPDX-License-Identifier: MPL-2.0
//! `scripts/iv-ledger` finds IVs that two files have in common.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use cenc_mp4::IndexMode;
use cenc_types::Scheme;
use test_support::scratch::Scratch;
use test_support::{build, encrypted, iv_ledger, tools};

/// A film that begins with the same IV each time.
fn film(scheme: Scheme) -> Vec<u8> {
    let clear = [build::init(), build::sound(&[64, 100, 640])].concat();
    encrypted::protect(&clear, scheme, IndexMode::Hold, []).unwrap()
}

/// What the comparison of these files says, and whether it found nothing.
fn compared(ledger: &Path, files: &[&Path]) -> (String, bool) {
    for file in files {
        iv_ledger::record_in(ledger, file);
    }
    let script = tools::project().join("scripts/iv-ledger");
    let run = Command::new(script).arg(ledger).output().unwrap();
    (String::from_utf8(run.stdout).unwrap(), run.status.success())
}

#[test]
fn ivs_that_two_files_have_in_common_are_found() {
    let folder = Scratch::new("iv-ledger-files");
    for (name, scheme) in [
        ("cenc", Scheme::Cenc),
        ("cens", Scheme::Cens),
        ("cbc1", Scheme::Cbc1),
        ("cbcs", Scheme::Cbcs),
    ] {
        let ledger = folder.join(&format!("{name}-ledger"));
        std::fs::create_dir(&ledger).unwrap();
        let film = film(scheme);
        let [one, other] =
            ["one", "other"].map(|file| folder.write(&format!("{name}-{file}.mp4"), &film));
        let (said, passed) = compared(&ledger, &[&one, &one]);
        assert!(passed, "{said}");
        let is_constant = scheme == Scheme::Cbcs;
        assert_eq!(said.contains("1 protected files"), !is_constant, "{said}");
        let (said, passed) = compared(&ledger, &[&other]);
        assert_eq!(passed, is_constant, "{said}");
        let names = [&one, &other].map(|file| said.contains(&file.display().to_string()));
        assert_eq!(names, [!is_constant; 2], "{said}");
    }
}

#[test]
fn files_that_are_excepted_or_unreadable_are_named() {
    let folder = Scratch::new("iv-ledger-named");
    let ledger = folder.join("ledger");
    std::fs::create_dir(&ledger).unwrap();
    let unreadable = folder.write("unreadable.mp4", b"\0\0\0\x10moofsenc----");
    let (said, passed) = compared(&ledger, &[&unreadable]);
    assert!(passed && said.contains("not read: "), "{said}");
    iv_ledger::except("this is a test");
    let film = film(Scheme::Cenc);
    let files = ["one.mp4", "other.mp4"].map(|name| folder.write(name, &film));
    let (said, passed) = compared(&ledger, &files.each_ref().map(|file| file.as_path()));
    assert!(passed && said.contains("this is a test"), "{said}");
}
