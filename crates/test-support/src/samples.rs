// SPDX-License-Identifier: MPL-2.0
//! Compares a protected file with the clear one, sample by sample: by the tests' own reader, and by the tools on this
//! machine.

use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::decrypt::{self, Keys};
use crate::launch::Run;
use crate::movie::{Movie, Protection, Track};
use crate::scratch::Scratch;
use crate::tools;

/// A protected file, the clear file with the same samples, and the keys.
pub struct Twin<'a> {
    /// The clear file.
    pub clear: &'a Path,
    /// The protected file.
    pub protected: &'a Path,
    /// The content keys.
    pub keys: Keys,
}

impl Twin<'_> {
    /// Checks with all tools that can read this scheme: the tests' own reader, the oracle, Shaka Packager and, for cenc,
    /// FFmpeg.
    pub fn check(&self, scheme: &str) {
        self.check_own();
        self.check_cencbox();
        self.check_packager(scheme);
        if scheme == "cenc" {
            self.check_ffmpeg8();
        }
    }

    /// Checks with the tests' own reader that every sample of every track decrypts to the clear sample.
    pub fn check_own(&self) {
        let (clear, protected) = (Movie::open(self.clear), Movie::open(self.protected));
        same_samples(&clear, &protected, &self.keys);
    }

    /// Checks the same with the oracle script.
    pub fn check_cencbox(&self) {
        let Some(script) = tools::cencbox() else {
            return tools::skip(
                "comparison by cencbox.py",
                "no ../shared/oracles, or no pycryptodome",
            );
        };
        let mut run = Command::new(tools::python());
        run.arg(script)
            .arg("cmp")
            .args([self.clear, self.protected]);
        for pair in self.keys.pairs() {
            run.args(["-k", &pair]);
        }
        let run = Run::of(&mut run).succeeded();
        assert_eq!(
            run.stdout.matches("-> SAME").count(),
            Movie::open(self.clear).tracks.len(),
            "{}",
            run.stdout
        );
    }

    /// Checks that FFmpeg 8 decrypts every packet to the clear sample.
    pub fn check_ffmpeg8(&self) {
        match tools::ffmpeg8() {
            Some(ffmpeg) => self.check_ffmpeg(&ffmpeg),
            None => tools::skip("decryption by FFmpeg 8", "PLAYREADY_FFMPEG8 names none"),
        }
    }

    /// Checks that an FFmpeg decrypts every packet to the clear sample.
    pub fn check_ffmpeg(&self, ffmpeg: &Path) {
        let mut run = Command::new(ffmpeg);
        run.args(["-v", "error"]);
        match self.keys.pairs().as_slice() {
            [pair] => run.args(["-decryption_key", pair.split(':').nth(1).unwrap()]),
            pairs => run.args(["-decryption_keys", &ffmpeg_keys(pairs)]),
        };
        run.args(["-ignore_editlist", "1", "-i"])
            .arg(self.protected);
        run.args([
            "-map",
            "0",
            "-c",
            "copy",
            "-f",
            "framehash",
            "-hash",
            "sha256",
            "-",
        ]);
        let run = Run::of(&mut run).succeeded();
        let clear = Movie::open(self.clear);
        for (stream, track) in clear.tracks.iter().enumerate() {
            assert_eq!(
                packet_hashes(&run.stdout, stream),
                hashes(&clear, track),
                "stream {stream}"
            );
        }
    }

    /// Checks that Shaka Packager decrypts every track to the clear samples.
    pub fn check_packager(&self, scheme: &str) {
        let Some(packager) = tools::packager() else {
            return tools::skip(
                "decryption by Shaka Packager",
                "PLAYREADY_PACKAGER names none",
            );
        };
        let clear = Movie::open(self.clear);
        if matches!(scheme, "cens" | "cbcs") && clear.tracks.len() > self.keys.pairs().len() {
            // Shaka Packager keeps one decryptor for each key, with the pattern of the first track: audio has no pattern, so
            // video under the same key comes out wrong. It can read both tracks only where each track type has its own key.
            return;
        }
        let folder = Scratch::new("packager");
        let mut run = Command::new(packager);
        let output = |track: &Track| folder.join(&format!("{}.mp4", track.id));
        for track in &clear.tracks {
            let stream = match &track.handler {
                b"vide" => "video",
                _ => "audio",
            };
            let (input, output) = (self.protected.display(), output(track));
            run.arg(format!(
                "in={input},stream={stream},output={}",
                output.display()
            ));
        }
        run.args([
            "--enable_raw_key_decryption",
            "--keys",
            &shaka_keys(&self.keys),
        ]);
        let run = Run::of(&mut run);
        if run.stderr.contains("Unsupported audio codec") {
            return tools::skip(
                "decryption by Shaka Packager",
                "it does not know MP3 in MP4",
            );
        }
        run.succeeded();
        for track in &clear.tracks {
            let decrypted = Movie::open(&output(track));
            same(
                &decrypt::samples(&clear, track, &Keys::default()),
                &decrypt::samples(&decrypted, &decrypted.tracks[0], &Keys::default()),
                &format!("track {} by Shaka Packager", track.id),
            );
        }
    }
}

/// Returns the number of bytes of the longest part that is equal in a clear sample, from byte `start` on, and the protected one.
/// Protection moves no byte in its sample.
pub fn longest_clear_part(clear: &[u8], protected: &[u8], start: usize) -> usize {
    let (mut longest, mut len) = (0, 0);
    for (clear, protected) in clear.iter().zip(protected).skip(start) {
        len = if clear == protected { len + 1 } else { 0 };
        longest = longest.max(len);
    }
    longest
}

/// Checks that FFmpeg 8 decodes every frame of a file under one key without a complaint.
pub fn decodes_by_ffmpeg8(file: &Path, key: &str) {
    let Some(ffmpeg) = tools::ffmpeg8() else {
        return tools::skip("decoding by FFmpeg 8", "PLAYREADY_FFMPEG8 names none");
    };
    let mut run = Command::new(ffmpeg);
    run.args(["-v", "error", "-decryption_key", key, "-i"]);
    run.arg(file).args(["-f", "null", "-"]);
    assert_eq!(Run::of(&mut run).succeeded().stderr, "");
}

fn ffmpeg_keys(pairs: &[String]) -> String {
    pairs
        .iter()
        .map(|pair| pair.replace(':', "="))
        .collect::<Vec<_>>()
        .join(":")
}

fn shaka_keys(keys: &Keys) -> String {
    keys.pairs()
        .iter()
        .enumerate()
        .map(|(index, pair)| {
            let (kid, key) = pair.split_once(':').unwrap();
            format!("label={index}:key_id={kid}:key={key}")
        })
        .collect::<Vec<_>>()
        .join(",")
}

/// Panics unless both movies have the same tracks and, decrypted, the same samples.
pub fn same_samples(clear: &Movie, protected: &Movie, keys: &Keys) {
    assert_eq!(clear.tracks.len(), protected.tracks.len(), "tracks");
    for (source, target) in clear.tracks.iter().zip(&protected.tracks) {
        assert_eq!(source.id, target.id, "track_ID");
        same(
            &decrypt::samples(clear, source, keys),
            &decrypt::samples(protected, target, keys),
            &format!("track {}", source.id),
        );
    }
}

fn same(expected: &[Vec<u8>], found: &[Vec<u8>], what: &str) {
    assert!(!expected.is_empty(), "{what} has no samples");
    assert_eq!(expected.len(), found.len(), "samples of {what}");
    let differing = differing(expected, found);
    assert!(differing.is_empty(), "{what}: samples {differing:?} differ");
}

/// The numbers of the samples that differ.
pub fn differing(expected: &[Vec<u8>], found: &[Vec<u8>]) -> Vec<usize> {
    (0..expected.len())
        .filter(|&i| expected[i] != found[i])
        .collect()
}

fn hashes(movie: &Movie, track: &Track) -> Vec<String> {
    track
        .samples
        .iter()
        .map(|sample| sha256(movie.bytes(sample)))
        .collect()
}

/// The SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    decrypt::hex(&Sha256::digest(bytes))
}

/// The hashes that FFmpeg's framehash lists for a stream. Each is the sixth field. Hashes of side data may follow it.
fn packet_hashes(list: &str, stream: usize) -> Vec<String> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(',').map(str::trim).collect::<Vec<_>>())
        .filter(|fields| fields[0] == stream.to_string())
        .map(|fields| fields[5].to_owned())
        .collect()
}

/// Checks that no counter block, and no IV of a chain, is used twice under one key, over all tracks of all movies.
pub fn no_iv_repeats(movies: &[Movie]) {
    let mut used: Vec<_> = movies
        .iter()
        .flat_map(|movie| &movie.tracks)
        .flat_map(|track| &track.samples)
        .filter_map(|sample| Some((sample.protection.as_ref()?, sample.size)))
        .filter(|(protection, _)| &protection.scheme != b"cbcs")
        .map(|(protection, size)| counter_blocks(protection, size))
        .collect();
    used.sort_unstable();
    for pair in used.windows(2) {
        let (kid, first, last) = pair[0];
        let meets = kid == pair[1].0 && first <= pair[1].1 && pair[1].1 <= last;
        assert!(
            !meets,
            "{first:032x} to {last:032x} and {:032x} meet",
            pair[1].1
        );
    }
}

/// Returns the KID, and the first and last counter block of a sample as numbers. An IV of 8 bytes is the upper half of a
/// block.
fn counter_blocks(protection: &Protection, size: usize) -> ([u8; 16], u128, u128) {
    let mut block = [0; 16];
    block[..protection.iv.len()].copy_from_slice(&protection.iv);
    let first = u128::from_be_bytes(block);
    let length = match protection.subsamples.as_slice() {
        [] => size,
        subsamples => subsamples
            .iter()
            .map(|(_, protected)| *protected as usize)
            .sum(),
    };
    (
        protection.rules.kid,
        first,
        first + length.div_ceil(16).max(1) as u128 - 1,
    )
}
