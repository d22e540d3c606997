// SPDX-License-Identifier: MPL-2.0
//! The page of `playready-packager serve`: operators' tasks in a browser, on a server with a new store.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use test_support::tools;

const TOKEN: &str = "the-token-of-this-test-which-is-long-enough";

/// A server that is stopped when it is dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let token = folder.join("token");
        fs::write(&token, TOKEN).unwrap();
        fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
        // The page shows the address that was given, so it must not be port 0.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let listen = port.unwrap().to_string();
        let database = format!("sqlite://{}", folder.join("store/keys.db").display());
        let mut process = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
            .args(["serve", "--listen", &listen, "--log", "json"])
            .args(["--allow-private-targets", "--database", &database])
            .arg("--admin-token-file")
            .arg(&token)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = log.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("\"address\":\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        });
        // If nobody reads its output, the server blocks once the pipe is full.
        thread::spawn(move || log.for_each(drop));
        Self {
            process,
            url: format!("http://{}", address.unwrap()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn operators_do_all_their_tasks_on_the_page() {
    let has_modules = tools::python_has("axe_playwright_python, cryptography, playwright");
    let Some(chromium) = tools::chromium().filter(|_| has_modules) else {
        let why = "no Chromium, or no Python with tests/requirements.txt";
        return tools::skip("page", why);
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let server = Server::start(&folder);
    let walk = Command::new(tools::python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/walk.py"))
        .env("PAGE_URL", &server.url)
        .env("PAGE_TOKEN", TOKEN)
        .env("PAGE_COPIED", folder.join("copied.sh"))
        .env("CHROMIUM", chromium)
        .output()
        .unwrap();
    let said = [walk.stdout, walk.stderr].concat();
    assert!(walk.status.success(), "{}", String::from_utf8_lossy(&said));
    protect_as_copied(&folder);
}

/// Runs the command that the walk has copied from the page, as it is.
fn protect_as_copied(folder: &Path) {
    let element = Command::new("gst-inspect-1.0").arg("playreadyenc").output();
    if !element.is_ok_and(|found| found.status.success()) {
        return tools::skip("page: the copied command", "the plugin is not built");
    }
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc=duration=1",
            "-f",
            "lavfi",
            "-i",
            "sine=duration=1",
        ])
        .args(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"])
        .arg(folder.join("clear.mp4"))
        .status();
    assert!(made.unwrap().success());
    let credentials = folder.join("packager.auth");
    fs::write(&credentials, format!("bearer {TOKEN}\n")).unwrap();
    fs::set_permissions(&credentials, Permissions::from_mode(0o600)).unwrap();
    let pasted = Command::new("bash")
        .arg(folder.join("copied.sh"))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [pasted.stdout, pasted.stderr].concat();
    assert!(
        pasted.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
    let inspected = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
        .arg("inspect")
        .arg(folder.join("protected.mp4"))
        .output()
        .unwrap();
    // The KID that the walk has entered for the label AUDIO.
    let report = String::from_utf8(inspected.stdout).unwrap();
    assert!(
        report.contains("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        "{report}"
    );
}
