// SPDX-License-Identifier: MPL-2.0
//! The server, on a free port and with its own store.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;

/// A running server, which is killed when the test ends.
pub struct Server {
    pub folder: PathBuf,
    pub address: String,
    process: Child,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// Creates an empty folder.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("serve")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The command line of a server whose store is in a folder.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    command.arg("serve");
    if !arguments.contains(&"--database") {
        let database = format!("sqlite://{}/keys/keys.db", folder.display());
        command.args(["--database", &database]);
    }
    command.args(arguments);
    command
}

impl Server {
    /// A server with a new store.
    pub fn start(name: &str) -> Self {
        Self::start_with(&folder(name), &[])
    }

    /// A server on the store of a folder.
    pub fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        Self::spawn(folder, arguments, |command| command)
    }

    /// A server on the store of a folder, as the child or the successor of another program.
    pub fn start_within(
        folder: &Path,
        arguments: &[&str],
        outer: impl FnOnce(Command) -> Command,
    ) -> Self {
        Self::spawn(folder, arguments, outer)
    }

    fn spawn(folder: &Path, arguments: &[&str], outer: impl FnOnce(Command) -> Command) -> Self {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let mut command = command(folder, arguments);
        command.args(["--listen", &listen]);
        let mut process = outer(command).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let reader = std::thread::spawn({
            let said = Arc::clone(&said);
            move || {
                for line in lines.map_while(Result::ok) {
                    said.lock().unwrap().push_str(&(line + "\n"));
                }
            }
        });
        let server = Self {
            folder: folder.to_owned(),
            address: listen,
            process,
            said,
            reader: Some(reader),
        };
        server.wait_for("listening");
        server
    }

    /// Returns all that the server has written to standard error.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub fn wait_for(&self, text: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.said().contains(text) {
            assert!(Instant::now() < until, "no '{text}': {}", self.said());
            sleep(Duration::from_millis(20));
        }
    }

    /// The token of the first start.
    pub fn token(&self) -> String {
        let said = self.said();
        let token = said
            .split_whitespace()
            .find(|word| word.starts_with("prp_"));
        token.unwrap().to_owned()
    }

    /// A client with the first token.
    pub fn admin(&self) -> Client {
        Client::new(&self.base(), Some(&self.token()))
    }

    pub fn stranger(&self) -> Client {
        Client::new(&self.base(), None)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client with an account of these roles.
    pub fn member(&self, roles: &[&str]) -> Client {
        let token = self.member_token(roles);
        self.stranger().with_token(&token)
    }

    /// A token of an account of these roles.
    pub fn member_token(&self, roles: &[&str]) -> String {
        self.account_token(&roles.join("+"), &json!({"roles": roles}))
    }

    /// A token of an account with these settings.
    pub fn account_token(&self, name: &str, settings: &Value) -> String {
        let admin = self.admin();
        let account = format!("/v1/accounts/{name}");
        admin.put(&account, settings).json(200);
        let made = admin.post(&format!("{account}/tokens"), &json!({"label": "test"}));
        made.json(201)["token"].as_str().unwrap().to_owned()
    }

    /// Stops the server, waits for its end, and returns all that it wrote.
    pub fn stop(self) -> String {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for the server's end and returns all that it wrote.
    pub fn wait(mut self) -> String {
        let status = self.process.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
        self.said()
    }

    /// Returns the path of a file that the kernel has about its process.
    pub fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.process.id().to_string())
            .join(file)
    }

    pub fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
