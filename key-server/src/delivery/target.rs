// SPDX-License-Identifier: MPL-2.0
//! Targets: what the operator says of them, and what is made of it.

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
    /// What contents call it in their list of targets; 1 to 200 characters.
    pub name: String,
    /// Where documents are posted, `https://…` or `http://…`.
    pub url: String,
    /// What shows the target who posts.
    pub credentials: Option<Credentials>,
    /// Certificates that may sign the target's for TLS; None: those of the system.
    pub ca: Option<Pem>,
    /// How the keys in a document are protected.
    pub encryption: Encryption,
    /// For each attempt, 1 to 300 seconds.
    pub timeout: Duration,
    /// Where it may be.
    pub reach: Reach,
}

/// Credentials, with the lines that [`speke`](content_keys::speke) describes. They cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// In a file of mode 0600 or stricter.
    File(PathBuf),
    /// As they are; none of the lines may name a file.
    Text(Zeroizing<String>),
}

/// How the keys in a document are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// Encrypted to the first of the certificates, an RSA one. Whether it is still valid is the operator's to know.
    ToCertificate(Pem),
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

impl Target {
    /// A target of the store, with its credentials. It may be in public networks only; set [`Target::reach`] where others may be.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn from_store(store: &KeyStore, settings: &TargetSettings) -> Result<Self, Error> {
        let credentials = match settings.has_credentials {
            true => targets::credentials(store, &settings.name)?,
            false => None,
        };
        let certificate = settings.certificate.clone().map(Pem::Text);
        Ok(Self {
            name: settings.name.clone(),
            url: settings.url.clone(),
            credentials: credentials.map(Credentials::Text),
            ca: settings.ca.clone().map(Pem::Text),
            encryption: certificate.map_or(Encryption::Clear, Encryption::ToCertificate),
            timeout: settings.timeout,
            reach: Reach::PublicOnly,
        })
    }

    /// Connects and asks the target what it can do (OPTIONS), without a key and without credentials. Any answer is one; how long it
    /// took, with the handshake.
    ///
    /// # Errors
    /// What is wrong with the target, or why it cannot be reached.
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
        let target = self.name.clone();
        Error::Server { target, source }
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

/// The way to a target.
struct Access {
    server: Server,
    transport: Transport,
    recipient: Option<RsaRecipient>,
}

impl Access {
    fn of(target: &Target, host: &Host) -> Result<Self, Error> {
        let timeouts = Duration::from_secs(1)..=Duration::from_secs(300);
        if !timeouts.contains(&target.timeout) {
            return Err(Error::Timeout(target.name.clone()));
        }
        let server = server(target, host).map_err(|source| target.failed(source))?;
        let recipient = match &target.encryption {
            Encryption::ToCertificate(pem) => Some(recipient(target, pem)?),
            Encryption::Clear if server.is_open() => return Err(Error::Open(target.name.clone())),
            Encryption::Clear => None,
        };
        let transport = match target.reach {
            Reach::Anywhere => Transport::new(&server, host),
            Reach::PublicOnly => Transport::to_public(&server, host),
        };
        Ok(Self {
            transport: transport.map_err(|source| target.failed(source))?,
            server,
            recipient,
        })
    }
}

impl Line {
    pub(super) fn open(store: &KeyStore, target: &Target) -> Result<Self, Error> {
        let name = target.name.clone();
        let actor = store.acting_for(&format!("hand-off to {name}"));
        let store = actor.map_err(Error::Name)?;
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
        let weak = self.recipient.as_ref().and_then(RsaRecipient::weakness);
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
    let found = certificates(pem).map_err(|source| target.failed(source))?;
    let certificate = found.first().map(|found| found.der().to_vec());
    let made = RsaRecipient::from_certificate(certificate.unwrap_or_default());
    made.map_err(|source| Error::Recipient {
        target: target.name.clone(),
        source,
    })
}
