// SPDX-License-Identifier: MPL-2.0
//! A server: its address, credentials, trusted certificates and time limit.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use url::{Host, Url};

use host_access::SecretFiles;

use super::auth::Credentials;
use super::reach;
use super::{Error, Pem};

/// A server. Display shows its address, with stars in place of credentials and of all values in the query.
///
/// ```
/// use key_http_client::Server;
///
/// let server = Server::at("https://user:secret@kms.example/speke?token=secret")?;
/// assert_eq!(server.to_string(), "https://***@kms.example/speke?token=***");
/// assert_eq!(server.url.as_str(), "https://kms.example/speke?token=secret");
/// # Ok::<(), key_http_client::Error>(())
/// ```
pub struct Server {
    /// The address without credentials.
    pub url: Url,
    pub(super) credentials: Credentials,
    /// The certificates that may sign the server's; None for those that the system trusts.
    pub ca: Option<Pem>,
    /// The time limit of each attempt.
    pub timeout: Duration,
}

impl Server {
    /// Reads an address with the scheme http or https.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn at(address: &str) -> Result<Self, Error> {
        let url = Url::parse(address).map_err(|_| Error::Address("it is not a URI"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Address("its scheme is neither http nor https"));
        }
        let mut server = Self {
            credentials: Credentials::from_url(&url)?,
            url,
            ca: None,
            timeout: Duration::from_secs(10),
        };
        // The setters refuse only addresses without a host, and http and https always have one.
        let _ = (server.url.set_username(""), server.url.set_password(None));
        server.url.set_fragment(None);
        Ok(server)
    }

    /// Adds the credentials in a file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Credentials`].
    pub fn read_credentials(&mut self, path: &Path, files: &dyn SecretFiles) -> Result<(), Error> {
        self.credentials.read(&files.read(path)?)
    }

    /// Adds credentials in the same lines, from another source than a file. They must not name files, since their author may have no
    /// right to read files of this machine.
    ///
    /// # Errors
    /// [`Error::Credentials`].
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

    /// Returns true if others can read the requests on their way.
    pub fn is_open(&self) -> bool {
        !self.is_https() && !self.is_loopback()
    }

    /// Returns true if its address is one that [`Reach::PublicOnly`](super::Reach::PublicOnly) refuses. A name may still have such an
    /// address.
    pub fn has_private_address(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => !reach::is_public(address.into()),
            Some(Host::Ipv6(address)) => !reach::is_public(address.into()),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
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

    /// Returns the URL of requests, with the secret parts of the query.
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
        let names = url.query_pairs().map(|(name, _)| name).chain(
            self.credentials
                .query
                .iter()
                .map(|(name, _)| name.as_str().into()),
        );
        for (separator, name) in std::iter::once('?')
            .chain(std::iter::repeat('&'))
            .zip(names)
        {
            write!(f, "{separator}{name}=***")?;
        }
        Ok(())
    }
}
