// SPDX-License-Identifier: MPL-2.0
//! The exchange: one POST, tried again where that may help.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::time::Duration;

use host_access::{Host, SecretFiles};
use ureq::config::Config;
use ureq::http::{HeaderMap, Response};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy};
use zeroize::Zeroizing;

use super::digest::Target;
use super::error::is_temporary_status;
use super::reach::{NotPublic, PublicOnly};
use super::retry::Schedule;
use super::{Error, Server, tls};

/// Characters of a server's error text that are repeated.
const MAX_TEXT: usize = 300;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Connections to one server.
pub struct Transport {
    agent: Agent,
    host: Host,
}

/// A document to post.
pub struct Request<'a> {
    /// Headers beside those of the credentials.
    pub headers: Vec<(&'static str, &'static str)>,
    /// XML.
    pub body: &'a [u8],
}

/// An answer of status 200.
pub struct Reply {
    headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
}

/// Why an attempt failed.
enum Failure {
    /// Another attempt may succeed.
    Passing(String),
    /// It will not.
    Lasting(String),
    /// A status that is no success, what the server says, and how long it asks to wait.
    Status(u16, String, Option<Duration>),
    /// Another error.
    Other(Error),
}

impl Transport {
    /// Loads certificates; connects to nothing.
    pub fn new(server: &Server, host: &Host) -> Result<Self, Error> {
        let proxy = if server.is_loopback() {
            None
        } else {
            Proxy::try_from_env()
        };
        let config = config(server, proxy, &*host.files)?;
        Ok(Self {
            agent: Agent::new_with_config(config),
            host: host.clone(),
        })
    }

    /// As [`Self::new`], for public addresses alone. No proxy: it would look names up by itself.
    pub fn to_public(server: &Server, host: &Host) -> Result<Self, Error> {
        let connector = DefaultConnector::default();
        let config = config(server, None, &*host.files)?;
        Ok(Self {
            agent: Agent::with_parts(config, connector, PublicOnly::default()),
            host: host.clone(),
        })
    }

    /// Asks the server what it can do, without credentials. Any answer will do.
    pub fn probe(&self, server: &Server) -> Result<(), Error> {
        let answered = self.agent.options(server.url.as_str()).call();
        answered
            .map(drop)
            .map_err(|error| Failure::from(error).into_error(server, 1))
    }

    /// Posts a document until it is answered, refused, or the attempts are used up.
    pub fn post(
        &self,
        server: &Server,
        request: &Request<'_>,
        mut schedule: Schedule,
    ) -> Result<Reply, Error> {
        loop {
            let answered = self.attempt(server, request, 200..=200);
            let failure = match answered.and_then(Reply::read) {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let asked = match &failure {
                Failure::Passing(_) => None,
                Failure::Status(status, _, asked) if is_temporary_status(*status) => *asked,
                Failure::Status(..) | Failure::Lasting(_) | Failure::Other(_) => {
                    return Err(failure.into_error(server, schedule.made() + 1));
                }
            };
            match schedule.after_failure(asked, &*self.host.random)? {
                Some(delay) => self.host.clock.sleep(delay),
                None => return Err(failure.into_error(server, schedule.made())),
            }
        }
    }

    /// Posts a document once. Any status of success will do, and what the server says with it is not read.
    pub fn deliver(&self, server: &Server, request: &Request<'_>) -> Result<(), Error> {
        let answered = self.attempt(server, request, 200..=299);
        answered
            .map(drop)
            .map_err(|failure| failure.into_error(server, 1))
    }

    fn attempt(
        &self,
        server: &Server,
        request: &Request<'_>,
        success: RangeInclusive<u16>,
    ) -> Result<Response<Body>, Failure> {
        let credentials = &server.credentials;
        let authorization = credentials.authorization();
        let authorization = authorization.as_deref().map(String::as_str);
        let mut response = self.send(server, request, authorization)?;
        if response.status() == 401 {
            let url = server.target();
            let uri = &url[url::Position::BeforePath..url::Position::AfterQuery];
            let target = Target {
                method: "POST",
                uri,
            };
            let challenges = texts(response.headers(), "WWW-Authenticate");
            if let Some(answer) = credentials.answer(&challenges, &target, &*self.host.random)? {
                response = self.send(server, request, Some(&answer))?;
            }
        }
        match success.contains(&response.status().as_u16()) {
            true => Ok(response),
            false => Err(Failure::of_status(server, response)),
        }
    }

    fn send(
        &self,
        server: &Server,
        request: &Request<'_>,
        authorization: Option<&str>,
    ) -> Result<Response<Body>, Failure> {
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
        builder.send(request.body).map_err(Failure::from)
    }
}

fn config(server: &Server, proxy: Option<Proxy>, files: &dyn SecretFiles) -> Result<Config, Error> {
    let config = Agent::config_builder()
        .tls_config(tls::config(server, files)?)
        .timeout_global(Some(server.timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .user_agent(concat!("gst-plugin-playready/", env!("CARGO_PKG_VERSION")));
    Ok(config.build())
}

impl Reply {
    fn read(response: Response<Body>) -> Result<Self, Failure> {
        let (head, body) = response.into_parts();
        Ok(Self {
            headers: head.headers,
            body: read_body(body)?,
        })
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<String> {
        texts(&self.headers, name).into_iter().next()
    }
}

/// The body, in memory that never moves while it grows, so that no copy of a key stays behind.
fn read_body(body: Body) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_ANSWER + 1));
    let reader = body.into_reader();
    let read = reader.take(MAX_ANSWER as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::from(ureq::Error::from(error)))?;
    match bytes.len() > MAX_ANSWER {
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

/// The start of a text, on one line. It ends with a whole word, since a part of one could not be told for a secret any more.
fn start_of(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    let line = line.trim();
    let Some((end, _)) = line.char_indices().nth(MAX_TEXT) else {
        return line.to_owned();
    };
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let cut = line.get(..end).unwrap_or_default();
    let whole = cut.rsplit_once(|c| !is_inner(c));
    whole.map_or_else(String::new, |(whole, _)| whole.to_owned())
}

impl Failure {
    fn of_status(server: &Server, response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let asked = texts(&head.headers, "Retry-After");
        let asked = asked
            .first()
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs);
        let text = read_body(body).unwrap_or_default();
        let text = start_of(&server.credentials.mask(&String::from_utf8_lossy(&text)));
        Self::Status(head.status.as_u16(), text, asked)
    }

    fn into_error(self, server: &Server, attempts: u32) -> Error {
        let server = server.to_string();
        match self {
            Self::Passing(cause) => Error::Unreachable {
                server,
                attempts,
                cause,
            },
            Self::Lasting(cause) => Error::Connection { server, cause },
            Self::Status(status, text, retry_after) => Error::Refused {
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
            ureq::Error::Other(error) => match error.downcast_ref() {
                Some(NotPublic(address)) => Self::Other(Error::NotPublic(*address)),
                None => Self::Lasting("the request cannot be sent".into()),
            },
            ureq::Error::Protocol(_) => Self::Lasting("its answer is not http".into()),
            _ => Self::Lasting("the request cannot be sent".into()),
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
