// SPDX-License-Identifier: MPL-2.0
//! The licence server: `receiver.py` on a free port, with an RSA certificate of its own.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use key_server::{delivery::Encryption, delivery::Pem, delivery::Reach, delivery::Target};

use crate::scratch::Scratch;
use crate::tools;
use test_support::certificate;
use test_support::document_server::DocumentServer;

/// A running server.
pub struct Receiver {
    server: DocumentServer,
    scheme: &'static str,
    scratch: Scratch,
}

impl Receiver {
    /// Starts a server. Returns None and reports a skipped test where its requirements are absent.
    pub fn start(test: &str) -> Option<Self> {
        let scratch = Scratch::new("receiver");
        Self::start_with(scratch, "http", &[]).or_else(|| absent(test))
    }

    /// Starts a server over TLS. Its certificate is `tls.pem` in its folder.
    pub fn start_tls(test: &str) -> Option<Self> {
        let scratch = Scratch::new("receiver-tls");
        let files = ["tls.pem", "tls-key.pem"].map(|name| scratch.join(name));
        let mut make = Command::new("openssl");
        make.args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt"]);
        make.args(["ec_paramgen_curve:P-256", "-subj", "/CN=receiver"]);
        make.args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext"]);
        make.args(["basicConstraints=critical,CA:FALSE", "-out"]);
        make.arg(&files[0]).arg("-keyout").arg(&files[1]);
        let made = make.output().ok().filter(|made| made.status.success());
        made.and_then(|_| Self::start_with(scratch, "https", &files))
            .or_else(|| absent(test))
    }

    fn start_with(scratch: Scratch, scheme: &'static str, tls: &[PathBuf]) -> Option<Self> {
        tools::cpix_oracle()?;
        certificate::certificate(&scratch, "rsa:2048")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/store/receiver.py");
        let mut python = Command::new(tools::python());
        python.arg(script).arg(tools::oracles()?);
        python.arg(scratch.join("key.pem")).args(tls);
        Some(Self {
            server: DocumentServer::start(python.stderr(Stdio::null())),
            scheme,
            scratch,
        })
    }

    /// The server as a target to which keys are encrypted. The first part of the path says which fault it simulates.
    pub fn target(&self, name: &str, path: &str) -> Target {
        Target {
            name: name.to_owned(),
            url: format!("{}://127.0.0.1:{}{path}", self.scheme, self.port()),
            credentials: None,
            ca: None,
            encryption: Encryption::ToCertificate(Pem::File(self.file("certificate.pem"))),
            timeout: Duration::from_secs(1),
            reach: Reach::Anywhere,
        }
    }

    /// A file in the server's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }
}

impl Deref for Receiver {
    type Target = DocumentServer;

    fn deref(&self) -> &DocumentServer {
        &self.server
    }
}

fn absent<T>(test: &str) -> Option<T> {
    tools::skip(test, "no ../shared, lxml, cryptography, xmlsec or openssl");
    None
}
