// SPDX-License-Identifier: MPL-2.0
//! The exchange over HTTP: one POST, tried again where that may help.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body, Proxy};
use zeroize::Zeroizing;

use crate::cpix::Document;

use super::digest::Target;
use super::error::is_temporary_status;
use super::retry::Schedule;
use super::{Endpoint, Error, SpekeVersion, tls};

/// Characters of a server's error text that are repeated.
const MAX_TEXT: usize = 300;

/// Connections to one server.
pub(super) struct Transport(Agent);

/// An answer of status 200.
pub(super) struct Reply {
    /// X-Speke-Version.
    pub(super) speke_version: Option<String>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Why an attempt failed.
enum Failure {
    /// Another attempt may succeed.
    Passing(String),
    /// It will not.
    Lasting(String),
    /// A status other than 200, what the server says, and how long it asks to wait.
    Status(u16, String, Option<Duration>),
    /// Another error.
    Other(Error),
}

impl Transport {
    /// Loads certificates; connects to nothing.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let proxy = if endpoint.is_loopback() {
            None
        } else {
            Proxy::try_from_env()
        };
        let config = Agent::config_builder()
            .tls_config(tls::config(endpoint)?)
            .timeout_global(Some(endpoint.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .user_agent(concat!(
                env!("CARGO_PKG_NAME"),
                "/",
                env!("CARGO_PKG_VERSION")
            ));
        Ok(Self(Agent::new_with_config(config.build())))
    }

    /// Posts a document until it is answered, refused, or the attempts are used up.
    pub(super) fn post(
        &self,
        endpoint: &Endpoint,
        body: &[u8],
        mut schedule: Schedule,
    ) -> Result<Reply, Error> {
        loop {
            let failure = match self.attempt(endpoint, body) {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let asked = match &failure {
                Failure::Passing(_) => None,
                Failure::Status(status, _, asked) if is_temporary_status(*status) => *asked,
                Failure::Status(..) | Failure::Lasting(_) | Failure::Other(_) => {
                    return Err(failure.into_error(endpoint, schedule.made() + 1));
                }
            };
            match schedule.after_failure(asked)? {
                Some(delay) => thread::sleep(delay),
                None => return Err(failure.into_error(endpoint, schedule.made())),
            }
        }
    }

    fn attempt(&self, endpoint: &Endpoint, body: &[u8]) -> Result<Reply, Failure> {
        let credentials = &endpoint.credentials;
        let authorization = credentials.authorization();
        let mut response =
            self.send(endpoint, body, authorization.as_deref().map(String::as_str))?;
        if response.status() == 401 {
            let url = endpoint.target();
            let uri = &url[url::Position::BeforePath..url::Position::AfterQuery];
            let target = Target {
                method: "POST",
                uri,
            };
            let challenges = texts(response.headers(), "WWW-Authenticate");
            if let Some(answer) = credentials.answer(&challenges, &target)? {
                response = self.send(endpoint, body, Some(&answer))?;
            }
        }
        read(endpoint, response)
    }

    fn send(
        &self,
        endpoint: &Endpoint,
        body: &[u8],
        authorization: Option<&str>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = self.0.post(endpoint.target().as_str());
        request = request.header("Content-Type", "application/xml");
        if endpoint.version() != SpekeVersion::V1_0 {
            request = request.header("X-Speke-Version", endpoint.version().number());
        }
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        for (name, value) in &endpoint.credentials.headers {
            request = request.header(name, value.as_str());
        }
        request.send(body).map_err(Failure::from)
    }
}

fn read(endpoint: &Endpoint, response: Response<Body>) -> Result<Reply, Failure> {
    let (head, body) = response.into_parts();
    let asked = texts(&head.headers, "Retry-After");
    let asked = asked
        .first()
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    if head.status != 200 {
        let text = read_body(body).unwrap_or_default();
        let text = endpoint.credentials.mask(&printable(&text));
        return Err(Failure::Status(head.status.as_u16(), text, asked));
    }
    Ok(Reply {
        speke_version: texts(&head.headers, "X-Speke-Version").into_iter().next(),
        body: read_body(body)?,
    })
}

/// The body, in memory that never moves while it grows, so that no copy of a key stays behind.
fn read_body(body: Body) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let limit = Document::MAX_LEN;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 1));
    let reader = body.into_reader();
    let read = reader.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::from(ureq::Error::from(error)))?;
    match bytes.len() > limit {
        true => Err(Failure::Other(Error::TooLarge)),
        false => Ok(bytes),
    }
}

fn texts(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .map(|text| text.trim().to_owned())
        .collect()
}

/// The start of a text, on one line.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(MAX_TEXT).collect::<String>().trim().to_owned()
}

impl Failure {
    fn into_error(self, endpoint: &Endpoint, attempts: u32) -> Error {
        let server = endpoint.to_string();
        match self {
            Self::Passing(cause) => Error::Unreachable {
                server,
                attempts,
                cause,
            },
            Self::Lasting(cause) => Error::Connection { server, cause },
            Self::Status(status, text, _) => Error::Refused {
                server,
                status,
                attempts,
                text,
            },
            Self::Other(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<ureq::Error> for Failure {
    /// Of ureq's errors some hold the address or a header, so their text is not used.
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(stage) => Self::Passing(format!("timeout ({stage})")),
            ureq::Error::HostNotFound => Self::Passing("the host has no address".into()),
            ureq::Error::ConnectionFailed => Self::Passing("no connection".into()),
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Lasting(error.to_string())
            }
            ureq::Error::Io(error) => Self::Passing(error.to_string()),
            ureq::Error::Rustls(error) => Self::Lasting(format!("tls: {error}")),
            ureq::Error::Tls(cause) => Self::Lasting(format!("tls: {cause}")),
            ureq::Error::Protocol(_) => Self::Lasting("its answer is not http".into()),
            _ => Self::Lasting("the request cannot be sent".into()),
        }
    }
}
