// SPDX-License-Identifier: MPL-2.0
//! How the server is set up, and which settings go together.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::error::Error;

/// What is said when the server starts.
#[derive(Debug)]
pub struct ServerSettings {
    /// Address and port; any but a loopback address needs TLS.
    pub listen: SocketAddr,
    /// The address of the key store.
    pub database: String,
    /// File of the administrator's token.
    pub admin_token_file: Option<PathBuf>,
    /// The address that people and packagers use, where it is another than `listen`.
    pub public_url: Option<Url>,
    /// Where the server's certificate comes from; None: it speaks plain HTTP.
    pub certificate: Option<CertificateSource>,
    /// PEM file of the certificates that sign those of clients.
    pub client_ca: Option<PathBuf>,
    /// Whether delivery targets may be in this network.
    pub allow_private_targets: bool,
    /// Whether contents that were not set up get no keys.
    pub known_contents_only: bool,
}

/// Where the server's certificate comes from.
#[derive(Debug)]
pub enum CertificateSource {
    /// PEM files.
    Files {
        /// The server's certificate and those between it and the root.
        certificate: PathBuf,
        /// Its private key, of mode 0600 or stricter.
        key: PathBuf,
    },
    /// A folder of a self-signed certificate, which is made where it is missing.
    SelfSigned(PathBuf),
}

impl ServerSettings {
    /// Refuses what would let keys cross a network in the clear.
    ///
    /// # Errors
    /// Which options are missing.
    pub fn check(&self) -> Result<(), Error> {
        if !self.listen.ip().is_loopback() && !self.has_tls() {
            return Err(Error::NeedsTls(self.listen));
        }
        if self.client_ca.is_some() && !self.has_tls() {
            return Err(Error::ClientsNeedTls);
        }
        Ok(())
    }

    /// Whether the server speaks TLS.
    pub const fn has_tls(&self) -> bool {
        self.certificate.is_some()
    }

    /// The address that is shown to people and packagers, without a slash behind it.
    pub fn public_url(&self) -> String {
        let scheme = if self.has_tls() { "https" } else { "http" };
        let given = self.public_url.as_ref().map(Url::to_string);
        let url = given.unwrap_or_else(|| format!("{scheme}://{}", self.listen));
        url.trim_end_matches('/').to_owned()
    }
}
