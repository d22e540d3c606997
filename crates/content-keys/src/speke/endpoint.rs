// SPDX-License-Identifier: MPL-2.0
//! The key server's address and the parameters in it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use host_access::SecretFiles;
use key_http_client::Error as HttpError;
use key_http_client::{Pem, Server};

use super::Error;
use super::TrackRule;

/// A version of SPEKE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpekeVersion {
    /// One key for all tracks; CPIX 2.0.
    V1_0,
    /// A key for each kind of tracks; CPIX 2.3.
    V2_0,
    /// As 2.0, with periods by time; CPIX 2.4.
    V2_1,
}

/// The address and parameters of a key server. Display masks credentials and all values in the query with stars.
pub struct Endpoint {
    pub(super) server: Server,
    version: SpekeVersion,
    pub(super) attempts: u32,
    /// The names of the tracks that have a key each, separated by commas.
    tracks: String,
}

impl SpekeVersion {
    /// Returns the version as in the X-Speke-Version header.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V2_0 => "2.0",
            Self::V2_1 => "2.1",
        }
    }

    /// Returns the CPIX version of its documents.
    pub(super) const fn cpix(self) -> cpix::Version {
        match self {
            Self::V1_0 => cpix::Version::Speke1,
            Self::V2_0 => cpix::Version::V2_3,
            Self::V2_1 => cpix::Version::V2_4,
        }
    }
}

impl FromStr for SpekeVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::V1_0, Self::V2_0, Self::V2_1]
            .into_iter()
            .find(|version| version.number() == text)
            .ok_or(Error::BadUri("unknown speke-version"))
    }
}

impl Endpoint {
    /// Reads an address and the file of credentials that it names.
    pub(super) fn open(uri: &str, files: &dyn SecretFiles) -> Result<Self, Error> {
        let address = uri
            .strip_prefix("speke+")
            .filter(|address| address.starts_with("https://") || address.starts_with("http://"))
            .ok_or(Error::BadUri(
                "it starts with neither speke+https:// nor speke+http://",
            ))?;
        let mut endpoint = Self {
            server: Server::at(address).map_err(|error| match error {
                HttpError::Address(reason) => Error::BadUri(reason),
                error => Error::Http(error),
            })?,
            version: SpekeVersion::V2_0,
            attempts: 4,
            tracks: "ALL".to_owned(),
        };
        endpoint.take_parameters(files)?;
        Ok(endpoint)
    }

    /// Returns the version of the protocol.
    pub const fn version(&self) -> SpekeVersion {
        self.version
    }

    /// Returns the tracks that the address names.
    ///
    /// # Errors
    /// [`Error::Label`].
    pub fn tracks(&self) -> Result<Vec<TrackRule>, Error> {
        self.tracks.split(',').map(TrackRule::from_label).collect()
    }

    /// Returns a warning for the operator if keys cross a network in the clear.
    pub fn warning(&self) -> Option<&'static str> {
        self.server
            .is_open()
            .then_some("keys and credentials cross the network unencrypted: use speke+https")
    }

    /// Moves the client's parameters out of the query and leaves the others unchanged.
    fn take_parameters(&mut self, files: &dyn SecretFiles) -> Result<(), Error> {
        let query = self.server.url.query().unwrap_or_default().to_owned();
        let (ours, theirs): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .partition(|part| part.starts_with("speke-"));
        for (name, value) in url::form_urlencoded::parse(ours.join("&").as_bytes()) {
            self.set_parameter(&name, &value, files)?;
        }
        self.server
            .url
            .set_query(Some(theirs.join("&").as_str()).filter(|query| !query.is_empty()));
        Ok(())
    }

    fn set_parameter(
        &mut self,
        name: &str,
        value: &str,
        files: &dyn SecretFiles,
    ) -> Result<(), Error> {
        match name {
            "speke-version" => self.version = value.parse()?,
            "speke-auth-file" => {
                self.server.read_credentials(
                    absolute(value).ok_or(Error::BadUri("speke-auth-file is not a whole path"))?,
                    files,
                )?;
            }
            "speke-ca-file" => {
                self.server.ca = Some(Pem::File(
                    absolute(value)
                        .ok_or(Error::BadUri("speke-ca-file is not a whole path"))?
                        .to_owned(),
                ));
            }
            "speke-timeout" => {
                self.server.timeout = value
                    .parse()
                    .ok()
                    .filter(|seconds| (1..=300).contains(seconds))
                    .map(Duration::from_secs)
                    .ok_or(Error::BadUri("speke-timeout is not 1 to 300 seconds"))?;
            }
            "speke-attempts" => {
                self.attempts = value
                    .parse()
                    .ok()
                    .filter(|attempts| (1..=10).contains(attempts))
                    .ok_or(Error::BadUri("speke-attempts is not 1 to 10"))?;
            }
            "speke-tracks" => value.clone_into(&mut self.tracks),
            _ => return Err(Error::BadUri("unknown parameter that starts with speke-")),
        }
        Ok(())
    }
}

fn absolute(path: &str) -> Option<&Path> {
    Some(Path::new(path)).filter(|path| path.is_absolute())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "speke+{}", self.server)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use host_access::Host;

    use super::*;

    fn refusal(uri: &str) -> String {
        Endpoint::open(uri, &*Host::system().files)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn client_parameters_are_taken_out() {
        let uri = "speke+https://u:p%40@kms.example:8443/v2?token=a%26b&speke-version=2.1&x=&speke-timeout=5&speke-attempts=1#f";
        let endpoint = Endpoint::open(uri, &*Host::system().files).unwrap();
        assert_eq!(
            endpoint.server.target().as_str(),
            "https://kms.example:8443/v2?token=a%26b&x="
        );
        assert_eq!(endpoint.version(), SpekeVersion::V2_1);
        assert_eq!(
            (endpoint.server.timeout.as_secs(), endpoint.attempts),
            (5, 1)
        );
        let shown = "speke+https://***@kms.example:8443/v2?token=***&x=***";
        assert_eq!(endpoint.to_string(), shown);
        assert_eq!(format!("{endpoint:?}"), format!("Endpoint({shown})"));
    }

    #[test]
    fn version_is_2_0_unless_it_is_given() {
        let endpoint = Endpoint::open("speke+http://localhost/", &*Host::system().files).unwrap();
        assert_eq!(endpoint.version(), SpekeVersion::V2_0);
        assert_eq!(endpoint.server.target().as_str(), "http://localhost/");
    }

    #[test]
    fn plain_http_is_warned_of_unless_it_is_local() {
        let warns = |uri| {
            Endpoint::open(uri, &*Host::system().files)
                .unwrap()
                .warning()
                .is_some()
        };
        assert!(warns("speke+http://kms.example/"));
        for uri in [
            "speke+https://kms.example/",
            "speke+http://127.0.0.2:80/",
            "speke+http://[::1]/",
            "speke+http://localhost/",
        ] {
            assert!(!warns(uri), "{uri}");
        }
    }

    #[test]
    fn malformed_addresses_are_refused_without_their_text() {
        for uri in [
            "https://secret.example/",
            "speke://secret.example/",
            "speke+ftp://secret.example/",
            "speke+https://secret:x@/",
            "speke+https://h/?speke-version=3.0&k=secret",
            "speke+https://h/?speke-auth-file=secret",
            "speke+https://h/?speke-ca-file=secret",
            "speke+https://h/?speke-timeout=0",
            "speke+https://h/?speke-attempts=11",
            "speke+https://h/?speke-secret=1",
        ] {
            let text = refusal(uri);
            assert!(
                text.starts_with("cannot use the key server's address"),
                "{text}"
            );
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
