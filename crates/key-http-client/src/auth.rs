// SPDX-License-Identifier: MPL-2.0
//! Credentials for a server: from a file, or from the user part of its address.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use zeroize::Zeroizing;

use super::Error;
use super::digest::{self, Target};
use host_access::Random;

/// What shows the server who asks. Not printable.
#[derive(Default)]
pub(super) struct Credentials {
    login: Option<Login>,
    pub(super) headers: Vec<(String, Zeroizing<String>)>,
    pub(super) query: Vec<(String, Zeroizing<String>)>,
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
}

/// What goes into the Authorization header.
enum Login {
    Basic(Zeroizing<String>),
    Digest(Zeroizing<String>),
    Bearer(Zeroizing<String>),
}

impl Credentials {
    /// Basic, if the address has a user part.
    pub(super) fn of_url(url: &Url) -> Result<Self, Error> {
        let mut credentials = Self::default();
        if url.username().is_empty() && url.password().is_none() {
            return Ok(credentials);
        }
        let decode =
            |text| percent_decode(text).ok_or(Error::Address("its user part is not utf-8"));
        let (user, password) = (
            decode(url.username())?,
            decode(url.password().unwrap_or_default())?,
        );
        let both = Zeroizing::new(format!("{}:{}", *user, *password));
        credentials.login = Some(Login::Basic(both));
        Ok(credentials)
    }

    /// Takes the lines of a file.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Error> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let taken = self.take(line);
                taken.map_err(|reason| Error::Credentials {
                    line: index + 1,
                    reason,
                })?;
            }
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            let reason = "client-certificate and client-key belong together";
            return Err(Error::Credentials { line: 0, reason });
        }
        Ok(())
    }

    fn take(&mut self, line: &str) -> Result<(), &'static str> {
        let (word, value) = line
            .split_once(char::is_whitespace)
            .ok_or("it has one word")?;
        let value = value.trim();
        let secret = |text: &str| Zeroizing::new(text.trim().to_owned());
        match word {
            "basic" => self.log_in(Login::Basic(user_and_password(value)?)),
            "digest" => self.log_in(Login::Digest(user_and_password(value)?)),
            "bearer" => self.log_in(Login::Bearer(secret(value))),
            "header" => {
                let (name, value) = value
                    .split_once(':')
                    .ok_or("no ':' behind the header's name")?;
                let is_name = !name.is_empty() && name.bytes().all(is_token);
                let is_value = value
                    .bytes()
                    .all(|c| c == b'\t' || (b' '..=b'~').contains(&c));
                if !is_name || !is_value {
                    return Err("a header has characters that http does not allow");
                }
                self.headers.push((name.to_owned(), secret(value)));
                Ok(())
            }
            "query" => {
                let (name, value) = value
                    .split_once('=')
                    .ok_or("no '=' behind the parameter's name")?;
                self.query.push((name.to_owned(), secret(value)));
                Ok(())
            }
            "client-certificate" => once(&mut self.client_certificate, value),
            "client-key" => once(&mut self.client_key, value),
            _ => Err("its first word is not known"),
        }
    }

    fn log_in(&mut self, login: Login) -> Result<(), &'static str> {
        match self.login.replace(login) {
            None => Ok(()),
            Some(_) => Err("there are credentials already"),
        }
    }

    /// Whether there are a name and password, or a token.
    pub(super) const fn has_login(&self) -> bool {
        self.login.is_some()
    }

    /// The Authorization header that can be sent unasked.
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

    /// The Authorization header that answers the server's challenges; None when none can be answered.
    pub(super) fn answer(
        &self,
        challenges: &[String],
        target: &Target<'_>,
        random: &dyn Random,
    ) -> Result<Option<String>, Error> {
        match &self.login {
            Some(Login::Digest(both)) => digest::answer(challenges, both, target, random),
            Some(Login::Basic(_) | Login::Bearer(_)) | None => Ok(None),
        }
    }

    /// The text with stars in place of every secret.
    pub(super) fn mask(&self, text: &str) -> String {
        let login = self.login.iter().flat_map(|login| match login {
            Login::Bearer(token) => vec![token.as_str()],
            Login::Basic(both) | Login::Digest(both) => {
                let password = both.split_once(':').map_or("", |(_, password)| password);
                vec![both.as_str(), password]
            }
        });
        let others = self
            .headers
            .iter()
            .chain(&self.query)
            .map(|(_, value)| value.as_str());
        let secrets = login.chain(others).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

fn user_and_password(text: &str) -> Result<Zeroizing<String>, &'static str> {
    let user = text.split_once(':').map(|(user, _)| user);
    match user {
        Some(user) if !user.is_empty() => Ok(Zeroizing::new(text.to_owned())),
        _ => Err("no USER:PASSWORD"),
    }
}

fn once(place: &mut Option<PathBuf>, path: &str) -> Result<(), &'static str> {
    match place.replace(PathBuf::from(path)) {
        None => Ok(()),
        Some(_) => Err("it stands above already"),
    }
}

/// RFC 9110, 5.6.2.
const fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn percent_decode(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.split_first_chunk::<2>().filter(|_| *first == b'%');
        if let Some((digits, behind)) = digits {
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
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
        let file = of_file("# who\n\nbasic Aladdin:open sesame\n").unwrap();
        assert_eq!(*file.authorization().unwrap(), expected);
        let url = "https://Aladdin:open%20sesame@h/".parse().unwrap();
        let of_url = Credentials::of_url(&url).unwrap();
        assert_eq!(*of_url.authorization().unwrap(), expected);
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
    fn lines_that_are_not_understood_are_refused_without_their_text() {
        for text in [
            "secret",
            "secret x",
            "basic secret",
            "basic :secret",
            "bearer a\nbasic b:secret",
            "header secret",
            "header a secret: x",
            "header a: secret\u{e9}",
            "query secret",
            "client-key /secret",
            "client-key /secret\nclient-key /secret",
        ] {
            let error = of_file(text).err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
