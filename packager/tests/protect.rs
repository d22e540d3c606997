// SPDX-License-Identifier: MPL-2.0
//! `playready-packager protect`, compared with the element and checked by independent decryptors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::build::ftyp;
use test_support::build_pictures::{long_picture, picture_moov, pictures, short_picture};
use test_support::{iv_ledger, tools};

/// A key that only these tests use.
const KID: &str = "e0e1e2e3-e4e5-4647-9849-4a4b4c4d4e4f";
const KEY: &str = "b7a1c35d0e9f48267d3c5a1be8f60492";
const IV: &str = "0102030405060708090a0b0c0d0e0f10";

/// The command under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_playready-packager");

/// Returns the arguments with the key of these tests.
fn with_key(arguments: &str) -> String {
    format!("--key-id {KID} --key-file film.key {arguments}")
}

/// The folder of a test with its clear files.
struct Folder {
    root: PathBuf,
    /// Returns the initialization segment and the fragments of `fragmented.mp4`.
    parts: [Vec<u8>; 2],
}

impl Folder {
    /// Returns None if the vectors are missing.
    fn new(test: &str) -> Option<Self> {
        let vectors = tools::vectors_for(&format!("protect::{test}"))?;
        let clear = vectors.join("clear");
        let parts = ["init.mp4", "1.m4s"].map(|part| clear.join("o-avc-frag").join(part));
        let folder = Self::of(test, parts.map(|part| fs::read(part).unwrap()));
        let progressive = clear.join("o-avaac-prog/prog_8s.mp4");
        fs::copy(progressive, folder.path("progressive.mp4")).unwrap();
        Some(folder)
    }

    fn of(test: &str, parts: [Vec<u8>; 2]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        let folder = Self { root, parts };
        fs::write(folder.path("fragmented.mp4"), folder.parts.concat()).unwrap();
        fs::write(folder.path("film.key"), KEY).unwrap();
        folder.set_mode("film.key", 0o600);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.path(name)).unwrap();
        metadata.permissions().mode() & 0o777
    }

    /// Runs `protect` in the folder, directly or through another program.
    fn command(&self, mut program: Command, arguments: &str) -> Command {
        let arguments = arguments.split_whitespace();
        program.arg("protect").args(arguments);
        program.current_dir(&self.root);
        program
    }

    fn run(&self, arguments: &str) -> Output {
        let output = self.command(Command::new(PROGRAM), arguments).output();
        iv_ledger::record(&self.root);
        output.unwrap()
    }

    fn report(&self, arguments: &str) -> Value {
        let output = self.run(&with_key(&format!("--json {arguments}")));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(&self, arguments: &str, code: i32, why: &str) {
        self.refused_by(Command::new(PROGRAM), arguments, (code, why));
    }

    /// Checks that the command fails with this reason and leaves no file.
    fn refused_by(&self, program: Command, arguments: &str, (code, why): (i32, &str)) {
        let before = self.names();
        let mut command = self.command(program, &with_key(arguments));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {stderr}");
        assert!(stderr.contains(why), "{why} not in {stderr}");
        assert_eq!(self.names(), before, "{arguments}");
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.root).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

/// Returns gst-launch-1.0 with the plugin from the command's folder; None if either is missing.
fn element(arguments: &str, folder: &Folder) -> Option<Command> {
    let built = Path::new(PROGRAM).parent()?;
    let set = |program| {
        let mut command = Command::new(program);
        command
            .env("GST_PLUGIN_PATH", built)
            .env("GST_REGISTRY", folder.path("registry.bin"));
        command
    };
    let inspected = set("gst-inspect-1.0").arg("playreadyenc").output();
    if !inspected.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = set("gst-launch-1.0");
    command
        .args(["-q", "filesrc", "location=clear.mp4", "!"])
        .args(arguments.split_whitespace())
        .args(["!", "filesink", "location=element.mp4"])
        .current_dir(&folder.root);
    Some(command)
}

/// Options of the command and the equivalent properties of the element.
const EQUAL: [(&str, &str); 5] = [
    (
        "--scheme cenc --iv 0102030405060708",
        "scheme=cenc iv=0102030405060708",
    ),
    (
        "--scheme cenc --iv 0102030405060708090a0b0c0d0e0f10 --pssh-version 1 --systems playready+widevine",
        "scheme=cenc iv=0102030405060708090a0b0c0d0e0f10 pssh-version=1 systems=playready+widevine",
    ),
    (
        "--scheme cbcs --iv 0102030405060708090a0b0c0d0e0f10 --la-url https://example.com/rm.asmx",
        "scheme=cbcs iv=0102030405060708090a0b0c0d0e0f10 la-url=https://example.com/rm.asmx",
    ),
    (
        "--scheme cenc --iv 0102030405060708 --flavor piff",
        "scheme=cenc iv=0102030405060708 flavor=piff",
    ),
    (
        "--scheme cbcs --iv 0102030405060708090a0b0c0d0e0f10 --crypt-byte-block 5 --skip-byte-block 5 --clear-lead 1s",
        "scheme=cbcs iv=0102030405060708090a0b0c0d0e0f10 crypt-byte-block=5 skip-byte-block=5 clear-lead=1000000000",
    ),
];

#[test]
fn output_is_that_of_the_element() {
    let test = "output_is_that_of_the_element";
    iv_ledger::except("command and element protect the same files with one first IV");
    let Some(folder) = Folder::new(test) else {
        return;
    };
    for clear in ["fragmented.mp4", "progressive.mp4"] {
        fs::copy(folder.path(clear), folder.path("clear.mp4")).unwrap();
        for (options, properties) in EQUAL {
            let properties = format!("playreadyenc key-id={KID} key={KEY} {properties}");
            let Some(mut element) = element(&properties, &folder) else {
                return tools::skip(
                    &format!("protect::{test}"),
                    "no playreadyenc beside the command",
                );
            };
            assert!(element.status().unwrap().success(), "{properties}");
            folder.report(&format!("clear.mp4 command.mp4 {options}"));
            let [ours, theirs] =
                ["command.mp4", "element.mp4"].map(|name| fs::read(folder.path(name)).unwrap());
            assert!(ours == theirs, "{clear} {options}");
            assert_ne!(ours, fs::read(folder.path("clear.mp4")).unwrap());
        }
    }
}

#[test]
fn another_decryptor_finds_the_clear_samples() {
    let test = "another_decryptor_finds_the_clear_samples";
    let Some(folder) = Folder::new(test) else {
        return;
    };
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles/cencbox.py");
    let python = std::env::var_os("PLAYREADY_PYTHON").unwrap_or_else(|| "python3".into());
    let has_ciphers = Command::new(&python).args(["-c", "import Crypto"]).output();
    if !oracle.exists() || !has_ciphers.is_ok_and(|output| output.status.success()) {
        return tools::skip(
            &format!("protect::{test}"),
            "no cencbox.py or no pycryptodome",
        );
    }
    for clear in ["fragmented.mp4", "progressive.mp4"] {
        for scheme in ["cenc", "cens", "cbc1", "cbcs"] {
            let report = folder.report(&format!("{clear} out.mp4 --scheme {scheme}"));
            assert_eq!(report["kids"], Value::from(vec![KID]));
            let key = format!("{}:{KEY}", KID.replace('-', ""));
            let compared = Command::new(&python)
                .arg(&oracle)
                .args(["cmp", clear, "out.mp4", "-k", &key])
                .current_dir(&folder.root)
                .output()
                .unwrap();
            let shown = String::from_utf8_lossy(&compared.stdout);
            assert!(compared.status.success(), "{clear} {scheme}: {shown}");
        }
    }
}

#[test]
fn report_counts_and_tells_of_key_changes() {
    let Some(folder) = Folder::new("report_counts_and_tells_of_key_changes") else {
        return;
    };
    let report = folder.report("progressive.mp4 out.mp4");
    assert_eq!(report["fragments"], 0);
    assert!(report["samples"].as_u64().unwrap() > 100, "{report}");
    let size = fs::metadata(folder.path("out.mp4")).unwrap().len();
    assert_eq!(report["size"], size);
    assert!(report["signaling"]["hls_key"].is_string(), "{report}");
    // The public seed of Microsoft's test server.
    fs::write(
        folder.path("seed"),
        "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I",
    )
    .unwrap();
    folder.set_mode("seed", 0o600);
    let seed = format!("--json --key-id {KID} --key-seed-file seed --crypto-period 2s");
    let output = folder.run(&format!("{seed} progressive.mp4 out.mp4"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let changes = report["key_changes"].as_array().unwrap();
    assert_eq!(report["kids"].as_array().unwrap().len(), 1 + changes.len());
    assert!(changes.len() >= 2, "{report}");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("public key seed")
    );
}

#[test]
fn nothing_is_left_of_what_is_refused() {
    let Some(folder) = Folder::new("nothing_is_left_of_what_is_refused") else {
        return;
    };
    folder.report("fragmented.mp4 protected.mp4");
    folder.refused("protected.mp4 out.mp4", 1, "already protected");
    folder.refused("film.key out.mp4", 1, "film.key: ");
    folder.refused("missing.mp4 out.mp4", 2, "missing.mp4: ");
    folder.refused(". out.mp4", 2, "not a regular file");
    folder.refused("progressive.mp4 /dev/null", 2, "not a regular file");
    folder.refused("progressive.mp4 missing/out.mp4", 2, "missing/out.mp4: ");
    folder.refused("progressive.mp4 progressive.mp4", 2, "the input itself");
    symlink("progressive.mp4", folder.path("link.mp4")).unwrap();
    folder.refused("progressive.mp4 link.mp4", 2, "the input itself");
    fs::hard_link(folder.path("progressive.mp4"), folder.path("hard.mp4")).unwrap();
    folder.refused("hard.mp4 progressive.mp4", 2, "the input itself");
    // The file is truncated, which `protect` notices after it has written most of the output.
    let whole = fs::read(folder.path("fragmented.mp4")).unwrap();
    fs::write(folder.path("cut.mp4"), &whole[..whole.len() - 1]).unwrap();
    folder.refused("cut.mp4 out.mp4", 1, "ends inside");
    let before = fs::read(folder.path("protected.mp4")).unwrap();
    folder.refused("cut.mp4 protected.mp4", 1, "ends inside");
    assert!(before == fs::read(folder.path("protected.mp4")).unwrap());
}

#[test]
fn interrupted_work_leaves_nothing() {
    let Some(folder) = Folder::new("interrupted_work_leaves_nothing") else {
        return;
    };
    // A sparse 'free' box of 16 GiB after the film takes long to protect.
    let file = fs::File::options()
        .append(true)
        .open(folder.path("progressive.mp4"));
    let mut file = file.unwrap();
    let start = file.metadata().unwrap().len();
    let size = 1_u64 << 34;
    let head = [&[0, 0, 0, 1], b"free".as_slice(), &size.to_be_bytes()].concat();
    std::io::Write::write_all(&mut file, &head).unwrap();
    file.set_len(start + size).unwrap();
    drop(file);
    let before = folder.names();
    let arguments = with_key("progressive.mp4 out.mp4");
    let mut command = folder.command(Command::new(PROGRAM), &arguments);
    let mut child = command.spawn().unwrap();
    let begun = || folder.names().len() > before.len();
    let waited = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        begun()
    });
    let stop = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(waited && stop.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folder.names(), before);
}

#[test]
fn replaced_file_keeps_its_mode_and_its_link() {
    let Some(folder) = Folder::new("replaced_file_keeps_its_mode_and_its_link") else {
        return;
    };
    fs::write(folder.path("target.mp4"), "old").unwrap();
    folder.set_mode("target.mp4", 0o640);
    symlink("target.mp4", folder.path("link.mp4")).unwrap();
    folder.report("progressive.mp4 link.mp4");
    assert!(
        fs::symlink_metadata(folder.path("link.mp4"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(folder.mode("target.mp4"), 0o640);
    assert!(fs::metadata(folder.path("target.mp4")).unwrap().len() > 1000);
    assert!(folder.names().iter().all(|name| !name.starts_with('.')));
}

#[test]
fn keys_are_taken_from_private_files_alone() {
    let Some(folder) = Folder::new("keys_are_taken_from_private_files_alone") else {
        return;
    };
    let refused = |arguments: &str, why: &str| {
        let output = folder.run(&format!("progressive.mp4 out.mp4 {arguments}"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {stderr}");
        assert!(stderr.contains(why), "{why} not in {stderr}");
        assert!(!stderr.contains("b7a1c35d"), "{stderr}");
    };
    refused("", "--key-uri");
    refused(
        &format!("--key-id {KID} --key {KEY}"),
        "unexpected argument",
    );
    refused("--key-file film.key", "--key-id");
    refused(
        &format!("--key-id {KID} --key-uri file:///x.keys"),
        "cannot be used with",
    );
    fs::write(folder.path("long.key"), format!("{KEY}00")).unwrap();
    folder.set_mode("long.key", 0o600);
    refused(&format!("--key-id {KID} --key-file long.key"), "16 bytes");
    folder.set_mode("film.key", 0o640);
    refused(&format!("--key-id {KID} --key-file film.key"), "chmod 600");
    let made = format!(
        "--key-uri file://{} --iv {IV}",
        folder.path("new.keys").display()
    );
    // The next file with this key would have the same key stream.
    let output = folder.run(&format!("progressive.mp4 out.mp4 {made}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("leave out iv"), "{stderr}");
    let output = folder.run(&format!("progressive.mp4 out.mp4 {made} --scheme cbcs"));
    assert!(output.status.success());
    assert_eq!(folder.mode("new.keys"), 0o600);
}

#[test]
fn threads_change_nothing_of_what_comes_out() {
    let Some(folder) = Folder::new("threads_change_nothing_of_what_comes_out") else {
        return;
    };
    iv_ledger::except("one file is protected by 1, 2, 3 and 64 threads with one first IV");
    // The stream has more fragments than the writer's queue holds.
    let [init, fragments] = &folder.parts;
    let film = [init.as_slice(), &fragments.repeat(20)].concat();
    fs::write(folder.path("clear.mp4"), film).unwrap();
    for clear in ["clear.mp4", "progressive.mp4"] {
        for scheme in ["cenc", "cens", "cbc1", "cbcs"] {
            let made = ["1", "2", "3", "64"].map(|threads| {
                let arguments = format!("{clear} out.mp4 --scheme {scheme} --iv {IV}");
                folder.report(&format!("{arguments} --threads {threads}"));
                fs::read(folder.path("out.mp4")).unwrap()
            });
            let [one, others @ ..] = made;
            assert!(others.iter().all(|other| *other == one), "{clear} {scheme}");
        }
    }
}

/// The limit on the size of files is too small for the protected file.
#[test]
fn nothing_is_left_where_there_is_no_room() {
    let Some(folder) = Folder::new("nothing_is_left_where_there_is_no_room") else {
        return;
    };
    let clear = [("fragmented.mp4", 16), ("progressive.mp4", 64)];
    for (threads, (clear, limit)) in ["1", "2"].into_iter().flat_map(|n| clear.map(|c| (n, c))) {
        // The limit counts blocks of 1 kB. Without the signal the write fails.
        let line = format!("ulimit -f {limit}; trap '' XFSZ; exec \"$0\" \"$@\"");
        let mut limited = Command::new("bash");
        limited.args(["-c", &line, PROGRAM]);
        let arguments = format!("{clear} out.mp4 --threads {threads}");
        folder.refused_by(limited, &arguments, (2, "File too large"));
    }
}

/// The segments are of one stream: in one of them all pictures may be too short to encrypt, but not in all.
#[test]
fn segments_of_which_nothing_is_protected_get_no_name_until_something_is() {
    let [long, short] = [long_picture(), short_picture()].map(|picture| pictures(1, &[picture]));
    let test = "segments_of_which_nothing_is_protected_get_no_name_until_something_is";
    let folder = Folder::of(test, [[ftyp(), picture_moov(1)].concat(), short]);
    let [init, short] = &folder.parts;
    for (name, bytes) in [
        ("init.mp4", init),
        ("1.m4s", short),
        ("2.m4s", short),
        ("3.m4s", &long),
    ] {
        fs::write(folder.path(name), bytes).unwrap();
    }
    fs::create_dir(folder.path("out")).unwrap();
    let names = || fs::read_dir(folder.path("out")).unwrap().count();
    for threads in [1, 2] {
        let options = format!("--threads {threads} --init init.mp4");
        let why = (1, "2.m4s: nothing was protected in track 1");
        let arguments = format!("{options} 1.m4s 2.m4s out");
        folder.refused_by(Command::new(PROGRAM), &arguments, why);
        assert_eq!(names(), 0);
        let orders = ["1.m4s 2.m4s 3.m4s", "3.m4s 1.m4s 2.m4s"];
        for order in orders {
            folder.report(&format!("{options} {order} out"));
            assert_eq!(names(), 3);
            fs::remove_dir_all(folder.path("out")).unwrap();
            fs::create_dir(folder.path("out")).unwrap();
        }
    }
}
