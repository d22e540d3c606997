// SPDX-License-Identifier: MPL-2.0
//! Runs gst-launch-1.0 with the freshly built plugin and a registry of its own, and runs other programs under a time limit.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::{iv_ledger, tools};

const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The last line that gst-launch-1.0 prints when a pipeline fails to start. Version 1.22 sometimes hangs after it, whatever
/// the elements: it waits in a main loop that was stopped before it ran.
const GIVEN_UP: &str = "pipeline doesn't want to preroll";
const GRACE: Duration = Duration::from_secs(2);

/// A program that ended.
pub struct Run {
    /// The status with which it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a program for a minute at most.
    pub fn of(command: &mut Command) -> Self {
        Self::within(command, TIME_LIMIT)
    }

    /// Runs a program. If it takes longer than the limit, it is killed and the test fails.
    pub fn within(command: &mut Command, limit: Duration) -> Self {
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        let status = wait(&mut child, limit, || {
            stderr.has(GIVEN_UP).then(|| ExitStatus::from_raw(1 << 8))
        });
        record_outputs(command);
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

    /// Returns the run if it succeeded. Otherwise the test fails and shows the program's output.
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

/// Notes the IVs of the files that a command line names, before another run replaces them.
fn record_outputs(command: &Command) {
    let arguments = command.get_args().filter_map(OsStr::to_str);
    arguments
        .map(|argument| argument.strip_prefix("location=").unwrap_or(argument))
        .map(Path::new)
        .filter(|path| path.is_file())
        .for_each(iv_ledger::record);
}

/// The output of a program, which a separate thread collects.
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
        self.bytes
            .lock()
            .unwrap()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    fn text(self) -> String {
        self.thread.join().unwrap();
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}

/// Waits for a child. At the limit it kills the child and returns None.
///
/// A child that still runs two seconds after `given_up` reported its status is killed too. It counts as ended with that
/// status.
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

/// Runs gst-launch-1.0 on a pipeline in its own language. Quotes hold a value with spaces together. Warnings are fatal.
pub fn pipeline(line: &str) -> Run {
    Run::of(
        command()
            .args(["-q", "--gst-fatal-warnings"])
            .args(words(line)),
    )
}

/// A command that runs gst-launch-1.0 in the tests' environment, without arguments.
pub fn command() -> Command {
    program("gst-launch-1.0")
}

/// A command that runs a program in an environment where it finds the plugin under test.
pub fn program(name: impl AsRef<OsStr>) -> Command {
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

/// Returns whether GStreamer has an element. Any version will do, since plugins in Rust have version numbers of their own.
pub fn has(element: &str) -> bool {
    static KNOWN: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&known) = known().get(element) {
        return known;
    }
    let found =
        Run::of(program("gst-inspect-1.0").args(["--exists", "--atleast-version=0.0.0", element]))
            .status
            .success();
    known().insert(element.to_owned(), found);
    found
}

/// The first element of a list that GStreamer lacks.
pub fn missing<'a>(elements: &[&'a str]) -> Option<&'a str> {
    elements.iter().find(|element| !has(element)).copied()
}

/// A folder with links to the plugin under test, to the fragment muxers and to hlscmafsink. GStreamer scans no other folder.
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

/// Copies a file into a folder unless an equal one is there.
fn replace(file: &Path, folder: &Path) {
    let target = folder.join(file.file_name().unwrap());
    let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    if modified(&target) < modified(file) {
        // Several processes of one test run may do this at the same time.
        let fresh = target.with_extension(format!("new-{}", std::process::id()));
        std::fs::copy(file, &fresh).unwrap();
        std::fs::rename(&fresh, &target).unwrap();
    }
}

/// Builds targets that `cargo test` does not build, such as the plugin, and returns their folder.
pub fn build(targets: &[&str]) -> PathBuf {
    let folder = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned();
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
