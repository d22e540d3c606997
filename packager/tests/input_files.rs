// SPDX-License-Identifier: MPL-2.0
//! Folders, FIFOs, devices and sockets as input files: each command refuses them by name, and never waits for their bytes.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

#[test]
fn other_things_than_files_are_refused_by_name() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("input-files");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("folder")).unwrap();
    let made = Command::new("mkfifo").arg(folder.join("fifo")).status();
    assert!(made.unwrap().success());
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("device")).unwrap();
    for (name, kind) in [
        ("folder", "a folder"),
        ("fifo", "a FIFO"),
        ("socket", "a socket"),
        ("device", "a device"),
    ] {
        for arguments in [
            &["inspect", name][..],
            &[
                "protect",
                name,
                "out.mp4",
                "--key-uri",
                "file:///absent.keys",
            ],
            &["manifest", name],
            &["header", "decode", name],
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
                .current_dir(&folder)
                .args(arguments)
                .output()
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(said.contains(name), "{arguments:?}: {said}");
            assert!(said.contains(kind), "{arguments:?}: {said}");
        }
    }
    assert!(!folder.join("out.mp4").exists());
}
