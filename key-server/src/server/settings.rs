// SPDX-License-Identifier: MPL-2.0
//! The settings of the server, and their check.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::error::Error;

/// The settings with which the server starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Address and port; any but a loopback address needs TLS.
    pub listen: SocketAddr,
    /// The address of the key store.
    pub database: String,
    /// File of the administrator's token.
    pub admin_token_file: Option<PathBuf>,
    /// The URL that people and packagers use, if it is not `listen`.
    pub public_url: Option<Url>,
    /// The source of the certificate; None for plain HTTP.
    pub certificate: Option<CertificateSource>,
    /// PEM file of the certificates that sign those of clients.
    pub client_ca: Option<PathBuf>,
    /// True if delivery targets may have private addresses.
    pub allow_private_targets: bool,
    /// True if only contents that were added before get keys.
    pub known_contents_only: bool,
    /// The limits of connections.
    pub connections: ConnectionLimits,
    /// The time for which rows are kept.
    pub retention: Retention,
}

/// The time for which rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Rows of the audit; None for ever.
    pub audit: Option<Duration>,
    /// Deliveries that are done; None for ever.
    pub deliveries: Option<Duration>,
    /// Responses of requests that may be repeated.
    pub answers: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            audit: None,
            deliveries: None,
            answers: Duration::from_hours(24),
        }
    }
}

/// The settings in force, and the reader of new ones.
pub struct SettingsSource {
    /// The settings in force.
    pub current: ServerSettings,
    /// Reads the settings anew, on SIGHUP; the error says what is wrong.
    pub read: Box<dyn FnMut() -> Result<ServerSettings, String> + Send>,
}

/// A setting that has another value than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name of its option.
    pub name: &'static str,
    /// The value before.
    pub from: String,
    /// The new value.
    pub to: String,
}

/// The limits of connections, which keep a client from stopping the server for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The most connections at a time.
    pub total: usize,
    /// The most connections of one address, or of one IPv6 network of 64 bits.
    pub per_address: usize,
    /// The longest time for the TLS handshake, and for the head of a request.
    pub head: Duration,
    /// The longest time without a request, and for the reading of a response.
    pub idle: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            total: 1024,
            per_address: 256,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
        }
    }
}

/// The source of the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// PEM files.
    Files {
        /// The server's certificate and those between it and the root.
        certificate: PathBuf,
        /// Its private key, of mode 0600 or stricter.
        key: PathBuf,
    },
    /// A folder with a self-signed certificate, which is created if it is missing.
    SelfSigned(PathBuf),
}

impl ServerSettings {
    /// Refuses settings with which keys would cross a network in the clear.
    ///
    /// # Errors
    /// [`Error::NeedsTls`], [`Error::ClientsNeedTls`].
    pub fn check(&self) -> Result<(), Error> {
        if !self.listen.ip().is_loopback() && !self.has_tls() {
            return Err(Error::NeedsTls(self.listen));
        }
        if self.client_ca.is_some() && !self.has_tls() {
            return Err(Error::ClientsNeedTls);
        }
        Ok(())
    }

    /// Returns the options that differ.
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        self.values()
            .into_iter()
            .zip(new.values())
            .filter(|(before, after)| before.value != after.value)
            .map(|(before, after)| Change {
                name: before.name,
                from: before.value,
                to: after.value,
            })
            .collect()
    }

    fn values(&self) -> Vec<Setting> {
        let Self {
            connections,
            retention,
            ..
        } = self;
        vec![
            setting("--listen", self.listen.to_string()),
            setting("--admin-token-file", text(&self.admin_token_file)),
            setting("--public-url", self.public_url()),
            setting(
                "--tls-certificate, --tls-key or --tls-self-signed",
                text(&self.certificate),
            ),
            setting("--client-ca", text(&self.client_ca)),
            setting(
                "--allow-private-targets",
                self.allow_private_targets.to_string(),
            ),
            setting(
                "--known-contents-only",
                self.known_contents_only.to_string(),
            ),
            setting("--max-connections", connections.total.to_string()),
            setting(
                "--max-connections-per-address",
                connections.per_address.to_string(),
            ),
            setting("--head-timeout", text(&connections.head)),
            setting("--idle-timeout", text(&connections.idle)),
            setting("--keep-audit", text(&retention.audit)),
            setting("--keep-deliveries", text(&retention.deliveries)),
            setting("--keep-answers", text(&retention.answers)),
        ]
    }

    /// Returns the options that differ from those in force and cannot be changed while the server runs.
    pub fn fixed(&self, current: &Self) -> Vec<&'static str> {
        let mut fixed = Vec::new();
        if self.listen != current.listen {
            fixed.push("--listen");
        }
        if self.database != current.database {
            fixed.push("--database");
        }
        if self.has_tls() != current.has_tls() {
            fixed.push("--tls-certificate, --tls-key or --tls-self-signed");
        }
        fixed
    }

    /// Returns the settings with what cannot be changed while the server runs.
    #[must_use]
    pub fn with_fixed(self, current: &Self) -> Self {
        let certificate = match self.has_tls() == current.has_tls() {
            true => self.certificate,
            false => current.certificate.clone(),
        };
        Self {
            listen: current.listen,
            database: current.database.clone(),
            certificate,
            ..self
        }
    }

    /// True if the server has TLS.
    pub const fn has_tls(&self) -> bool {
        self.certificate.is_some()
    }

    /// True if the server creates its certificate itself.
    pub const fn is_self_signed(&self) -> bool {
        matches!(self.certificate, Some(CertificateSource::SelfSigned(_)))
    }

    /// Returns the URL for people and packagers, without a final slash.
    pub fn public_url(&self) -> String {
        let scheme = if self.has_tls() { "https" } else { "http" };
        self.public_url
            .as_ref()
            .map_or_else(|| format!("{scheme}://{}", self.listen), Url::to_string)
            .trim_end_matches('/')
            .to_owned()
    }
}

/// An option and its value.
struct Setting {
    name: &'static str,
    value: String,
}

const fn setting(name: &'static str, value: String) -> Setting {
    Setting { name, value }
}

fn text(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}
