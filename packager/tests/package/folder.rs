// SPDX-License-Identifier: MPL-2.0
//! A folder in which films are made and packaged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::tools;

/// Keys that only these tests use.
pub const KEYS: &str = "\
video b0b1b2b3-b4b5-4647-9849-4a4b4c4d4e4f a7a1c35d0e9f48267d3c5a1be8f60491\n\
audio c0c1c2c3-c4c5-4647-9849-4a4b4c4d4e4f 0f1e2d3c4b5a69788796a5b4c3d2e1f0\n";
pub const VIDEO_KEY: &str = "a7a1c35d0e9f48267d3c5a1be8f60491";
pub const AUDIO_KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// The folder of a test.
pub struct Folder(PathBuf);

impl Folder {
    /// None without FFmpeg.
    pub fn new(test: &str) -> Option<Self> {
        let Some(_) = tools::ffmpeg() else {
            tools::skip(&format!("package::{test}"), "no FFmpeg");
            return None;
        };
        let folder = Self(
            Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join("package")
                .join(test),
        );
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir_all(&folder.0).unwrap();
        folder.write_keys(KEYS);
        Some(folder)
    }

    /// Writes keys in place of those of pictures and sound.
    pub fn write_keys(&self, keys: &str) {
        self.write_secret("film.keys", keys);
    }

    /// Writes a file that only its owner can read.
    pub fn write_secret(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path(name), private).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a file with FFmpeg from a test picture of 25 Hz and a tone.
    pub fn film(&self, name: &str, size: &str, seconds: u32, codecs: &str) {
        let picture = format!("testsrc2=s={size}:r=25:d={seconds}");
        let tone = format!("sine=440:d={seconds}");
        let made = Command::new(tools::ffmpeg().unwrap())
            .args([
                "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture,
            ])
            .args(["-f", "lavfi", "-i", &tone])
            .args(codecs.split_whitespace())
            .arg(self.path(name))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.run_under("film.keys", arguments)
    }

    /// Runs the command with the keys of a file.
    fn run_under(&self, keys: &str, arguments: &str) -> Output {
        let keys = format!("file://{}", self.path(keys).display());
        Command::new(env!("CARGO_BIN_EXE_playready-packager"))
            .args(arguments.split_whitespace())
            .args(["--key-uri", &keys])
            .current_dir(&self.0)
            .output()
            .unwrap()
    }

    pub fn package(&self, arguments: &str) -> Value {
        self.package_under("film.keys", arguments)
    }

    /// Packages with the keys of a file.
    pub fn package_under(&self, keys: &str, arguments: &str) -> Value {
        let run = self.run_under(keys, &format!("package {arguments} --json"));
        assert!(run.status.success(), "{arguments}: {run:?}");
        serde_json::from_slice(&run.stdout).unwrap()
    }

    /// Runs the command, which must fail; returns the exit code and the message.
    pub fn refused(&self, arguments: &str) -> (i32, String) {
        let run = self.run(arguments);
        assert_eq!(run.stdout, b"", "{arguments}");
        let message = String::from_utf8(run.stderr).unwrap();
        (run.status.code().unwrap(), message)
    }

    /// Returns the names of a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Joins the files of a track, of either form, and returns the name.
    pub fn joined(&self, version: &str, track: &str) -> PathBuf {
        let single = self.path(&format!("{version}/{track}.mp4"));
        if single.exists() {
            return single;
        }
        let mut bytes = fs::read(self.path(&format!("{version}/{track}/init.mp4"))).unwrap();
        for number in 1.. {
            match fs::read(self.path(&format!("{version}/{track}/{number}.m4s"))) {
                Ok(segment) => bytes.extend(segment),
                Err(_) => break,
            }
        }
        let joined = self.path(&format!("{track}.joined.mp4"));
        fs::write(&joined, bytes).unwrap();
        joined
    }
}
