// SPDX-License-Identifier: MPL-2.0
//! The settings of the server, and their check.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::error::Error;

/// The settings with which the server starts.
#[derive(Debug)]
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
#[derive(Debug)]
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
