// SPDX-License-Identifier: MPL-2.0
//! Credentials for a server: from a file, or from the user part of its address.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use zeroize::Zeroizing;

use super::Error;
use super::digest::{self, RequestTarget};
use host_access::Random;

/// The credentials of one server. They have no Debug, so that no log shows them.
#[derive(Default)]
pub(super) struct Credentials {
    login: Option<Login>,
    pub(super) headers: Vec<(String, Zeroizing<String>)>,
    pub(super) query: Vec<(String, Zeroizing<String>)>,
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
}

/// The headers that frame a request or choose its server: a value of somebody else's would smuggle a second request.
const FRAMING: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The credentials for the Authorization header.
enum Login {
    Basic(Zeroizing<String>),
    Digest(Zeroizing<String>),
    Bearer(Zeroizing<String>),
}

impl Credentials {
    /// Reads basic credentials from the user part of an address, if it has one.
    pub(super) fn from_url(url: &Url) -> Result<Self, Error> {
        let mut credentials = Self::default();
        if url.username().is_empty() && url.password().is_none() {
            return Ok(credentials);
        }
        let decode =
            |text| percent_decode(text).ok_or(Error::Address("its user part is not utf-8"));
        credentials.login = Some(Login::Basic(Zeroizing::new(format!(
            "{}:{}",
            *decode(url.username())?,
            *decode(url.password().unwrap_or_default())?,
        ))));
        Ok(credentials)
    }

    /// Adds the credentials in the lines of a file.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Error> {
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if !line.is_empty() && !line.starts_with('#') {
                self.read_line(line).map_err(|reason| Error::Credentials {
                    line: number,
                    reason,
                })?;
            }
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            return Err(Error::Credentials {
                line: 0,
                reason: "client-certificate and client-key belong together",
            });
        }
        Ok(())
    }

    fn read_line(&mut self, line: &str) -> Result<(), &'static str> {
        let (word, value) = line
            .split_once(char::is_whitespace)
            .ok_or("it has one word")?;
        let value = value.trim();
        let secret = |text: &str| Zeroizing::new(text.trim().to_owned());
        match word {
            "basic" => self.set_login(Login::Basic(user_and_password(value)?)),
            "digest" => self.set_login(Login::Digest(user_and_password(value)?)),
            "bearer" => self.set_login(Login::Bearer(secret(value))),
            "header" => {
                let (name, value) = value
                    .split_once(':')
                    .ok_or("no ':' after the header's name")?;
                if name.is_empty() || !name.bytes().all(is_token) || !value.bytes().all(is_text) {
                    return Err("a header has characters that http does not allow");
                }
                if FRAMING
                    .iter()
                    .any(|framing| name.eq_ignore_ascii_case(framing))
                {
                    return Err(
                        "a header of the connection or the body is not a credential: leave it out",
                    );
                }
                self.headers.push((name.to_owned(), secret(value)));
                Ok(())
            }
            "query" => {
                let (name, value) = value
                    .split_once('=')
                    .ok_or("no '=' after the parameter's name")?;
                self.query.push((name.to_owned(), secret(value)));
                Ok(())
            }
            "client-certificate" => set_once(&mut self.client_certificate, value),
            "client-key" => set_once(&mut self.client_key, value),
            _ => Err("its first word is not known"),
        }
    }

    fn set_login(&mut self, login: Login) -> Result<(), &'static str> {
        match self.login.replace(login) {
            None => Ok(()),
            Some(_) => Err("there are credentials already"),
        }
    }

    /// Returns true if there are a name and password, or a token.
    pub(super) const fn has_login(&self) -> bool {
        self.login.is_some()
    }

    /// Returns the Authorization header that is sent without a challenge; None for digest credentials.
    pub(super) fn authorization(&self) -> Option<Zeroizing<String>> {
        match self.login.as_ref()? {
            Login::Basic(both) => {
                let mut header = Zeroizing::new(String::with_capacity(8 + both.len() * 2));
                header.push_str("Basic ");
                STANDARD.encode_string(both.as_bytes(), &mut header);
                Some(header)
            }
            Login::Bearer(token) => Some(Zeroizing::new(format!("Bearer {}", **token))),
            Login::Digest(_) => None,
        }
    }

    /// Returns the Authorization header for the server's challenges, or None if none of them is supported.
    pub(super) fn answer_challenges(
        &self,
        challenges: &[String],
        target: &RequestTarget<'_>,
        random: &dyn Random,
    ) -> Result<Option<String>, Error> {
        match &self.login {
            Some(Login::Digest(both)) => digest::answer(challenges, both, target, random),
            Some(Login::Basic(_) | Login::Bearer(_)) | None => Ok(None),
        }
    }

    /// Returns the text with stars in place of every secret.
    pub(super) fn mask(&self, text: &str) -> String {
        self.login
            .iter()
            .flat_map(Login::secrets)
            .chain(
                self.headers
                    .iter()
                    .chain(&self.query)
                    .map(|(_, value)| value.as_str()),
            )
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

impl Login {
    fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Bearer(token) => vec![token.as_str()],
            Self::Basic(both) | Self::Digest(both) => {
                let password = both.split_once(':').map_or("", |(_, password)| password);
                vec![both.as_str(), password]
            }
        }
    }
}

fn user_and_password(text: &str) -> Result<Zeroizing<String>, &'static str> {
    match text.split_once(':') {
        Some((user, _)) if !user.is_empty() => Ok(Zeroizing::new(text.to_owned())),
        _ => Err("no USER:PASSWORD"),
    }
}

fn set_once(slot: &mut Option<PathBuf>, path: &str) -> Result<(), &'static str> {
    match slot.replace(PathBuf::from(path)) {
        None => Ok(()),
        Some(_) => Err("a line above has it already"),
    }
}

/// True for a character of a token, RFC 9110, 5.6.2.
const fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// True for a character of a header's value, RFC 9110, 5.5, in ASCII.
const fn is_text(c: u8) -> bool {
    matches!(c, b'\t' | b' '..=b'~')
}

fn percent_decode(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        (*bytes).push(match after {
            [high, low, after @ ..] if *first == b'%' => {
                rest = after;
                u8::from_str_radix(std::str::from_utf8(&[*high, *low]).ok()?, 16).ok()?
            }
            _ => {
                rest = after;
                *first
            }
        });
    }
    String::from_utf8(std::mem::take(&mut *bytes))
        .ok()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(text: &str) -> Result<Credentials, Error> {
        let mut credentials = Credentials::default();
        credentials.read(text).map(|()| credentials)
    }

    // RFC 7617, 2.
    #[test]
    fn basic_is_that_of_the_rfc() {
        let expected = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        let file = of_file("# login\n\nbasic Aladdin:open sesame\n").unwrap();
        assert_eq!(*file.authorization().unwrap(), expected);
        let url = "https://Aladdin:open%20sesame@h/".parse().unwrap();
        let from_url = Credentials::from_url(&url).unwrap();
        assert_eq!(*from_url.authorization().unwrap(), expected);
    }

    #[test]
    fn headers_queries_and_tokens_are_read() {
        let credentials = of_file("bearer abc\nheader X-Api-Key: k:1\nquery token=t=2\n").unwrap();
        assert_eq!(*credentials.authorization().unwrap(), "Bearer abc");
        assert_eq!(
            credentials.headers,
            [("X-Api-Key".into(), Zeroizing::new("k:1".into()))]
        );
        assert_eq!(
            credentials.query,
            [("token".into(), Zeroizing::new("t=2".into()))]
        );
        assert_eq!(
            credentials.mask("abc is not k:1 or t=2"),
            "*** is not *** or ***"
        );
        let basic = of_file("basic u:pw").unwrap();
        assert_eq!(basic.mask("no pw for u:pw"), "no *** for ***");
    }

    #[test]
    fn malformed_lines_are_refused_without_their_text() {
        for text in [
            "secret",
            "secret x",
            "basic secret",
            "basic :secret",
            "bearer a\nbasic b:secret",
            "header secret",
            "header a secret: x",
            "header a: secret\u{e9}",
            "header Host: secret",
            "header content-length: secret",
            "header Transfer-Encoding: secret",
            "header connection: secret",
            "query secret",
            "client-key /secret",
            "client-key /secret\nclient-key /secret",
        ] {
            let error = of_file(text).err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
