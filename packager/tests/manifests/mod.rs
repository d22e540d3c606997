// SPDX-License-Identifier: MPL-2.0
//! Segments and manifests by Shaka Packager and FFmpeg, clear and protected.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::{iv_ledger, tools};

pub const KID: &str = "339c45b5fb6d4bd9994ceabd9d41c95b";
pub const KEY: &str = "a537cdc0ca65841406d525e7bf22d754";
const AUDIO_KID: &str = "10000000100010001000100000000001";
const AUDIO_KEY: &str = "5b7d5b7d5b7d5b7d5b7d5b7d5b7d5b7d";
/// A file with video and audio of 8 seconds.
pub const CLEAR: &str = "clear/o-avaac-prog/prog_8s.mp4";

/// The folder of a test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        iv_ledger::except("the folder has parts and copies of protected files");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("manifest")
            .join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    pub fn packager(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
        let output = program.current_dir(&self.0).args(arguments).output();
        iv_ledger::record(&self.0);
        output.unwrap()
    }

    pub fn manifest(&self, arguments: &[&str]) -> String {
        let output = self.packager(&[&["manifest"], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn refused(&self, arguments: &[&str], (code, why): (i32, &str)) {
        let output = self.packager(&[&["manifest"], arguments].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(why), "{why} not in {stderr}");
    }

    pub fn run(&self, tool: &Path, arguments: &[&str]) -> Vec<u8> {
        let run = Command::new(tool)
            .current_dir(&self.0)
            .args(arguments)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{arguments:?}: {stderr}");
        run.stdout
    }
}

/// Returns a text without the lines that contain `word`.
pub fn without(text: &str, word: &str) -> String {
    text.split_inclusive('\n')
        .filter(|line| !line.contains(word))
        .collect()
}

/// Segments, an MPD and playlists of Shaka Packager. With `keys` they are protected.
fn shaka(test: &str, keys: &[&str]) -> Option<Folder> {
    let clear = tools::vectors_for(test)?.join(CLEAR);
    let clear = fs::canonicalize(clear).unwrap().display().to_string();
    let Some(packager) = std::env::var_os("PLAYREADY_PACKAGER").map(PathBuf::from) else {
        tools::skip(test, "no Shaka Packager");
        return None;
    };
    let folder = Folder::new(&format!("{test}-{}", keys.len()).replace(':', "-"));
    let stream = |kind, more: &str| {
        format!(
            "in={clear},stream={kind},init_segment={kind}.mp4,segment_template={kind}_$Number$.m4s,playlist_name={kind}.m3u8{more}"
        )
    };
    let (video, audio) = (
        stream("video", ""),
        stream("audio", ",hls_group_id=audio,hls_name=en"),
    );
    let manifests = [
        "--mpd_output",
        "stream.mpd",
        "--hls_master_playlist_output",
        "main.m3u8",
    ];
    let arguments = [&[video.as_str(), &audio][..], &manifests, keys].concat();
    folder.run(&packager, &arguments);
    Some(folder)
}

/// Clear manifests of protected files, and the manifests that Shaka Packager writes for these files.
pub fn shaka_pair(test: &str) -> Option<(Folder, Folder)> {
    let clear = shaka(test, &[])?;
    let keys =
        format!("label=AUDIO:key_id={AUDIO_KID}:key={AUDIO_KEY},label=SD:key_id={KID}:key={KEY}");
    let systems = "PlayReady,Widevine,Common";
    let options = [
        "--enable_raw_key_encryption",
        "--keys",
        &keys,
        "--protection_systems",
        systems,
        "--clear_lead",
        "0",
    ];
    let protected = shaka(test, &options)?;
    for name in ["video.mp4", "audio.mp4"] {
        fs::copy(protected.0.join(name), clear.0.join(name)).unwrap();
    }
    Some((clear, protected))
}

/// Returns the bytes before the first `moof` of a fragmented file, and each fragment.
fn parts(file: &[u8]) -> Vec<Vec<u8>> {
    let (mut parts, mut rest) = (vec![Vec::new()], file);
    while let Some((size, _)) = rest.split_first_chunk::<4>() {
        let (whole, behind) = rest.split_at(u32::from_be_bytes(*size).try_into().unwrap());
        parts.last_mut().unwrap().extend(whole);
        if [&b"moov"[..], b"mdat"].contains(&whole.get(4..8).unwrap()) {
            parts.push(Vec::new());
        }
        rest = behind;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Segments with FFmpeg's MPD and playlists. `protect` later processes each stream as a whole.
pub fn ffmpeg(test: &str) -> Option<(Folder, PathBuf)> {
    let clear = fs::canonicalize(tools::vectors_for(test)?.join(CLEAR)).unwrap();
    let ffmpeg = PathBuf::from("ffmpeg");
    if !Command::new(&ffmpeg)
        .arg("-version")
        .output()
        .is_ok_and(|run| run.status.success())
    {
        tools::skip(test, "no ffmpeg");
        return None;
    }
    let folder = Folder::new(&test.replace(':', "-"));
    let input = clear.display().to_string();
    let arguments = [
        "-v",
        "error",
        "-i",
        &input,
        "-map",
        "0",
        "-c",
        "copy",
        "-f",
        "dash",
        "-seg_duration",
        "2",
    ];
    let names = [
        "-init_seg_name",
        "init$RepresentationID$.mp4",
        "-media_seg_name",
        "$RepresentationID$-$Number$.m4s",
    ];
    folder.run(
        &ffmpeg,
        &[
            &arguments[..],
            &names,
            &["-hls_playlist", "1", "stream.mpd"],
        ]
        .concat(),
    );
    Some((folder, ffmpeg))
}

/// Protects a stream. Its segments keep their names.
pub fn protect(folder: &Folder, stream: &str, options: &[&str]) {
    let uri = format!("file://{}", folder.0.join("film.keys").display());
    protect_by(
        folder,
        stream,
        &[&["--key-uri", &uri, "--json"], options].concat(),
    );
}

/// Protects a stream with the keys in `options` and returns the report.
pub fn protect_by(folder: &Folder, stream: &str, options: &[&str]) -> Value {
    let names: Vec<_> = std::iter::once(format!("init{stream}.mp4"))
        .chain((1..).map(|number| format!("{stream}-{number}.m4s")))
        .take_while(|name| folder.0.join(name).exists())
        .collect();
    let segments = names
        .iter()
        .map(|name| fs::read(folder.0.join(name)).unwrap());
    folder.write("whole.mp4", segments.collect::<Vec<_>>().concat());
    let whole = ["protect", "whole.mp4", "protected.mp4"];
    let output = folder.packager(&[&whole[..], options].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let parts = parts(&fs::read(folder.0.join("protected.mp4")).unwrap());
    assert_eq!(parts.len(), names.len());
    for (name, part) in names.iter().zip(parts) {
        folder.write(name, part);
    }
    serde_json::from_slice(&output.stdout).unwrap()
}
