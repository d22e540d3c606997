// SPDX-License-Identifier: MPL-2.0
//! Runs gst-launch-1.0 with the freshly built plugin and a registry of its own, and other programs under a time limit.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::tools;

const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The last words of gst-launch-1.0 when a pipeline fails at its start. Version 1.22 at times never ends after them, with
/// whatever elements: it waits in a main loop that was told to quit before it ran.
const GIVEN_UP: &str = "pipeline doesn't want to preroll";
const GRACE: Duration = Duration::from_secs(2);

/// A program that ended.
pub struct Run {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs a program for at most a minute.
    pub fn of(command: &mut Command) -> Self {
        Self::within(command, TIME_LIMIT)
    }

    /// Runs a program and kills it, and the test, when it takes longer than the limit.
    pub fn within(command: &mut Command, limit: Duration) -> Self {
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        let given_up = || stderr.has(GIVEN_UP).then(|| ExitStatus::from_raw(1 << 8));
        let status = wait(&mut child, limit, given_up);
        let (stdout, stderr) = (stdout.text(), stderr.text());
        let Some(status) = status else {
            panic!("{command:?} still runs after {limit:?}\n{stderr}");
        };
        Self {
            status,
            stdout,
            stderr,
        }
    }

    /// The run, if it succeeded; else the test ends with what the program said.
    pub fn succeeded(self) -> Self {
        assert!(
            self.status.success(),
            "{}\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// The output of a program, collected on a separate thread.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut block = vec![0; 1 << 16];
            while let count @ 1.. = pipe.read(&mut block).unwrap() {
                collected.lock().unwrap().extend_from_slice(&block[..count]);
            }
        });
        Self { bytes, thread }
    }

    fn has(&self, text: &str) -> bool {
        let bytes = self.bytes.lock().unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    fn text(self) -> String {
        self.thread.join().unwrap();
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}

/// Waits for a child; at the limit kills it and returns None.
///
/// A child that still runs two seconds after `given_up` told its status is killed too, and counts as ended with it.
pub fn wait(
    child: &mut Child,
    limit: Duration,
    given_up: impl Fn() -> Option<ExitStatus>,
) -> Option<ExitStatus> {
    let mut deadline = Instant::now() + limit;
    let mut told = None;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
        if told.is_none() {
            told = given_up();
            if told.is_some() {
                deadline = Instant::now() + GRACE;
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    told
}

/// gst-launch-1.0 on a pipeline in its own language; quotes hold a value with spaces together. Warnings are fatal.
pub fn pipeline(line: &str) -> Run {
    let options = ["-q", "--gst-fatal-warnings"];
    Run::of(command().args(options).args(words(line)))
}

/// gst-launch-1.0 in the tests' environment, without arguments.
pub fn command() -> Command {
    program("gst-launch-1.0")
}

/// A program in an environment where it finds the plugin under test.
pub fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let plugins = plugins();
    let mut command = Command::new(name);
    command
        .env("GST_PLUGIN_PATH", plugins)
        .env("GST_REGISTRY", plugins.with_file_name("registry.bin"))
        .env("NO_COLOR", "1")
        .env_remove("GST_PLUGIN_PATH_1_0")
        .env_remove("GST_DEBUG");
    command
}

/// The arguments of a command line in which double quotes hold words together.
pub fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c.is_whitespace() && !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// True if GStreamer has an element of any version, since plugins in Rust have version numbers of their own.
pub fn has(element: &str) -> bool {
    static KNOWN: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&known) = known().get(element) {
        return known;
    }
    let mut inspect = program("gst-inspect-1.0");
    let run = Run::of(inspect.args(["--exists", "--atleast-version=0.0.0", element]));
    let found = run.status.success();
    known().insert(element.to_owned(), found);
    found
}

/// The first element of a list that GStreamer has not.
pub fn missing<'a>(elements: &[&'a str]) -> Option<&'a str> {
    elements.iter().find(|element| !has(element)).copied()
}

/// A folder with links to the plugin under test, to the fragment muxers and to hlscmafsink, and nothing else for GStreamer to scan.
fn plugins() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let built = build(&["--lib"]);
        let folder = built.join("suite").join("plugins");
        std::fs::create_dir_all(&folder).unwrap();
        replace(&built.join("libgstplayready.so"), &folder);
        if let Some(muxers) = tools::fragment_muxers() {
            replace(&muxers.join("libgstfmp4.so"), &folder);
            let hls = muxers.join("libgsthlssink3.so");
            if hls.exists() {
                replace(&hls, &folder);
            }
        }
        folder
    })
}

/// Puts a copy of a file into a folder if the one there is not the same.
fn replace(file: &Path, folder: &Path) {
    let target = folder.join(file.file_name().unwrap());
    let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    if modified(&target) < modified(file) {
        // Several processes of one run may do this at a time.
        let fresh = target.with_extension(format!("new-{}", std::process::id()));
        std::fs::copy(file, &fresh).unwrap();
        std::fs::rename(&fresh, &target).unwrap();
    }
}

/// Builds what `cargo test` does not, as the plugin, and returns the folder it is in.
pub fn build(targets: &[&str]) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().to_owned();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .arg("build")
        .args(targets)
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(tools::project());
    Run::within(&mut cargo, Duration::from_secs(1800)).succeeded();
    folder
}
