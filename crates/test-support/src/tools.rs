// SPDX-License-Identifier: MPL-2.0
//! Finds the external tools and vectors of the tests. A test whose tools are missing is reported as skipped, by name.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::launch::Run;

/// Reports on stderr, past the capture of the test harness, that a test or a part of it did not run. Appends this to the
/// file that PLAYREADY_SKIPPED names, for a summary at the end.
pub fn skip(name: &str, why: &str) {
    let line = format!("{name}: {why}\n");
    // The test harness would capture the print macros.
    std::io::stderr()
        .write_all(format!("skipped: {line}").as_bytes())
        .unwrap();
    if let Some(list) = std::env::var_os("PLAYREADY_SKIPPED") {
        File::options()
            .append(true)
            .create(true)
            .open(list)
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }
}

/// The folder of vectors: that of PLAYREADY_VECTORS, or `../shared/vectors` next to the project.
pub fn vectors() -> Option<PathBuf> {
    existing(
        std::env::var_os("PLAYREADY_VECTORS")
            .map_or_else(|| shared().join("vectors"), PathBuf::from),
    )
}

/// The folder of oracles.
pub fn oracles() -> Option<PathBuf> {
    existing(shared().join("oracles"))
}

/// The oracle that checks sample by sample, if Python has the ciphers that it needs.
pub fn cencbox() -> Option<PathBuf> {
    static HAS_CIPHERS: OnceLock<bool> = OnceLock::new();
    oracles()
        .filter(|_| *HAS_CIPHERS.get_or_init(|| python_has("Crypto")))
        .map(|folder| folder.join("cencbox.py"))
}

/// The oracle of CPIX documents, if Python has the modules that it and its demonstration need.
pub fn cpix_oracle() -> Option<PathBuf> {
    oracles()
        .filter(|_| python_has("lxml, cryptography, xmlsec"))
        .map(|folder| folder.join("cpix_oracle.py"))
}

/// Returns whether Python can import these modules.
pub fn python_has(modules: &str) -> bool {
    Command::new(python())
        .args(["-c", &format!("import {modules}")])
        .output()
        .is_ok_and(|run| run.status.success())
}

/// The script that plays files in a browser.
pub fn browser_check() -> Option<PathBuf> {
    existing(shared().join("browser-check/bcheck.py"))
}

/// The Python that runs the oracles.
pub fn python() -> PathBuf {
    std::env::var_os("PLAYREADY_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

/// Debian's Python, for which Debian packages GStreamer's bindings. Without these, the test is reported as skipped.
pub fn python_with_gstreamer(test: &str) -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<&Path>> = OnceLock::new();
    let found = *PYTHON.get_or_init(|| {
        let python = Path::new("/usr/bin/python3");
        let import =
            "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gio, GLib, Gst";
        Command::new(python)
            .args(["-c", import])
            .output()
            .is_ok_and(|run| run.status.success())
            .then_some(python)
    });
    if found.is_none() {
        skip(test, "no python3-gi");
    }
    found
}

/// The binary of Shaka Packager.
pub fn packager() -> Option<PathBuf> {
    tool("PLAYREADY_PACKAGER", &["packager", "packager-linux-x64"])
}

/// FFmpeg of version 8 or later, which decrypts several fragments without a `sidx`.
pub fn ffmpeg8() -> Option<PathBuf> {
    let found = tool("PLAYREADY_FFMPEG8", &["ffmpeg"])?;
    let major: u32 = Run::of(Command::new(&found).arg("-version"))
        .stdout
        .split("version ")
        .nth(1)?
        .trim_start_matches('n')
        .split('.')
        .next()?
        .parse()
        .ok()?;
    (major >= 8).then_some(found)
}

/// The FFmpeg of the system.
pub fn ffmpeg() -> Option<PathBuf> {
    tool("PLAYREADY_FFMPEG", &["ffmpeg"])
}

/// The browser Chromium.
pub fn chromium() -> Option<PathBuf> {
    tool("CHROMIUM", &["chromium"])
}

/// The folder with Shaka Player, dash.js, hls.js and rx-player, a file each.
pub fn players() -> Option<PathBuf> {
    existing(std::env::var_os("PLAYREADY_PLAYERS")?.into())
}

/// A folder with libgstfmp4.so, the plugin of isofmp4mux, cmafmux and dashmp4mux. libgsthlssink3.so for hlscmafsink may be
/// there too.
pub fn fragment_muxers() -> Option<PathBuf> {
    std::env::var_os("PLAYREADY_TEST_PLUGINS")
        .map(PathBuf::from)
        .into_iter()
        .chain(
            ["release", "debug"]
                .map(|profile| project().join("tests/fmp4mux/target").join(profile)),
        )
        .find(|place| place.join("libgstfmp4.so").exists())
}

/// The folder of the root package.
pub fn project() -> &'static Path {
    static PROJECT: OnceLock<PathBuf> = OnceLock::new();
    PROJECT.get_or_init(|| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap()
            .to_owned()
    })
}

/// Cargo's folder for the scratch files of tests, below the target folder from which this process runs.
pub fn scratch_root() -> PathBuf {
    std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(3)
        .unwrap()
        .join("tmp")
}

/// The folder of vectors. If it is absent, the test is reported as skipped.
pub fn vectors_for(test: &str) -> Option<PathBuf> {
    let found = vectors().filter(|folder| folder.join("MANIFEST.json").is_file());
    if found.is_none() {
        skip(test, "no ../shared/vectors");
    }
    found
}

fn shared() -> PathBuf {
    project().join("../shared")
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.exists().then_some(path)
}

/// The path in an environment variable, else the first of the names that is found in PATH.
fn tool(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(given) = std::env::var_os(variable).filter(|given| !given.is_empty()) {
        let given = PathBuf::from(given);
        assert!(
            given.exists(),
            "{variable} names {}, which is not there",
            given.display()
        );
        return Some(given);
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |f| f.join(name)))
        .find(|candidate| candidate.is_file())
}
