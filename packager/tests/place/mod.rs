// SPDX-License-Identifier: MPL-2.0
//! The key store of a test, and `playready-packager keys` with this store.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use content_key_store::{KekSource, KeyStore};
use serde_json::Value;

/// The key that the published test seed gives for the KID of these tests (keys.md 3.1).
pub const KEY: &str = "2/1pIsMhxLtIb0ocRAl+1g==";
pub const KEY_HEX: &str = "dbfd6922c321c4bb486f4a1c44097ed6";

/// The store of a test.
pub struct Place(PathBuf);

impl Place {
    pub fn new(test: &str) -> Self {
        let place = Self(
            Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join("keys")
                .join(test),
        );
        let _ = fs::remove_dir_all(&place.0);
        fs::create_dir_all(&place.0).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn uri(&self) -> String {
        format!("sqlite://{}", self.path("store/keys.db").display())
    }

    pub fn kek(&self) -> PathBuf {
        self.path("store.kek")
    }

    pub fn store(&self) -> KeyStore {
        KeyStore::open(
            &self.uri(),
            &[KekSource::File(self.kek())],
            &host_access::Host::system(),
        )
        .unwrap()
    }

    pub fn file(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    }

    /// Runs `keys VERB STORE`, with the arguments and the key-encryption key.
    pub fn run(&self, verb: &str, arguments: &[&str], stdin: &str) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
        program.args(["keys", verb, &self.uri()]).args(arguments);
        program.arg("--kek-file").arg(self.kek());
        let pipes = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        // The command may have ended without reading its input.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub fn text(&self, verb: &str, arguments: &[&str], stdin: &str) -> String {
        let output = self.run(verb, arguments, stdin);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb} {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn json(&self, verb: &str, arguments: &[&str], stdin: &str) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.text(verb, &arguments, stdin)).unwrap()
    }

    pub fn refused(&self, verb: &str, arguments: &[&str], (code, why): (i32, &str)) {
        let output = self.run(verb, arguments, KEY);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(why), "{why} not in {stderr}");
        assert!(
            !stderr.contains(KEY) && !stderr.contains(KEY_HEX),
            "{stderr}"
        );
    }
}
