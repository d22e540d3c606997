// SPDX-License-Identifier: MPL-2.0
//! The decryptors at hand, each of which gets an init segment with a segment, and keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use test_support::decrypt::{self, Keys};
use test_support::movie::Movie;
use test_support::samples::sha256;
use test_support::{launch, tools};

use crate::folder::Folder;

/// A KID and its key, in hex.
pub type Pair = [String; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decryptor {
    /// Debian's FFmpeg, which takes one key whatever its KID.
    Ffmpeg5,
    Ffmpeg8,
    Shaka,
    Mp4decrypt,
    Clearkeydec,
}

use Decryptor::{Clearkeydec, Ffmpeg5, Ffmpeg8, Mp4decrypt, Shaka};

impl Decryptor {
    /// Returns those that are installed; the others are reported as skipped.
    pub fn installed(test: &str) -> Vec<Self> {
        let mut found = vec![Ffmpeg5, Ffmpeg8, Shaka, Mp4decrypt, Clearkeydec];
        found.retain(|decryptor| {
            let is_here = decryptor.program().is_some();
            if !is_here {
                tools::skip(&format!("package::{test}"), &format!("no {decryptor:?}"));
            }
            is_here
        });
        found
    }

    fn program(self) -> Option<PathBuf> {
        match self {
            Ffmpeg5 => tools::ffmpeg(),
            Ffmpeg8 => tools::ffmpeg8(),
            Shaka => tools::packager(),
            Mp4decrypt => std::env::split_paths(&std::env::var_os("PATH")?)
                .map(|folder| folder.join("mp4decrypt"))
                .find(|path| path.is_file()),
            Clearkeydec => Some("gst-launch-1.0".into()),
        }
    }

    /// Returns the SHA-256 of each sample of a file with one track, decrypted; none if the decryptor refuses the file. FFmpeg 5.1
    /// takes the first key.
    pub fn samples(self, folder: &Folder, file: &Path, keys: &[Pair]) -> Vec<String> {
        let program = self.program().unwrap();
        let output = file.with_extension(format!("{self:?}.mp4"));
        let joined = |pairs: Vec<String>, mark: &str| pairs.join(mark);
        match self {
            Ffmpeg5 | Ffmpeg8 => {
                let mut run = Command::new(program);
                run.args(["-v", "error", "-nostdin"]);
                match self {
                    Ffmpeg5 => run.args(["-decryption_key", &keys[0][1]]),
                    _ => run.args([
                        "-decryption_keys",
                        &joined(keys.iter().map(|pair| pair.join("=")).collect(), ":"),
                    ]),
                };
                run.args(["-ignore_editlist", "1", "-i"]).arg(file);
                run.args(["-c", "copy", "-f", "framehash", "-hash", "sha256", "-"]);
                packets(&run.output().unwrap())
            }
            Shaka => {
                let renumbered = file.with_extension("shaka.mp4");
                fs::write(&renumbered, with_track_1(fs::read(file).unwrap())).unwrap();
                let labels = keys
                    .iter()
                    .zip(0..)
                    .map(|([kid, key], label)| format!("label={label}:key_id={kid}:key={key}"));
                let mut run = Command::new(program);
                run.arg(format!(
                    "in={},stream=0,output={}",
                    renumbered.display(),
                    output.display()
                ));
                run.args(["--enable_raw_key_decryption", "--keys"]);
                run.arg(joined(labels.collect(), ","));
                written(&mut run, &output)
            }
            Mp4decrypt => {
                let mut run = Command::new(program);
                for pair in keys {
                    run.args(["--key", &pair.join(":")]);
                }
                written(run.arg(file).arg(&output), &output)
            }
            Clearkeydec => {
                let line = format!(
                    "filesrc location={} ! clearkeydec key-uri=file://{} ! filesink location={}",
                    file.display(),
                    folder.path("film.keys").display(),
                    output.display()
                );
                let mut run = launch::command();
                written(run.arg("-q").args(launch::words(&line)), &output)
            }
        }
    }
}

/// Writes an init segment and a segment of a track as one file.
pub fn alone(folder: &Folder, version: &str, track: &str, [init, segment]: [&str; 2]) -> PathBuf {
    let read = |name: &str| fs::read(folder.path(&format!("{version}/{track}/{name}"))).unwrap();
    let file = folder.path(&format!(
        "{}-{track}-{segment}.mp4",
        version.replace('/', "-")
    ));
    fs::write(&file, [read(init), read(segment)].concat()).unwrap();
    file
}

/// Returns the SHA-256 of each sample of a track of a clear film.
pub fn clear_samples(film: &Path, handler: &[u8; 4]) -> Vec<String> {
    let film = Movie::open(film);
    hashes(
        &film,
        film.tracks
            .iter()
            .position(|track| &track.handler == handler),
    )
}

fn hashes(movie: &Movie, track: Option<usize>) -> Vec<String> {
    let samples = decrypt::samples(movie, &movie.tracks[track.unwrap()], &Keys::default());
    samples.iter().map(|sample| sha256(sample)).collect()
}

fn written(run: &mut Command, output: &Path) -> Vec<String> {
    let ended = run.output().unwrap();
    // Shaka Packager must refuse, not crash.
    assert!(ended.status.code().is_some(), "{run:?}: {ended:?}");
    match ended.status.success() {
        true => hashes(&Movie::open(output), Some(0)),
        false => Vec::new(),
    }
}

/// Reads FFmpeg's framehash, in which the hash of a packet is the sixth field.
fn packets(run: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&run.stdout);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split(',').nth(5).unwrap().trim().to_owned())
        .collect()
}

/// Gives the only track of a file track_ID 1. Shaka Packager 3.8 writes past its memory where this track has another, and often
/// crashes then.
fn with_track_1(mut file: Vec<u8>) -> Vec<u8> {
    for (kind, fields) in [(b"tkhd", 12), (b"trex", 4), (b"tfhd", 4)] {
        let at = file.windows(4).position(|four| four == kind).unwrap() + 4;
        // ISO/IEC 14496-12, 8.3.2: times of 8 bytes in version 1.
        let is_long = kind == b"tkhd" && file[at] == 1;
        let id = at + if is_long { fields + 8 } else { fields };
        file[id..id + 4].copy_from_slice(&[0, 0, 0, 1]);
    }
    file
}
