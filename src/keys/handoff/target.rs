// SPDX-License-Identifier: MPL-2.0
//! Targets: what the operator says of them, and what is made of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cpix::RsaRecipient;
use crate::keys::HttpError;
use crate::keys::http::{Server, Transport, certificates};
use crate::keys::store::KeyStore;

use super::Error;

/// A licence server that takes keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What contents call it in their list of targets; 1 to 200 characters.
    pub name: String,
    /// Where documents are posted, `https://…` or `http://…`.
    pub url: String,
    /// A file of credentials, of mode 0600 or stricter, with the lines that [`speke`](crate::keys::speke) describes.
    pub auth_file: Option<PathBuf>,
    /// PEM certificates that may sign the target's for TLS; None: those of the system.
    pub ca_file: Option<PathBuf>,
    /// How the keys in a document are protected.
    pub encryption: Encryption,
    /// For each attempt, 1 to 300 seconds.
    pub timeout: Duration,
}

/// How the keys in a document are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// Encrypted to the first certificate of a PEM file, an RSA one. Whether it is still valid is the operator's to know.
    ToCertificate(PathBuf),
    /// Not at all: what carries the document must protect it. Refused over http, other than to this machine.
    Clear,
}

/// A target that is ready for use.
pub(super) struct Line {
    pub(super) name: String,
    /// Acting for this target, so that the audit says to whom keys went.
    pub(super) store: KeyStore,
    pub(super) server: Server,
    pub(super) transport: Transport,
    /// None: keys go in the clear.
    pub(super) recipient: Option<RsaRecipient>,
}

impl Line {
    pub(super) fn open(store: &KeyStore, target: &Target) -> Result<Self, Error> {
        let name = target.name.clone();
        let actor = store.acting_for(&format!("hand-off to {name}"));
        let store = actor.map_err(Error::Name)?;
        if name.is_empty() || name.chars().count() > 200 {
            return Err(Error::Name(crate::keys::store::Error::BadName("target")));
        }
        let timeouts = Duration::from_secs(1)..=Duration::from_secs(300);
        if !timeouts.contains(&target.timeout) {
            return Err(Error::Timeout(name));
        }
        let failed = |source| Error::Server {
            target: name.clone(),
            source,
        };
        let server = server(target).map_err(failed)?;
        let recipient = match &target.encryption {
            Encryption::ToCertificate(path) => Some(recipient(&name, path)?),
            Encryption::Clear if server.is_open() => return Err(Error::Open(name)),
            Encryption::Clear => None,
        };
        Ok(Self {
            transport: Transport::new(&server).map_err(failed)?,
            name,
            store,
            server,
            recipient,
        })
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let weak = self.recipient.as_ref().and_then(RsaRecipient::note);
        let weak = weak.map(|note| note.to_string());
        let open = self.server.is_open().then(|| {
            "its credentials and answers cross the network unencrypted: use https".to_owned()
        });
        let notes = weak.into_iter().chain(open);
        notes
            .map(|note| format!("target '{}': {note}", self.name))
            .collect()
    }

    /// How long others leave a delivery alone that was claimed: a post may be sent twice, for credentials that are asked for.
    pub(super) fn lease(&self) -> Duration {
        self.server.timeout * 2 + Duration::from_secs(3)
    }
}

fn server(target: &Target) -> Result<Server, HttpError> {
    let mut server = Server::at(&target.url)?;
    server.timeout = target.timeout;
    server.ca_file.clone_from(&target.ca_file);
    if let Some(path) = &target.auth_file {
        server.read_credentials(path)?;
    }
    Ok(server)
}

fn recipient(name: &str, path: &Path) -> Result<RsaRecipient, Error> {
    let target = name.to_owned();
    let found = certificates(path).map(|all| all.into_iter().next());
    let certificate = match found {
        Ok(certificate) => certificate.map(|found| found.der().to_vec()),
        Err(source) => return Err(Error::Server { target, source }),
    };
    let made = RsaRecipient::from_certificate(certificate.unwrap_or_default());
    made.map_err(|source| Error::Recipient { target, source })
}
