// SPDX-License-Identifier: MPL-2.0
//! The page of `playready-packager serve`: operators' tasks in a browser, on a server with a new store.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
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
        let database = format!("sqlite://{}", folder.join("store/keys.db").display());
        let mut process = Command::new(env!("CARGO_BIN_EXE_playready-packager"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "json"])
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
        // Unless its output is read, the server blocks when the pipe is full.
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
        .env("CHROMIUM", chromium)
        .output()
        .unwrap();
    let said = [walk.stdout, walk.stderr].concat();
    assert!(walk.status.success(), "{}", String::from_utf8_lossy(&said));
}
