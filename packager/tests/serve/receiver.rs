// SPDX-License-Identifier: MPL-2.0
//! A licence server that receives keys: `receiver.py` of the library's tests.

use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use test_support::document_server::DocumentServer;
use test_support::tools;

/// A licence server with a certificate.
pub struct Receiver {
    server: DocumentServer,
    certificate: String,
}

impl Receiver {
    pub fn start(test: &str, folder: &Path) -> Option<Self> {
        let Some(oracles) =
            tools::oracles().filter(|_| tools::python_has("lxml, cryptography, xmlsec"))
        else {
            tools::skip(test, "no ../shared, lxml, cryptography or xmlsec");
            return None;
        };
        make_certificate(folder);
        let mut receive = Command::new(tools::python());
        receive.arg(tools::project().join("tests/suite/store/receiver.py"));
        receive.arg(oracles).arg(folder.join("key.pem"));
        Some(Self {
            server: DocumentServer::start(&mut receive),
            certificate: std::fs::read_to_string(folder.join("certificate.pem")).unwrap(),
        })
    }

    /// Returns its URL; the first part of the path selects an error.
    pub fn target(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.port());
        json!({"url": url, "certificate": self.certificate, "timeout": 5})
    }
}

impl Deref for Receiver {
    type Target = DocumentServer;

    fn deref(&self) -> &DocumentServer {
        &self.server
    }
}

/// Writes `certificate.pem` and its `key.pem` into a folder.
pub fn make_certificate(folder: &Path) {
    make_certificate_of(folder, "rsa:2048");
}

/// Writes another key and its certificate under the same names.
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
