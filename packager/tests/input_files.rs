// SPDX-License-Identifier: MPL-2.0
//! Folders, FIFOs, devices and sockets as input files: each command refuses them by name, and never waits for their bytes. Files of
//! secrets that others may read are refused too.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
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

// systemd lets a service read its credentials by an ACL, whose mask is in the mode: setfacl -m u:nobody:r makes 0400 to 0440 (acl(5)).
#[test]
fn only_credentials_of_the_service_may_show_the_mask_of_an_acl() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("service-credentials");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let seed = folder.join("seed");
    fs::write(&seed, "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I").unwrap();
    for (mode, credentials, code) in [
        (0o440, &*folder, 0),
        (0o440, folder.parent().unwrap(), 2),
        (0o444, &*folder, 2),
        (0o460, &*folder, 2),
    ] {
        fs::set_permissions(&seed, Permissions::from_mode(mode)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
            .args(["header", "build", "--key-id"])
            .args(["10000000-1000-1000-1000-100000000001", "--key-seed-file"])
            .arg(&seed)
            .env("CREDENTIALS_DIRECTORY", credentials)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{mode:o}: {said}");
        assert_eq!(said.contains("chmod 600"), code != 0, "{mode:o}: {said}");
    }
}
