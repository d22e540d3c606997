// SPDX-License-Identifier: MPL-2.0
//! A licence server that receives keys: `receiver.py` of the library's tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use test_support::tools;

/// A licence server. It ends when its standard input is closed.
pub struct Receiver {
    process: Child,
    documents: mpsc::Receiver<Value>,
    port: String,
    certificate: String,
}

impl Receiver {
    pub fn start(test: &str, folder: &Path) -> Option<Self> {
        let has = || tools::python_has("lxml, cryptography, xmlsec");
        let Some(oracles) = tools::oracles().filter(|_| has()) else {
            tools::skip(test, "no ../shared, lxml, cryptography or xmlsec");
            return None;
        };
        make_certificate(folder);
        let mut receive = Command::new(tools::python());
        receive.arg(tools::project().join("tests/suite/store/receiver.py"));
        receive.arg(oracles).arg(folder.join("key.pem"));
        receive.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = receive.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap();
        let (sender, documents) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The receiver is dropped when the test has ended.
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Some(Self {
            port,
            certificate: std::fs::read_to_string(folder.join("certificate.pem")).unwrap(),
            process,
            documents,
        })
    }

    /// Returns its URL; the first part of the path selects an error.
    pub fn target(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        json!({"url": url, "certificate": self.certificate, "timeout": 5})
    }

    /// Returns the next received document.
    pub fn next(&self) -> Value {
        let next = self.documents.recv_timeout(Duration::from_secs(60));
        next.expect("a document comes")
    }

    /// Returns the documents that were received meanwhile.
    pub fn rest(&self) -> Vec<Value> {
        self.documents.try_iter().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // The receiver may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Writes `certificate.pem` and its `key.pem` into a folder.
pub fn make_certificate(folder: &Path) {
    make_certificate_of(folder, "rsa:2048");
}

/// Writes the same with another key.
pub fn make_certificate_of(folder: &Path, key: &str) {
    let options = format!(
        "req -x509 -nodes -newkey {key} -subj /CN=licences -keyout key.pem -out certificate.pem"
    );
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(options.split(' '))
        .output();
    assert!(made.unwrap().status.success());
}

/// Waits until a condition is true.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        sleep(Duration::from_millis(100));
    }
}
