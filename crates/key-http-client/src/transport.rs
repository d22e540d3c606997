// SPDX-License-Identifier: MPL-2.0
//! POST requests, with further attempts after temporary errors.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::time::Duration;

use host_access::{Host, SecretFiles};
use ureq::config::Config;
use ureq::http::{HeaderMap, Response};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy};
use zeroize::Zeroizing;

use super::cancel::Canceller;
use super::digest::RequestTarget;
use super::error::is_temporary_status;
use super::reach::{NotPublicError, PublicResolver};
use super::retry::RetrySchedule;
use super::{Error, Server, tls};

/// The most characters of a server's text in an error.
const MAX_TEXT: usize = 300;

/// The longest response that is read, in bytes.
const MAX_RESPONSE: usize = 1 << 20;

/// A client with connections to one server.
pub struct Transport {
    agent: Agent,
    host: Host,
    canceller: Canceller,
}

/// A document to post.
pub struct Request<'a> {
    /// Names and values of headers, in addition to those of the credentials.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The document, in XML.
    pub body: &'a [u8],
}

/// A response with status 200.
pub struct Reply {
    headers: HeaderMap,
    /// The body, of at most 1 MiB.
    pub body: Zeroizing<Vec<u8>>,
}

/// The error of one attempt.
enum AttemptError {
    /// Another attempt may succeed.
    Temporary(String),
    /// Another attempt would fail too.
    Permanent(String),
    /// The status is not success.
    Status {
        status: u16,
        /// The start of the server's text, masked.
        text: String,
        retry_after: Option<Duration>,
    },
    /// Another error.
    Other(Error),
}

impl Transport {
    /// Loads certificates. No connection is made yet.
    ///
    /// # Errors
    /// [`Error::Certificates`], [`Error::CertificateText`], [`Error::File`].
    pub fn new(server: &Server, host: &Host) -> Result<Self, Error> {
        let proxy = match server.is_loopback() {
            true => None,
            false => Proxy::try_from_env(),
        };
        let agent = Agent::new_with_config(config(server, proxy, &*host.files)?);
        Ok(Self::of(agent, host))
    }

    /// As [`Self::new`], for public addresses only. It uses no proxy, since a proxy would look up names itself.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn to_public(server: &Server, host: &Host) -> Result<Self, Error> {
        let agent = Agent::with_parts(
            config(server, None, &*host.files)?,
            DefaultConnector::default(),
            PublicResolver::default(),
        );
        Ok(Self::of(agent, host))
    }

    fn of(agent: Agent, host: &Host) -> Self {
        Self {
            canceller: Canceller::of(agent.clone()),
            agent,
            host: host.clone(),
        }
    }

    /// Returns what ends the requests of this client.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Sends OPTIONS without credentials, to see that the server responds. Any status is success.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Connection`], [`Error::NotPublic`].
    pub fn probe(&self, server: &Server) -> Result<(), Error> {
        self.agent
            .options(server.url.as_str())
            .call()
            .map(drop)
            .map_err(|error| AttemptError::from(error).into_error(server, 1))
    }

    /// Posts a document until the server accepts or refuses it, or no attempts are left.
    ///
    /// # Errors
    /// Any but those of addresses and credentials.
    pub fn post(
        &self,
        server: &Server,
        request: &Request<'_>,
        mut schedule: RetrySchedule,
    ) -> Result<Reply, Error> {
        loop {
            let error = match self
                .attempt(server, request, 200..=200)
                .and_then(Reply::read)
            {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            self.canceller.check()?;
            let retry_after = match &error {
                AttemptError::Temporary(_) => None,
                AttemptError::Status {
                    status,
                    retry_after,
                    ..
                } if is_temporary_status(*status) => *retry_after,
                AttemptError::Status { .. }
                | AttemptError::Permanent(_)
                | AttemptError::Other(_) => {
                    return Err(error.into_error(server, schedule.failures() + 1));
                }
            };
            match schedule.after_failure(retry_after, &*self.host.random)? {
                Some(delay) => self.canceller.sleep(delay, &*self.host.clock)?,
                None => return Err(error.into_error(server, schedule.failures())),
            }
        }
    }

    /// Posts a document once. Any status from 200 to 299 is success, and the body of the response is not read.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub fn deliver(&self, server: &Server, request: &Request<'_>) -> Result<(), Error> {
        let delivered = self.attempt(server, request, 200..=299);
        if delivered.is_err() {
            self.canceller.check()?;
        }
        delivered
            .map(drop)
            .map_err(|error| error.into_error(server, 1))
    }

    fn attempt(
        &self,
        server: &Server,
        request: &Request<'_>,
        success: RangeInclusive<u16>,
    ) -> Result<Response<Body>, AttemptError> {
        let credentials = &server.credentials;
        let mut response = self.send(
            server,
            request,
            credentials.authorization().as_deref().map(String::as_str),
        )?;
        if response.status() == 401
            && let Some(authorization) = credentials.answer_challenges(
                &header_texts(response.headers(), "WWW-Authenticate"),
                &RequestTarget {
                    method: "POST",
                    uri: &server.target()[url::Position::BeforePath..url::Position::AfterQuery],
                },
                &*self.host.random,
            )?
        {
            response = self.send(server, request, Some(&authorization))?;
        }
        match success.contains(&response.status().as_u16()) {
            true => Ok(response),
            false => Err(AttemptError::from_status(server, response)),
        }
    }

    fn send(
        &self,
        server: &Server,
        request: &Request<'_>,
        authorization: Option<&str>,
    ) -> Result<Response<Body>, AttemptError> {
        let mut builder = self.agent.post(server.target().as_str());
        builder = builder.header("Content-Type", "application/xml");
        for (name, value) in &request.headers {
            builder = builder.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            builder = builder.header("Authorization", authorization);
        }
        for (name, value) in &server.credentials.headers {
            builder = builder.header(name, value.as_str());
        }
        builder.send(request.body).map_err(AttemptError::from)
    }
}

fn config(server: &Server, proxy: Option<Proxy>, files: &dyn SecretFiles) -> Result<Config, Error> {
    Ok(Agent::config_builder()
        .tls_config(tls::config(server, files)?)
        .timeout_global(Some(server.timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .user_agent(concat!("gst-plugin-playready/", env!("CARGO_PKG_VERSION")))
        .build())
}

impl Reply {
    fn read(response: Response<Body>) -> Result<Self, AttemptError> {
        let (head, body) = response.into_parts();
        Ok(Self {
            headers: head.headers,
            body: read_body(body)?,
        })
    }

    /// Returns the first header with that name.
    pub fn header(&self, name: &str) -> Option<String> {
        header_texts(&self.headers, name).into_iter().next()
    }
}

/// Reads a body into memory that does not move while it grows, so that no copy of a key is left.
fn read_body(body: Body) -> Result<Zeroizing<Vec<u8>>, AttemptError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_RESPONSE + 1));
    body.into_reader()
        .take(MAX_RESPONSE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| AttemptError::from(ureq::Error::from(error)))?;
    match bytes.len() > MAX_RESPONSE {
        true => Err(AttemptError::Other(Error::TooLarge)),
        false => Ok(bytes),
    }
}

fn header_texts(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .map(|text| text.trim().to_owned())
        .collect()
}

/// Returns the start of a text, on one line. It ends with a whole word, since masking does not find a part of a secret.
fn start_of(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    let line = line.trim();
    let Some((end, _)) = line.char_indices().nth(MAX_TEXT) else {
        return line.to_owned();
    };
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    line.get(..end)
        .unwrap_or_default()
        .rsplit_once(|c| !is_inner(c))
        .map_or_else(String::new, |(whole_words, _)| whole_words.to_owned())
}

impl AttemptError {
    fn from_status(server: &Server, response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        Self::Status {
            status: head.status.as_u16(),
            text: start_of(&server.credentials.mask(&String::from_utf8_lossy(
                &read_body(body).unwrap_or_default(),
            ))),
            retry_after: header_texts(&head.headers, "Retry-After")
                .first()
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
        }
    }

    fn into_error(self, server: &Server, attempts: u32) -> Error {
        let server = server.to_string();
        match self {
            Self::Temporary(cause) => Error::Unreachable {
                server,
                attempts,
                cause,
            },
            Self::Permanent(cause) => Error::Connection { server, cause },
            Self::Status {
                status,
                text,
                retry_after,
            } => Error::Refused {
                server,
                status,
                attempts,
                text,
                retry_after,
            },
            Self::Other(error) => error,
        }
    }
}

impl From<Error> for AttemptError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<ureq::Error> for AttemptError {
    /// Some of ureq's errors hold the address or a header, so their text is not used.
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(stage) => Self::Temporary(format!("timeout ({stage})")),
            ureq::Error::HostNotFound => Self::Temporary("the host has no address".into()),
            ureq::Error::ConnectionFailed => Self::Temporary("no connection".into()),
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Permanent(error.to_string())
            }
            ureq::Error::Io(error) => Self::Temporary(error.to_string()),
            ureq::Error::Rustls(error) => Self::Permanent(format!("tls: {error}")),
            ureq::Error::Tls(cause) => Self::Permanent(format!("tls: {cause}")),
            ureq::Error::Other(error) => match error.downcast_ref() {
                Some(NotPublicError(address)) => Self::Other(Error::NotPublic(*address)),
                None => Self::Permanent("the request cannot be sent".into()),
            },
            ureq::Error::Protocol(_) => Self::Permanent("its answer is not http".into()),
            _ => Self::Permanent("the request cannot be sent".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_end_with_a_whole_word() {
        assert_eq!(start_of(" a\nb "), "a b");
        let long = format!("{} secret+/=", "x".repeat(MAX_TEXT - 6));
        assert_eq!(start_of(&long), "x".repeat(MAX_TEXT - 6));
        assert_eq!(start_of(&"x".repeat(MAX_TEXT + 1)), "");
    }
}
