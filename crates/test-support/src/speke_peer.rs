// SPDX-License-Identifier: MPL-2.0
//! Runs the SPEKE server of ../shared/oracles: `python/speke_peer.py` on a free port.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::document_server::DocumentServer;
use crate::tools;

/// The reason why there is no server.
pub const ABSENT: &str = "no ../shared, lxml, cryptography or xmlsec";

/// A running server. It ends when its standard input is closed.
pub struct Peer {
    server: DocumentServer,
    scheme: &'static str,
}

impl Peer {
    /// Starts a server, over TLS if it gets a folder of certificates. None where its libraries are absent.
    pub fn start(certificates: Option<&Path>) -> Option<Self> {
        tools::cpix_oracle()?;
        let mut python = Command::new(tools::python());
        python
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/speke_peer.py"))
            .arg(tools::oracles()?)
            .args(certificates)
            .stderr(Stdio::null());
        Some(Self {
            server: DocumentServer::start(&mut python),
            scheme: match certificates {
                Some(_) => "https",
                None => "http",
            },
        })
    }

    /// The URI of a path with parameters at the server.
    pub fn uri(&self, target: &str) -> String {
        let (scheme, port) = (self.scheme, self.server.port());
        format!("speke+{scheme}://127.0.0.1:{port}{target}")
    }
}

/// A server without certificates that all tests share. It ends with this process.
pub fn shared(test: &str) -> Option<&'static Peer> {
    static PEER: OnceLock<Option<Peer>> = OnceLock::new();
    let peer = PEER.get_or_init(|| Peer::start(None));
    if peer.is_none() {
        tools::skip(test, ABSENT);
    }
    peer.as_ref()
}
