// SPDX-License-Identifier: MPL-2.0
//! A server with a store in its own folder, on a free port of the loopback interface.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use content_key_store::{KekSource, KeyStore};
use key_server::accounts::{self, AccountSettings, Role};
use key_server::tokens;
use serde_json::Value;

/// A running server, which is killed when it is dropped.
pub struct Server {
    process: Mutex<Child>,
    pub address: String,
    pub folder: PathBuf,
    /// Tokens of accounts with one role each.
    pub packager: String,
    pub license_server: String,
}

/// A response of the server.
pub struct Reply {
    pub status: u16,
    pub kind: String,
    pub body: String,
    pub speke_version: Option<String>,
}

impl Server {
    /// A server with a new store.
    pub fn start(test: &str, options: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("speke-{test}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let store = open(&folder);
        let roles = [Role::Packager, Role::LicenseServer];
        let [packager, license_server] = roles.map(|role| {
            accounts::put(&store, role.name(), &AccountSettings::with_roles([role])).unwrap();
            tokens::issue(&store, role.name(), "test", None)
                .unwrap()
                .token
                .to_string()
        });
        let (process, address) = run(&folder, options);
        Self {
            process: Mutex::new(process),
            address,
            folder,
            packager,
            license_server,
        }
    }

    /// Opens the store without the server.
    pub fn store(&self) -> KeyStore {
        open(&self.folder)
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&self) {
        let mut process = self.process();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts another server on the same store.
    pub fn start_again(&mut self) {
        let (process, address) = run(&self.folder, &[]);
        (self.process, self.address) = (Mutex::new(process), address);
    }

    fn process(&self) -> MutexGuard<'_, Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the address for packagers.
    pub fn speke(&self, parameters: &str) -> String {
        let Self {
            packager, address, ..
        } = self;
        format!("speke+http://packager:{packager}@{address}/speke{parameters}")
    }

    /// Posts a document as the packager.
    pub fn post(&self, body: &str, version: Option<&str>) -> Reply {
        self.post_as(Some(&self.packager), body, version)
    }

    pub fn post_as(&self, token: Option<&str>, body: &str, version: Option<&str>) -> Reply {
        let mut request = agent().post(format!("http://{}/speke", self.address));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(version) = version {
            request = request.header("X-Speke-Version", version);
        }
        // A request that is too long is answered before the server closes the connection.
        request = request.header("Expect", "100-continue");
        reply(request.send(body).unwrap())
    }

    pub fn get(&self, token: &str, path: &str) -> Reply {
        let request = agent().get(format!("http://{}{path}", self.address));
        reply(
            request
                .header("Authorization", format!("Bearer {token}"))
                .call()
                .unwrap(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut process = self.process();
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn open(folder: &Path) -> KeyStore {
    let kek = KekSource::File(folder.join("store/keys.db.kek"));
    KeyStore::open(&uri(folder), &[kek], &host_access::Host::system()).unwrap()
}

fn uri(folder: &Path) -> String {
    format!("sqlite://{}/store/keys.db", folder.display())
}

/// Starts the program and waits for the line with its address.
fn run(folder: &Path, options: &[&str]) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_playready-packager"));
    program.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "json",
        "--database",
    ]);
    program.arg(uri(folder)).args(options);
    let mut process = program.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let address = lines.by_ref().find_map(|line| {
        let event: Value = serde_json::from_str(&line).ok()?;
        let listens = event["message"] == "listening";
        listens.then(|| event["address"].as_str().unwrap().to_owned())
    });
    // The rest is not used, but a full pipe would block the server.
    std::thread::spawn(move || lines.for_each(drop));
    (process, address.unwrap())
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.build().new_agent()
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Reply {
        status: response.status().as_u16(),
        kind: header("content-type").unwrap_or_default(),
        speke_version: header("x-speke-version"),
        body: response.body_mut().read_to_string().unwrap(),
    }
}
