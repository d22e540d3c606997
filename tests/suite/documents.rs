// SPDX-License-Identifier: MPL-2.0
//! README.md and docs/*.md: each command in them runs, and they list each property and each dependency.

use std::path::{Path, PathBuf};

use crate::boxes::top_level;
use crate::house_rules::rust_files;
use crate::launch::{self, Run};
use crate::media::{Audio, Recipe, Video};
use crate::pipelines::is_protected;
use crate::scratch::Scratch;
use crate::tools::{python_with_gstreamer, skip};

/// Compares the tables of properties with gst-inspect-1.0.
mod properties;

const TEST_SCRIPT: &str = include_str!("../../scripts/test");
const DEMO_SCRIPT: &str = include_str!("../../scripts/demo");

/// The start of a packager command. A test of the packager runs these commands.
const PACKAGER: &str = "target/release/playready-packager ";
const PACKAGER_TEST: &str = include_str!("../../packager/tests/documents.rs");

/// A command that is no pipeline, with the script that runs it.
struct ScriptCommand {
    command: &'static str,
    script: &'static str,
    /// The command in the words of the script.
    in_script: &'static str,
}

const SCRIPT_COMMANDS: [ScriptCommand; 7] = [
    ScriptCommand {
        command: "scripts/demo",
        script: TEST_SCRIPT,
        in_script: "\"$scripts/demo\"",
    },
    ScriptCommand {
        command: "scripts/test",
        script: include_str!("../../.ci/run"),
        in_script: "exec scripts/test",
    },
    ScriptCommand {
        command: "cargo build --release",
        script: DEMO_SCRIPT,
        in_script: "cargo build --locked --release",
    },
    ScriptCommand {
        command: "export GST_PLUGIN_PATH=$PWD/target/release",
        script: DEMO_SCRIPT,
        in_script: "use_plugin release",
    },
    ScriptCommand {
        command: "gst-inspect-1.0 playreadyenc",
        script: TEST_SCRIPT,
        in_script: "gst-inspect-1.0 playreadyenc",
    },
    ScriptCommand {
        command: "meson setup build",
        script: TEST_SCRIPT,
        in_script: "meson setup",
    },
    ScriptCommand {
        command: "meson install -C build",
        script: TEST_SCRIPT,
        in_script: "meson install -C",
    },
];

/// A Markdown file.
struct Document {
    name: String,
    text: String,
}

impl Document {
    /// A file of the repository.
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: std::fs::read_to_string(root().join(name)).unwrap(),
        }
    }

    /// README.md and docs/*.md.
    fn all() -> Vec<Self> {
        let docs = std::fs::read_dir(root().join("docs")).unwrap();
        let docs = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let docs = docs.filter(|name| name.ends_with(".md"));
        std::iter::once("README.md".to_owned())
            .chain(docs.map(|name| format!("docs/{name}")))
            .map(|name| Self::named(&name))
            .collect()
    }

    /// The fenced blocks in a language.
    fn blocks(&self, language: &str) -> Vec<&str> {
        let fence = format!("```{language}\n");
        self.text
            .split(fence.as_str())
            .skip(1)
            .map(|block| block.split("```").next().unwrap())
            .collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn is_pipeline(block: &str) -> bool {
    block.starts_with("gst-launch-1.0 ")
}

/// A folder with a clear file and subtitles, such as a reader of the document has.
fn folder() -> Scratch {
    let folder = Scratch::new("documents");
    let clear = Recipe::new("mp4mux fragment-duration=2000", Video::Avc, Audio::Aac);
    std::fs::copy(clear.clear(), folder.join("clear.mp4")).unwrap();
    folder.write(
        "en.vtt",
        "WEBVTT\n\n00:01.000 --> 00:03.000\nGood evening\n",
    );
    folder.write("de.srt", "1\n00:00:01,000 --> 00:00:03,000\nGuten Abend\n");
    folder
}

/// Runs a document's pipelines and returns the number of protected files that they wrote.
fn run_pipelines(document: &Document) -> usize {
    let folder = folder();
    for block in document.blocks("sh").into_iter().filter(|b| is_pipeline(b)) {
        let needed = ["cmafmux", "isofmp4mux"]
            .into_iter()
            .filter(|name| block.contains(name));
        if let Some(element) = launch::missing(&needed.collect::<Vec<_>>()) {
            let test = format!("documents: a pipeline of {}", document.name);
            skip(&test, &format!("no {element}"));
            continue;
        }
        let mut shell = launch::program("sh");
        Run::of(shell.args(["-ec", block]).current_dir(folder.path())).succeeded();
    }
    let clear = ["clear.mp4", "clear-again.mp4"];
    let protected: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|e| e == "mp4" || e == "cmfv"))
        .filter(|file| !clear.iter().any(|name| file.ends_with(name)))
        .collect();
    for file in &protected {
        is_protected(file, &document.name);
    }
    protected.len()
}

#[test]
fn every_pipeline_of_the_readme_runs_as_it_stands() {
    assert!(run_pipelines(&Document::named("README.md")) >= 2);
}

#[test]
fn every_pipeline_of_the_other_documents_runs_as_it_stands() {
    let mut documents = Document::all();
    documents.retain(|document| document.name != "README.md");
    let has_pipeline = |document: &&Document| document.blocks("sh").iter().any(|b| is_pipeline(b));
    let protected = documents.iter().filter(has_pipeline).map(run_pipelines);
    assert!(protected.sum::<usize>() >= 3);
}

/// The pipeline that writes a file for each fragment makes three files of two seconds each.
#[test]
fn pipeline_of_a_file_for_each_fragment_writes_one() {
    let test = "documents::pipeline_of_a_file_for_each_fragment_writes_one";
    if let Some(element) = launch::missing(&["isofmp4mux"]) {
        return skip(test, &format!("no {element}"));
    }
    let document = Document::named("docs/elements.md");
    let mut blocks = document.blocks("sh").into_iter();
    let block = blocks.find(|block| block.contains("location=segment-%03d.mp4"));
    let folder = folder();
    let mut shell = launch::program("sh");
    Run::of(
        shell
            .args(["-ec", block.unwrap()])
            .current_dir(folder.path()),
    )
    .succeeded();
    for number in 0..3 {
        let file = folder.join(&format!("segment-{number:03}.mp4"));
        let movie = is_protected(&file, &document.name);
        let samples = movie.tracks[0].samples.len();
        assert_eq!(samples, 50, "{}", file.display());
        let pieces = top_level(&movie.file);
        let fragments = pieces.iter().filter(|piece| piece.kind == *b"moof");
        assert_eq!(fragments.count(), 1, "{}", file.display());
    }
    assert!(!folder.join("segment-003.mp4").exists());
}

#[test]
fn every_application_runs_as_it_stands() {
    let test = "documents::every_application_runs_as_it_stands";
    let Some(python) = python_with_gstreamer(test) else {
        return;
    };
    let folder = folder();
    // The public seed of Microsoft's test server.
    folder.write("service.seed", "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I\n");
    folder.write("period-0.key", "00112233445566778899aabbccddeeff\n");
    for document in Document::all() {
        for block in document.blocks("python") {
            let mut application = launch::program(python);
            application.args(["-c", block]).current_dir(folder.path());
            let run = Run::of(&mut application).succeeded();
            let has_kid = run.stdout.contains("0c1d2e3f-4051-6273-8495-a6b7c8d9ea");
            assert!(has_kid, "{}: {}{}", document.name, run.stdout, run.stderr);
        }
    }
    is_protected(&folder.join("seeded.mp4"), "docs/elements.md");
    is_protected(&folder.join("requested.mp4"), "docs/keys.md");
}

#[test]
fn every_other_command_is_run_by_a_script() {
    for document in Document::all() {
        let blocks = document.blocks("sh").into_iter();
        for line in blocks.filter(|b| !is_pipeline(b)).flat_map(str::lines) {
            let command = line.split("  #").next().unwrap().trim();
            if command.starts_with(PACKAGER) {
                assert!(PACKAGER_TEST.contains(PACKAGER), "no test runs: {command}");
                continue;
            }
            let known = SCRIPT_COMMANDS
                .iter()
                .find(|known| known.command == command)
                .unwrap_or_else(|| panic!("{}: nothing runs: {command}", document.name));
            let is_run = known.script.contains(known.in_script);
            assert!(is_run, "no script runs: {command}");
        }
    }
}

#[test]
fn every_link_leads_to_a_file() {
    let others = ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
    let others = others.map(Document::named);
    for document in Document::all().iter().chain(&others) {
        let file = root().join(&document.name);
        for target in document.text.split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap();
            let is_local = !target.is_empty() && !target.contains("://");
            let path = file.parent().unwrap().join(target);
            assert!(!is_local || path.exists(), "{}: {target}", document.name);
        }
    }
}

#[test]
fn every_named_file_of_the_repository_exists() {
    let folders = ["crates/", "src/", "key-server/", "packager/", "tests/"];
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = Document::named(name).text;
        text.split('`')
            .filter(|path| folders.iter().any(|folder| path.starts_with(folder)))
            .filter(|path| !path.contains('<'))
            .for_each(|path| assert!(root().join(path).exists(), "{name}: {path}"));
    }
}

#[test]
fn every_message_is_in_the_code() {
    let code: String = ["src", "crates", "key-server/src"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|file| std::fs::read_to_string(file).unwrap())
        // A message may take several lines.
        .map(|text| text.split("\\\n").map(str::trim_start).collect::<String>())
        .collect();
    let document = Document::named("docs/troubleshooting.md");
    let tables = document.text.split("\n| message | ").skip(1);
    let rows = tables.flat_map(|table| table.lines().take_while(|line| !line.is_empty()).skip(2));
    let messages = rows.map(|row| row[2..].split(" | ").next().unwrap());
    for part in messages.flat_map(|message| message.split('…')) {
        assert!(code.contains(part.trim()), "no message has: {part}");
    }
}

#[test]
fn every_dependency_has_a_reason() {
    let reasons = Document::named("docs/dependencies.md").text;
    let names: Vec<&str> = reasons
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|names| names.split([',', ' ', '(', ')']))
        .collect();
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, table) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let table = table.split("\n[").next().unwrap();
    for line in table.lines().filter(|line| !line.contains("path = ")) {
        let Some((name, value)) = line.split_once(" = ") else {
            continue;
        };
        let package = value.split_once("package = \"").map(|(_, rest)| rest);
        let package = package.and_then(|rest| rest.split('"').next());
        let name = package.unwrap_or(name);
        assert!(names.contains(&name), "docs/dependencies.md has no {name}");
    }
}
