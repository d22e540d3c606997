// SPDX-License-Identifier: MPL-2.0
//! A server: where it is, how it knows us, and how long it may take.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use url::{Host, Url};

use host_access::SecretFiles;

use super::auth::Credentials;
use super::{Error, Pem};

/// A server. Display shows where it is, and stars in place of credentials and of all values in its query.
pub struct Server {
    /// Without credentials.
    pub url: Url,
    pub(super) credentials: Credentials,
    /// Who may sign its certificate; None: whom the system trusts.
    pub ca: Option<Pem>,
    /// For each attempt.
    pub timeout: Duration,
}

impl Server {
    /// Reads an address of scheme http or https.
    pub fn at(address: &str) -> Result<Self, Error> {
        let url = Url::parse(address).map_err(|_| Error::Address("it is not a URI"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Address("its scheme is neither http nor https"));
        }
        let mut server = Self {
            credentials: Credentials::of_url(&url)?,
            url,
            ca: None,
            timeout: Duration::from_secs(10),
        };
        // The setters refuse only addresses without host, which http and https do not have.
        let _ = (server.url.set_username(""), server.url.set_password(None));
        server.url.set_fragment(None);
        Ok(server)
    }

    /// Takes the lines of a file of credentials.
    pub fn read_credentials(&mut self, path: &Path, files: &dyn SecretFiles) -> Result<(), Error> {
        self.credentials.read(&files.read(path)?)
    }

    /// Takes such lines from elsewhere. None of them names a file: whoever wrote them need not have a right to this machine's.
    pub fn take_credentials(&mut self, text: &str) -> Result<(), Error> {
        self.credentials.read(text)?;
        match self.credentials.client_certificate {
            None => Ok(()),
            Some(_) => Err(Error::Credentials {
                line: 0,
                reason: "client-certificate and client-key name files: give them in a file of credentials",
            }),
        }
    }

    /// Whether what is sent can be read on its way by others.
    pub fn is_open(&self) -> bool {
        !self.is_https() && !self.is_loopback()
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    /// Where requests go, with the secret parts of the query.
    pub fn target(&self) -> Url {
        let mut url = self.url.clone();
        for (name, value) in &self.credentials.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url;
        write!(f, "{}://", url.scheme())?;
        if self.credentials.has_login() {
            f.write_str("***@")?;
        }
        f.write_str(url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())?;
        let sent = url.query_pairs().map(|(name, _)| name.into_owned());
        let hidden = self.credentials.query.iter().map(|(name, _)| name.clone());
        for (index, name) in sent.chain(hidden).enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(f, "{separator}{name}=***")?;
        }
        Ok(())
    }
}
