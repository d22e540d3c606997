// SPDX-License-Identifier: MPL-2.0
//! Every script in pipelines/ runs to its end, and its output is protected.

use std::path::{Path, PathBuf};

use crate::boxes::top_level;
use crate::launch::{self, Run};
use crate::movie::Movie;
use crate::samples::no_iv_repeats;
use crate::scratch::Scratch;
use crate::sink::Published;
use crate::tools::skip;

/// The status that a script returns when an element that it needs is missing.
const SKIPPED: i32 = 77;

#[test]
fn every_pipeline_of_the_folder_runs_and_leaves_protected_files_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let scripts = files_with(&folder, "sh");
    assert!(!scripts.is_empty(), "no scripts in {}", folder.display());
    for script in scripts {
        let output = Scratch::new("pipeline");
        let run = Run::of(launch::program("sh").arg(&script).arg(output.path()));
        let name = script.file_name().unwrap().to_string_lossy();
        if run.status.code() == Some(SKIPPED) {
            skip(&format!("pipelines/{name}"), run.stderr.trim());
            continue;
        }
        assert!(run.status.success(), "{name}: {}{}", run.stdout, run.stderr);
        let channel = output.join("channel");
        if channel.exists() {
            let published = Published::read(&channel);
            published.check_files();
            no_iv_repeats(&published.protected_parts());
            continue;
        }
        let files = files_with(output.path(), "mp4");
        assert!(!files.is_empty(), "{name} wrote no .mp4 file");
        let movies: Vec<Movie> = files.iter().map(|file| is_protected(file, &name)).collect();
        no_iv_repeats(&movies);
    }
}

/// Checks that each `moov` of a file has only protected tracks, and that samples follow one.
pub fn is_protected(file: &Path, script: &str) -> Movie {
    let movie = Movie::open(file);
    let moovs = top_level(&movie.file)
        .iter()
        .filter(|piece| piece.kind == *b"moov")
        .count();
    assert_eq!(moovs, 1, "{script}: moov boxes in {}", file.display());
    all_protected(&movie, &format!("{script}: {}", file.display()));
    movie
}

/// Checks that all tracks have samples, and only protected ones.
pub fn all_protected(movie: &Movie, name: &str) {
    for track in &movie.tracks {
        let is_protected = track.entries[0].tenc.is_some();
        assert!(is_protected, "{name} has a clear track");
        assert!(!track.samples.is_empty(), "{name}");
        assert!(
            track
                .samples
                .iter()
                .all(|sample| sample.protection.is_some()),
            "{name}"
        );
    }
}

fn files_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}
