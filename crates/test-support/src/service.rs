// SPDX-License-Identifier: MPL-2.0
//! Programs such as PostgreSQL that run while a test does, in a folder of their own, as a user who is not root. They end with the test,
//! or with the process of the tests.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::launch::Run;

/// The start of the folders' names. The id of the process follows.
const FOLDER: &str = "playready-service-";

/// A program that runs until it is dropped.
pub(crate) struct Service {
    end: mpsc::Sender<&'static str>,
    thread: JoinHandle<()>,
}

impl Service {
    /// Starts a program on a thread that lasts as long: the program ends with the thread that started it. Its standard error goes
    /// to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(
            fs::File::options()
                .create(true)
                .append(true)
                .open(log)
                .unwrap(),
        );
        let (sender, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut child = command.spawn().unwrap();
            while child.try_wait().unwrap().is_none() {
                match ended.recv_timeout(Duration::from_millis(50)) {
                    Ok(name) => return end(child, name),
                    Err(RecvTimeoutError::Disconnected) => return end(child, "KILL"),
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        });
        Self {
            end: sender,
            thread,
        }
    }

    /// Sends a signal and waits for the end of the program.
    pub(crate) fn end(self, signal: &'static str) {
        let _ = self.end.send(signal);
        let _ = self.thread.join();
    }

    /// True if the program has not ended by itself.
    pub(crate) fn runs(&self) -> bool {
        !self.thread.is_finished()
    }
}

fn end(mut child: Child, signal: &str) {
    let id = child.id().to_string();
    // It may have ended.
    let _ = Command::new("kill").args(["-s", signal, &id]).status();
    child.wait().unwrap();
}

/// Makes a folder that the user who is not root owns. It is not below the target folder, which that user may be unable to reach, and
/// its path is short enough for sockets.
pub(crate) fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    sweep();
    let folder = std::env::temp_dir().join(format!("{FOLDER}{}-{count}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    folder
}

/// Gives a folder and what is in it to the user who is not root.
pub(crate) fn give(folder: &Path) {
    if is_root() {
        succeed(Command::new("chown").args(["-R", "postgres:"]).arg(folder));
    }
}

/// Removes the folders of processes that were killed.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name
            .strip_prefix(FOLDER)
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A command that runs as a user who is not root, and that ends when its parent does.
pub(crate) fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.current_dir("/");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Waits until `is_done` returns true. After a minute the test fails with `what`.
pub(crate) fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_done() {
        assert!(Instant::now() < end, "{what}");
        sleep_a_moment();
    }
}

pub(crate) fn sleep_a_moment() {
    sleep(Duration::from_millis(20));
}

pub(crate) fn succeed(command: &mut Command) {
    Run::of(command).succeeded();
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
