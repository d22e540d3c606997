// SPDX-License-Identifier: MPL-2.0
//! The README: each command in it runs, and it names each property.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::launch::{self, Run};
use crate::media::{Audio, Recipe, Video};
use crate::pipelines::is_protected;
use crate::scratch::Scratch;
use crate::tools::skip;

const README: &str = include_str!("../../README.md");
const TEST_SCRIPT: &str = include_str!("../../scripts/test");
const DEMO_SCRIPT: &str = include_str!("../../scripts/demo");

/// Runs what begins like this.
const PACKAGER: &str = "target/release/playready-packager ";
const PACKAGER_TEST: &str = include_str!("../../packager/tests/readme.rs");

/// Debian's Python, for which python3-gi is made.
const PYTHON: &str = "/usr/bin/python3";

/// Commands that are no pipelines, and where the tests' scripts run them.
const OTHERS: [(&str, &str, &str); 7] = [
    ("scripts/demo", TEST_SCRIPT, "\"$scripts/demo\""),
    ("scripts/test", "scripts/test", "scripts/test"),
    (
        "cargo build --release",
        DEMO_SCRIPT,
        "cargo build --locked --release",
    ),
    (
        "export GST_PLUGIN_PATH=$PWD/target/release",
        DEMO_SCRIPT,
        "use_plugin release",
    ),
    (
        "gst-inspect-1.0 playreadyenc",
        TEST_SCRIPT,
        "gst-inspect-1.0 playreadyenc",
    ),
    ("meson setup build", TEST_SCRIPT, "meson setup"),
    ("meson install -C build", TEST_SCRIPT, "meson install -C"),
];

/// The fenced blocks in a language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let fence = format!("```{language}\n");
    let mut rest = README;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(fence.as_str())?;
        let (block, behind) = behind.split_once("```")?;
        rest = behind;
        Some(block)
    })
}

fn is_pipeline(block: &str) -> bool {
    block.starts_with("gst-launch-1.0 ")
}

/// A folder with a clear file, as a reader has one.
fn folder() -> Scratch {
    let folder = Scratch::new("readme");
    let clear = Recipe::new("mp4mux fragment-duration=2000", Video::Avc, Audio::Aac);
    std::fs::copy(clear.clear(), folder.join("clear.mp4")).unwrap();
    folder
}

#[test]
fn every_pipeline_runs_as_it_stands() {
    let folder = folder();
    for block in blocks("sh").filter(|block| is_pipeline(block)) {
        let needed = ["cmafmux", "isofmp4mux"]
            .into_iter()
            .filter(|name| block.contains(name));
        if let Some(element) = launch::missing(&needed.collect::<Vec<_>>()) {
            skip(
                "readme::every_pipeline_runs_as_it_stands",
                &format!("no {element}"),
            );
            continue;
        }
        let mut shell = launch::program("sh");
        Run::of(shell.args(["-c", block]).current_dir(folder.path())).succeeded();
    }
    let files = std::fs::read_dir(folder.path()).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let mut protected = 0;
    let clear = ["clear.mp4", "clear-again.mp4"];
    for file in files.filter(|file| !clear.iter().any(|name| file.ends_with(name))) {
        let extension = file.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| extension == "mp4" || extension == "cmfv") {
            is_protected(&file, "README");
            protected += 1;
        }
    }
    assert!(protected >= 4, "only {protected} protected files");
}

#[test]
fn the_application_runs_as_it_stands() {
    let gi = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst";
    let has_gi = Path::new(PYTHON).exists()
        && Run::of(Command::new(PYTHON).args(["-c", gi]))
            .status
            .success();
    if !has_gi {
        return skip("readme::the_application_runs_as_it_stands", "no python3-gi");
    }
    let folder = folder();
    // The public seed of Microsoft's test server.
    folder.write("service.seed", "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I\n");
    for block in blocks("python") {
        let mut python = launch::program(PYTHON);
        let run = Run::of(python.args(["-c", block]).current_dir(folder.path())).succeeded();
        assert!(
            run.stdout.contains("0c1d2e3f-4051-6273-8495-a6b7c8d9eafb"),
            "{}",
            run.stdout
        );
    }
    is_protected(&folder.join("seeded.mp4"), "README");
}

#[test]
fn every_other_command_is_run_by_a_script() {
    let lines = blocks("sh")
        .filter(|block| !is_pipeline(block))
        .flat_map(str::lines);
    for line in lines {
        let command = line.split("  #").next().unwrap().trim();
        if command.starts_with(PACKAGER) {
            assert!(PACKAGER_TEST.contains(PACKAGER), "no test runs: {command}");
            continue;
        }
        let known = OTHERS.iter().find(|(known, ..)| *known == command);
        let (_, script, run) = known.unwrap_or_else(|| panic!("nothing runs: {command}"));
        assert!(script.contains(run), "no script runs: {command}");
    }
}

#[test]
fn every_property_and_signal_is_named() {
    let inspected = Run::of(launch::program("gst-inspect-1.0").arg("playreadyenc")).succeeded();
    let (_, properties) = inspected.stdout.split_once("Element Properties:").unwrap();
    let properties: BTreeSet<&str> = properties
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(": "))
        .map(|(name, _)| name.trim_end().trim_matches('"'))
        .filter(|name| !name.starts_with(' ') && !["name", "parent"].contains(name))
        .collect();
    assert!(properties.contains("key-uri"), "{properties:?}");
    for property in properties {
        assert!(README.contains(&format!("`{property}`")), "{property}");
    }
}
