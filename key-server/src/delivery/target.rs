// SPDX-License-Identifier: MPL-2.0
//! Targets: their settings, and the connections that are made from them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use content_key_store::KeyStore;
use cpix::RsaRecipient;
use host_access::Host;
use key_http_client::{Error as HttpError, Pem, Reach, Server, Transport, certificates};
use zeroize::Zeroizing;

use super::Error;
use crate::targets::{self, TargetSettings};

/// A licence server that takes keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name, by which contents refer to it; 1 to 200 characters.
    pub name: String,
    /// The URL for documents, `https://…` or `http://…`.
    pub url: String,
    /// The credentials for the target.
    pub credentials: Option<Credentials>,
    /// The trusted certificates for TLS; None for those of the system.
    pub ca: Option<Pem>,
    /// The protection of the keys in a document.
    pub encryption: Encryption,
    /// The timeout of an attempt, 1 to 300 seconds.
    pub timeout: Duration,
    /// The networks in which it may be.
    pub reach: Reach,
}

/// Credentials, with the lines that [`speke`](content_keys::speke) describes. They cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A file of mode 0600 or stricter.
    File(PathBuf),
    /// The lines themselves, none of which may name a file.
    Text(Zeroizing<String>),
}

/// The protection of the keys in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// Encrypts them to the first of the certificates, an RSA one. The operator must check that it is still valid.
    ToCertificate(Pem),
    /// Leaves them in the clear, so that TLS must protect them. Refused over http, except to this machine.
    Clear,
}

/// A target that is ready for use.
pub(super) struct Line {
    pub(super) name: String,
    /// The store acting for this target, so that the audit records the recipient of keys.
    pub(super) store: KeyStore,
    pub(super) server: Server,
    pub(super) transport: Transport,
    /// The recipient of encrypted keys; None if they go in the clear.
    pub(super) recipient: Option<RsaRecipient>,
}

impl Target {
    /// Makes a target from its settings in the store, with its credentials. It may be in public networks only; set [`Target::reach`] to
    /// allow others.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn from_store(store: &KeyStore, settings: &TargetSettings) -> Result<Self, Error> {
        let credentials = match settings.has_credentials {
            true => targets::credentials(store, &settings.name)?,
            false => None,
        };
        Ok(Self {
            name: settings.name.clone(),
            url: settings.url.clone(),
            credentials: credentials.map(Credentials::Text),
            ca: settings.ca.clone().map(Pem::Text),
            encryption: settings
                .certificate
                .clone()
                .map(Pem::Text)
                .map_or(Encryption::Clear, Encryption::ToCertificate),
            timeout: settings.timeout,
            reach: Reach::PublicOnly,
        })
    }

    /// Connects and sends OPTIONS, without a key and without credentials. Any answer counts. Returns the time to it, with the handshake.
    ///
    /// # Errors
    /// The errors of a target; among them [`Error::Server`] if it cannot be reached.
    pub fn test(&self, host: &Host) -> Result<Duration, Error> {
        let Access {
            server, transport, ..
        } = Access::of(self, host)?;
        let begun = host.clock.monotonic();
        transport
            .probe(&server)
            .map_err(|source| self.failed(source))?;
        Ok(host.clock.monotonic().saturating_sub(begun))
    }

    fn failed(&self, source: HttpError) -> Error {
        Error::Server {
            target: self.name.clone(),
            source,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text(***)"),
        }
    }
}

/// The connection to a target.
struct Access {
    server: Server,
    transport: Transport,
    recipient: Option<RsaRecipient>,
}

impl Access {
    fn of(target: &Target, host: &Host) -> Result<Self, Error> {
        if !(Duration::from_secs(1)..=Duration::from_secs(300)).contains(&target.timeout) {
            return Err(Error::Timeout(target.name.clone()));
        }
        let server = server(target, host).map_err(|source| target.failed(source))?;
        let recipient = match &target.encryption {
            Encryption::ToCertificate(pem) => Some(recipient(target, pem)?),
            Encryption::Clear if server.is_open() => return Err(Error::Open(target.name.clone())),
            Encryption::Clear => None,
        };
        Ok(Self {
            transport: match target.reach {
                Reach::Anywhere => Transport::new(&server, host),
                Reach::PublicOnly => Transport::to_public(&server, host),
            }
            .map_err(|source| target.failed(source))?,
            server,
            recipient,
        })
    }
}

impl Line {
    pub(super) fn open(store: &KeyStore, target: &Target) -> Result<Self, Error> {
        let name = target.name.clone();
        let store = store
            .acting_for(&format!("hand-off to {name}"))
            .map_err(Error::Name)?;
        if name.is_empty() || name.chars().count() > 200 {
            return Err(Error::Name(content_key_store::Error::BadName("target")));
        }
        let access = Access::of(target, store.host())?;
        Ok(Self {
            name,
            store,
            server: access.server,
            transport: access.transport,
            recipient: access.recipient,
        })
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.recipient
            .as_ref()
            .and_then(RsaRecipient::weakness)
            .map(|note| note.to_string())
            .into_iter()
            .chain(self.server.is_open().then(|| {
                "its credentials and answers cross the network unencrypted: use https".to_owned()
            }))
            .map(|note| format!("target '{}': {note}", self.name))
            .collect()
    }

    /// Returns the lease of a claimed delivery. It covers two posts, because the target may request credentials after the first.
    pub(super) fn lease(&self) -> Duration {
        self.server.timeout * 2 + Duration::from_secs(3)
    }
}

fn server(target: &Target, host: &Host) -> Result<Server, HttpError> {
    let mut server = Server::at(&target.url)?;
    server.timeout = target.timeout;
    server.ca.clone_from(&target.ca);
    match &target.credentials {
        Some(Credentials::File(path)) => {
            server.read_credentials(path, &*host.files)?;
        }
        Some(Credentials::Text(text)) => server.take_credentials(text)?,
        None => (),
    }
    Ok(server)
}

fn recipient(target: &Target, pem: &Pem) -> Result<RsaRecipient, Error> {
    let der = certificates(pem)
        .map_err(|source| target.failed(source))?
        .first()
        .map(|certificate| certificate.der().to_vec())
        .unwrap_or_default();
    RsaRecipient::from_certificate(der).map_err(|source| Error::Recipient {
        target: target.name.clone(),
        source,
    })
}
